"""What has to be forgotten in time: unfinished uploads, and counters of failed identity checks."""

import asyncio

from services.intake.adapters.evidence_files import EvidenceStore
from services.kit.errors import is_transient
from services.kit.logging import get_logger
from services.kit.postgres import Pool

log = get_logger(__name__)

EVERY_SECONDS = 3_600.0
UNFINISHED_AFTER_SECONDS = 3_600.0
_FORGET_CHECKS = "DELETE FROM identity_checks WHERE checked_at < now() - interval '2 days' AND coalesce(locked_until, now()) <= now()"


class Housekeeping:
    """Tidies up now and then. It runs beside the API, whose leftovers these are."""

    name = "api"

    def __init__(self, pool: Pool, files: EvidenceStore) -> None:
        self._pool = pool
        self._files = files

    async def run(self, stop: asyncio.Event) -> None:
        """Tidy up until ``stop``."""
        while not stop.is_set():
            await self._tidy()
            try:
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
            except TimeoutError:
                continue

    async def _tidy(self) -> None:
        try:
            await self._pool.execute(_FORGET_CHECKS)
            swept = await asyncio.to_thread(self._files.sweep, UNFINISHED_AFTER_SECONDS)
        except Exception as error:
            if not is_transient(error):
                raise
            return
        if swept:
            log.info("evidence.unfinished_deleted", count=swept)
