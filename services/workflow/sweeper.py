"""No case without a process: every open case whose process is not there is started again, with all facts it should have heard of."""

import asyncio
from typing import Final
from uuid import UUID

from contracts.identifiers import CaseId
from services.kit.errors import TransientError
from services.kit.logging import get_logger
from services.kit.postgres import Pool
from services.kit.redaction import describe_error
from services.workflow.starter import CaseStarter

log = get_logger(__name__)

BATCH: Final = 1000
"""How many cases Temporal is asked about at once: each question may cost it a look at all that run."""
AT_ONCE: Final = 8
REST_SECONDS: Final = 30.0
_BEFORE_ALL: Final = UUID(int=0)

# A case whose start still waits to be delivered is left to that delivery.
_OPEN = """
SELECT case_id, run_number FROM cases
WHERE workflow_open AND case_id > $1
  AND NOT EXISTS (SELECT FROM delivery WHERE key = 'case/' || case_id AND kind = 'start_case' AND delivered_at IS NULL)
ORDER BY case_id LIMIT $2
"""


class Sweeper:
    """Looks after all open cases, batch by batch, and begins anew. A part named ``consumers``; several processes may run it."""

    name = "consumers"

    def __init__(self, pool: Pool, starter: CaseStarter, *, rest_seconds: float = REST_SECONDS) -> None:
        self._pool = pool
        self._starter = starter
        self._rest_seconds = rest_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until ``stop``."""
        while not stop.is_set():
            try:
                restarted = await self.sweep()
                if restarted:
                    log.warning("cases.started_again", cases=restarted)
            except Exception as error:  # noqa: BLE001 - an engine is away: the next sweep tries again
                log.warning("cases.sweep_interrupted", error=describe_error(error))
            try:
                await asyncio.wait_for(stop.wait(), self._rest_seconds)
            except TimeoutError:
                continue

    async def sweep(self) -> int:
        """Look after each open case once. Returns how many had to be started again.

        The list of running processes lags a little behind, so a case that is missing in it is asked about by its own id.
        """
        last, restarted = CaseId(_BEFORE_ALL), 0
        gate = asyncio.Semaphore(AT_ONCE)
        while rows := await self._pool.fetch(_OPEN, last, BATCH):
            missing = await self._starter.missing([row["case_id"] for row in rows])
            look_after = (self._look_after(gate, row["case_id"], row["run_number"]) for row in rows if row["case_id"] in missing)
            restarted += sum(await asyncio.gather(*look_after))
            last = rows[-1]["case_id"]
        return restarted

    async def _look_after(self, gate: asyncio.Semaphore, case_id: CaseId, run_number: int) -> bool:
        async with gate:
            if await self._starter.running(case_id) is not None:
                return False
            try:
                await self._starter.start(case_id, run_number)
            except TransientError:  # an earlier run is still ending; the next sweep looks again
                return False
            return True
