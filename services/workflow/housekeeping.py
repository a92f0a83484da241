"""What only serves a running case is forgotten some time after its end: the results of its operations, which answer repeats."""

import asyncio
from datetime import timedelta
from typing import Final

from services.kit.clock import utc_now
from services.kit.errors import is_transient
from services.kit.logging import get_logger
from services.kit.postgres import Connection, Pool
from services.kit.redaction import describe_error

log = get_logger(__name__)

EVERY_SECONDS: Final = 3_600.0
_ROWS_AT_ONCE: Final = 5_000
"""Small transactions: a long one would hold back the cleaning of every table."""

_FORGET = """
DELETE FROM operations WHERE operation_id IN (
    SELECT operation_id FROM operations JOIN cases USING (case_id) WHERE done_at < $1 AND closed_at < $1 AND NOT workflow_open LIMIT $2
)
"""


class Housekeeping:
    """Forgets now and then. A part named ``consumers``; several processes may run it."""

    name = "consumers"

    def __init__(self, pool: Pool, keep: timedelta) -> None:
        """``keep`` is how long after its end a case may still be started over in Temporal, which asks for the results again."""
        self._pool = pool
        self._keep = keep

    async def run(self, stop: asyncio.Event) -> None:
        """Forget until ``stop``."""
        while not stop.is_set():
            try:
                async with self._pool.acquire() as conn:
                    forgotten = await forget_operations(conn, self._keep)
                log.info("operations.forgotten", operations=forgotten)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("operations.not_forgotten", error=describe_error(error))
            try:
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
            except TimeoutError:
                continue


async def forget_operations(conn: Connection, keep: timedelta) -> int:
    """Delete the results of operations of cases that ended longer ago than ``keep``. Returns how many."""
    before, forgotten = utc_now() - keep, 0
    while rows := int((await conn.execute(_FORGET, before, _ROWS_AT_ONCE)).split()[-1]):
        forgotten += rows
    return forgotten
