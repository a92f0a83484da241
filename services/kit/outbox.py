"""The outbox: events are rows of the transaction that makes them true.

The per-key sequence is assigned under the key's row lock, so that commit order is sequence order and a rollback leaves no gap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, cast

from uuid_utils.compat import uuid7

from contracts.events import EventBody
from contracts.identifiers import EventId
from contracts.topics import TOPICS
from services.kit.clock import utc_now
from services.kit.postgres import Connection
from services.kit.tracing import current_trace_parent
from services.kit.wake import OUTBOX
from services.kit.writing import write


class _Payload(Enum):
    BODY_JSON = "body"


BODY_JSON: Final = _Payload.BODY_JSON
"""The payload is the JSON of the event's body."""

MAX_VALUE_BYTES = 900_000
"""Kafka's default limit of a batch is 1 MiB; a larger value would stop the relay for good, so it is refused where it is written."""

_SOURCES = {spec.topic: f"aftersales/{spec.owner}" for spec in TOPICS}


def _new_event_id() -> EventId:
    return EventId(uuid7())


class OutboxRow(NamedTuple):
    """The parameters of the function ``outbox_append``, for one event."""

    event_id: EventId
    event_type: str
    source: str
    topic: str
    key: str
    merchant_id: str
    test: bool
    occurred_at: datetime
    trace_parent: str | None
    value: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEvent:
    """An event to be published.

    ``event_id``: a derived id where the operation can be repeated, so that the repeat is recognised. ``payload``: other bytes than the body's JSON, or
    None for a tombstone on a compacted topic.
    """

    body: EventBody
    event_id: EventId = field(default_factory=_new_event_id)
    occurred_at: datetime = field(default_factory=utc_now)
    test: bool = False
    trace_parent: str | None = field(default_factory=current_trace_parent)
    payload: bytes | Literal[_Payload.BODY_JSON] | None = BODY_JSON

    def value(self) -> bytes | None:
        """The value of the Kafka record."""
        return self.body.model_dump_json().encode() if self.payload is BODY_JSON else self.payload

    def row(self) -> OutboxRow:
        """What is written of it. Raises ``ValueError`` for a value above :data:`MAX_VALUE_BYTES`."""
        body, value = self.body, self.value()
        if value is not None and len(value) > MAX_VALUE_BYTES:
            raise ValueError(
                f"{body.event_type} has {len(value)} bytes, above the limit of {MAX_VALUE_BYTES}: send a reference instead of the content"
            )
        return OutboxRow(
            self.event_id,
            body.event_type,
            _SOURCES[body.topic],
            body.topic.value,
            body.partition_key,
            body.merchant_id,
            self.test,
            self.occurred_at,
            self.trace_parent,
            value,
        )


async def append(connection: Connection, events: OutgoingEvent | Sequence[OutgoingEvent]) -> int:
    """Write events to the outbox, in the caller's transaction, at its end. Returns how many were new.

    It takes the row lock of each (topic, key) until commit. An event id that is already there is skipped and leaves no gap.
    Raises ``ValueError`` for an event above :data:`MAX_VALUE_BYTES`.
    """
    batch = [events] if isinstance(events, OutgoingEvent) else events
    if not batch:
        return 0
    OUTBOX.ring_after_commit()
    return cast("int", await connection.fetchval(_APPEND, *_columns(batch)))


async def append_last(connection: Connection, events: Sequence[OutgoingEvent]) -> None:
    """Write events as :func:`append` does, with the other writes of the block of :func:`services.kit.writing.sent_together`."""
    if events:
        OUTBOX.ring_after_commit()
        await write(connection, _APPEND, *_columns(events))


async def append_if(connection: Connection, change: str, values: Sequence[Any], events: Sequence[OutgoingEvent]) -> bool:
    """Change one row and write the events that tell of it, at least one, in one statement; False, and nothing written, where no row was to be changed.

    ``change`` returns the row that it changed. It may be the whole transaction. Locks and errors are those of :func:`append`.
    """
    OUTBOX.ring_after_commit()
    statement = f"WITH changed AS ({change}) SELECT outbox_append({_places(len(values))}) FROM changed"  # noqa: S608 - no value is part of it
    return await connection.fetchval(statement, *values, *_columns(events)) is not None


def _columns(events: Sequence[OutgoingEvent]) -> Iterable[tuple[Any, ...]]:
    return zip(*(event.row() for event in events), strict=True)


def _places(values: int) -> str:
    """The parameters of ``outbox_append``, after so many of another statement."""
    return ", ".join(f"${values + number}" for number in range(1, 11))


_APPEND = f"SELECT outbox_append({_places(0)})"
