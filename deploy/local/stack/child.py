"""A server that is kept alive: started, watched, and started again, ever more patiently, when it ends by itself."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from deploy.local.errors import LocalError, StartFailed, log_tail
from deploy.local.server import Server

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 15.0
STEADY_SECONDS = 60.0
"""After this long without a crash the count of failures starts anew."""
HOPELESS_STARTS = 5
"""A child that failed this often without ever answering ends the start of the stack."""
CRASH_LOOP = 6
CANCEL_SECONDS = 1.0


class Kind(StrEnum):
    """What a child is; also the order of starting. Stopping is the other way round."""

    ENGINE = "engine"
    SANDBOX = "sandbox"
    SERVICE = "service"


class Phase(StrEnum):
    """Where a child stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting to start again"
    HELD = "held"


class Child:
    """Keeps one :class:`Server` running until told otherwise.

    ``tell`` receives what happened, in words; ``changed`` is called when pid or phase change.
    """

    def __init__(self, server: Server, kind: Kind, tell: Callable[[str], None], changed: Callable[[], None]) -> None:
        self.server = server
        self.kind = kind
        self.phase = Phase.STOPPED
        self.starts = 0
        self.since = datetime.now(UTC)
        self._tell = tell
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._answered: asyncio.Future[None] | None = None

    @property
    def name(self) -> str:
        """Name of the server."""
        return self.server.name

    @property
    def pid(self) -> int | None:
        """Process id while it runs; another one after each restart."""
        return self.server.pid

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.server.log

    def start(self) -> None:
        """Start keeping it alive; see :meth:`wait_answered`."""
        if self._task is None or self._task.done():
            self._answered = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._keep_alive(), name=f"keep {self.name}")

    async def wait_answered(self) -> None:
        """Wait until it answered for the first time since :meth:`start`.

        Raises:
            LocalError: it failed too often before it ever answered.
        """
        if self._answered is None:
            raise RuntimeError(f"{self.name} was not started")
        await asyncio.shield(self._answered)

    async def stop(self, phase: Phase = Phase.STOPPED) -> None:
        """Stop it and leave it stopped."""
        while self._task is not None and not self._task.done():
            # Libraries swallow a cancellation now and then (asyncio.wait_for of Python 3.11 among them): ask until it is heard.
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CANCEL_SECONDS)
        if self._answered is not None and self._answered.done() and not self._answered.cancelled():
            self._answered.exception()  # nobody may have waited for it
        await self.server.stop()
        self._enter(phase)

    async def _keep_alive(self) -> None:
        failures = 0
        while True:
            started = time.monotonic()
            problem = await self._run_once()
            failures = 1 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            if self._answered and not self._answered.done() and failures >= HOPELESS_STARTS:
                self._enter(Phase.STOPPED)
                self._answered.set_exception(problem)
                return
            delay = min(FIRST_DELAY_SECONDS * 2 ** (failures - 1), LONGEST_DELAY_SECONDS)
            self._enter(Phase.WAITING)
            self._report(problem, failures, delay)
            await asyncio.sleep(delay)

    async def _run_once(self) -> LocalError:
        """Run it to its end and return what happened; it never ends well by itself."""
        try:
            self._enter(Phase.STARTING)
            await self.server.start()
            self.starts += 1
            self._changed()
            await self.server.wait_ready()
            self._enter(Phase.RUNNING)
            if self._answered and not self._answered.done():
                self._answered.set_result(None)
            status = await self.server.wait()
        except LocalError as problem:
            await self.server.stop()
            return problem
        except OSError as problem:
            return LocalError(f"{self.name} cannot be started: {problem}")
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return LocalError(f"{self.name} {how}")

    def _report(self, problem: LocalError, failures: int, delay: float) -> None:
        if failures < CRASH_LOOP:
            headline = problem.headline if isinstance(problem, StartFailed) else str(problem)
            self._tell(f"{headline}; starting it again in {delay:.1f} s (log: {self.log})")
        elif failures == CRASH_LOOP:
            tail = "\n".join(f"    {line}" for line in log_tail(self.log))
            self._tell(
                f"{self.name} keeps failing ({failures} times in a row); trying on, at last every {LONGEST_DELAY_SECONDS:.0f} s. The end of {self.log}:\n"
                f"{tail}\nMend the cause and it comes back by itself; `aftersales doctor` checks this machine."
            )

    def _enter(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self.since = datetime.now(UTC)
        self._changed()
