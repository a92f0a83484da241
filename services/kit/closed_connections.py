"""What aiokafka must know of uvloop: how it says that a connection was closed a moment ago.

asyncio's own loop says nothing when something is written to such a connection, uvloop raises ``RuntimeError``, and aiokafka expects ``OSError``. Unexpected,
the error ends whatever task was writing: a consumer whose fetching or heartbeat ended that way gives nothing any more, and nobody hears of it
(aiokafka's issue 1038).
"""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send = AIOKafkaConnection.send


def expect_closed_connections() -> None:
    """Have every connection of aiokafka in this process take the loop's word for what it means."""
    AIOKafkaConnection.send = _send_unless_closed


def _send_unless_closed(self: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
    try:
        return _send(self, request, expect_response)
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error
