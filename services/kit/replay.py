"""Replaying quarantined records, in order per key, by the running service: the command only asks, because only the service has the handlers."""

import asyncio
from typing import Final

from services.kit import quarantine
from services.kit.errors import is_transient
from services.kit.handlers import Handlers
from services.kit.logging import get_logger
from services.kit.postgres import Connection, Pool, transaction
from services.kit.processor import try_carefully
from services.kit.quarantine import Quarantined
from services.kit.records import Problem, Reader, Work
from services.kit.redaction import describe_error, mask_text
from services.kit.tracing import trace
from services.kit.wake import wait_any

log = get_logger(__name__)

POLL_SECONDS: Final = 1.0
ROWS_AT_ONCE: Final = 500

_NEXT = """
SELECT id, topic, hold_key FROM quarantine WHERE resolved_at IS NULL AND replay_requested_at IS NOT NULL ORDER BY id LIMIT 1
"""
_CHAIN = """
SELECT * FROM quarantine
WHERE resolved_at IS NULL AND (id = $1 OR (topic = $2 AND hold_key = $3))
ORDER BY id LIMIT $4 FOR UPDATE
"""
_REPLAYED = "UPDATE quarantine SET resolved_at = now(), resolution = 'replayed', attempts = attempts + 1 WHERE id = $1"
_FAILED = "UPDATE quarantine SET kind = $2, reason = $3, attempts = attempts + 1 WHERE id = $1"
_NO_LONGER_REQUESTED = (
    "UPDATE quarantine SET replay_requested_at = NULL WHERE resolved_at IS NULL AND (id = $1 OR (topic = $2 AND hold_key = $3))"
)


class Replayer:
    """Runs requested replays. Several processes may do it: the rows of a key are locked while it is replayed."""

    def __init__(self, pool: Pool, handlers: Handlers) -> None:
        self._pool = pool
        self._reader = Reader(handlers)

    async def run(self, stop: asyncio.Event) -> None:
        """Look for requests until ``stop``."""
        while not stop.is_set():
            try:
                while not stop.is_set() and await self.replay_one_key():
                    pass
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("quarantine.replay_interrupted", error=describe_error(error))
            await wait_any(stop, timeout_seconds=POLL_SECONDS)

    async def replay_one_key(self) -> bool:
        """Replay the key of the oldest request, up to its first failure. Returns whether there was a request."""
        async with transaction(self._pool) as connection:
            request = await connection.fetchrow(_NEXT)
            if request is None:
                return False
            place = (request["id"], request["topic"], request["hold_key"])
            chain = [quarantine.from_row(row) for row in await connection.fetch(_CHAIN, *place, ROWS_AT_ONCE)]
            for row in chain:
                problem = await self._try(connection, row)
                if problem is not None:
                    await connection.execute(_FAILED, row.id, problem.kind.value, mask_text(problem.reason))
                    await connection.execute(_NO_LONGER_REQUESTED, *place)
                    log.warning("quarantine.replay_failed", id=row.id, kind=problem.kind.value, reason=problem.reason)
                    break
                await connection.execute(_REPLAYED, row.id)
                log.info("quarantine.replayed", id=row.id)
        return True

    async def _try(self, connection: Connection, row: Quarantined) -> Problem | None:
        incoming = self._reader.read(row.record)
        work = self._reader.open(incoming)
        if not isinstance(work, Work):
            return work
        with trace(incoming.envelope.trace_parent if incoming.envelope else None):
            return await try_carefully(connection, work)
