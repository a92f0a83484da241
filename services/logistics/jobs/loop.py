"""The loop that runs due jobs: claimed with a lease, repeated with growing pauses, taken over from a process that was killed."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.kit.clock import utc_now
from services.kit.errors import is_transient
from services.kit.logging import bound, get_logger
from services.kit.postgres import Pool
from services.kit.redaction import describe_error, describe_traceback
from services.kit.tracing import trace
from services.logistics.adapters import job_rows
from services.logistics.adapters.job_rows import Job, JobKind
from services.logistics.domain.backoff import retry_delay
from services.logistics.ports.carrier import CarrierUnavailableError

log = get_logger(__name__)

LATE_AFTER: Final = timedelta(minutes=5)
PAUSE_WITHOUT_DATABASE_SECONDS: Final = 1.0

JobRunner = Callable[[UUID], Awaitable[datetime | None]]


class JobLoop:
    """Runs jobs, at most ``concurrency`` at a time. A part named ``worker``.

    ``lease`` must be longer than any job takes; a job that ran longer may be run twice at once, which its guarded transitions bear.
    """

    name = "worker"

    def __init__(
        self, pool: Pool, runners: Mapping[JobKind, JobRunner], *, concurrency: int, poll_seconds: float, lease: timedelta
    ) -> None:
        self._pool = pool
        self._runners = runners
        self._concurrency = concurrency
        self._poll_seconds = poll_seconds
        self._lease = lease
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Run due jobs until ``stop``, then finish those in hand."""
        while not stop.is_set():
            pause = self._poll_seconds
            try:
                claimed = await self._start_due()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("jobs.waiting", error=describe_error(error))
                claimed, pause = False, PAUSE_WITHOUT_DATABASE_SECONDS
            if claimed and len(self._running) < self._concurrency:
                continue
            await self._rest(stop, pause)
        if self._running:
            await asyncio.wait(self._running)

    async def check(self) -> None:
        """A readiness check: raises where a job has been due for minutes and nobody takes it."""
        oldest = await job_rows.oldest_due(self._pool)
        if oldest is not None and utc_now() - oldest > LATE_AFTER:
            raise RuntimeError(f"a job has been due since {oldest.isoformat()}")

    async def _start_due(self) -> bool:
        free = self._concurrency - len(self._running)
        jobs = await job_rows.claim(self._pool, free, self._lease) if free else ()
        for job in jobs:
            task = asyncio.create_task(self._run(job), name=f"{job.kind}/{job.subject}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return bool(jobs)

    async def _rest(self, stop: asyncio.Event, pause: float) -> None:
        """Wait for a free place, for the next look, or for the end."""
        stopping = asyncio.create_task(stop.wait())
        busy = self._running if len(self._running) >= self._concurrency else set()
        await asyncio.wait({stopping, *busy}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def _run(self, job: Job) -> None:
        with trace(job.trace_parent), bound(job=job.kind.value, subject=str(job.subject)):
            try:
                again_at = await self._runners[job.kind](job.subject)
                await job_rows.finish(self._pool, job, again_at)
            except Exception as error:  # noqa: BLE001 - whatever failed, the job is durable and is tried again
                await self._fail(job, error)

    async def _fail(self, job: Job, error: Exception) -> None:
        delay = retry_delay(job.attempts, random.random())  # noqa: S311 - spreads retries, hides nothing
        if isinstance(error, CarrierUnavailableError) or is_transient(error):
            log.warning("job.postponed", attempts=job.attempts, error=describe_error(error), delay_seconds=round(delay.total_seconds(), 1))
        else:
            log.error("job.failed", attempts=job.attempts, error=describe_error(error), exception=describe_traceback(error))
        try:
            await job_rows.fail(self._pool, job, delay, describe_error(error))
        except Exception as problem:  # noqa: BLE001 - without the database the lease ends by itself
            log.warning("job.not_written_down", error=describe_error(problem))
