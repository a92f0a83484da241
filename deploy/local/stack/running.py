"""A stack to work with, for tests and the demo: the one that is up, or one of our own that ends with us."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from deploy.local.errors import LocalError, NotRunning
from deploy.local.paths import stack_home
from deploy.local.stack.credentials import Credentials, load_credentials
from deploy.local.stack.files import is_held, read_state
from deploy.local.stack.health import ask_all
from deploy.local.stack.supervisor import Stack, hold, release

READY_SECONDS = 180.0


class RunningStack:
    """A stack that runs in ``home``, in this process or another. Everything is read afresh from its state, so pids and phases are of now."""

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def state(self) -> Mapping[str, Any]:
        """The whole state: phase, addresses, urls, ports, settings by service, processes."""
        return read_state(self.home)

    @property
    def credentials(self) -> Credentials:
        """Its generated credentials: merchants' API keys, the staff signing key, the sandbox's keys."""
        found = load_credentials(self.home)
        if found is None:
            raise NotRunning(f"{self.home} has no credentials; start a stack there with `aftersales up`")
        return found

    def url(self, name: str) -> str:
        """Base URL of a service or sandbox server."""
        return str(self.state["urls"][name])

    def settings(self, service: str) -> dict[str, str]:
        """The settings (environment variables) that this service was started with."""
        return dict(self.state["settings"][service])

    def pid(self, name: str) -> int | None:
        """Process id of a child now, None while it does not run."""
        pid: int | None = self._process(name)["pid"]
        return pid

    def starts(self, name: str) -> int:
        """How often a child was started."""
        return int(self._process(name)["starts"])

    def kill(self, name: str) -> None:
        """Send SIGKILL to a child by name, as a crash would; the supervisor starts it again."""
        pid = self.pid(name)
        if pid is None:
            raise LocalError(f"{name} does not run now")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    async def hold(self, name: str) -> None:
        """Stop a child and keep it stopped until :meth:`release`."""
        hold(self.home, name)
        await self._wait(lambda: self._process(name)["phase"] == "held", f"{name} to stop")

    async def release(self, name: str) -> None:
        """Start a held child again and wait until it answers."""
        release(self.home, name)
        await self._wait(lambda: self._process(name)["phase"] == "running", f"{name} to start")

    async def wait_restarted(self, name: str, starts: int) -> None:
        """Wait until a child was started more often than ``starts`` and answers again."""
        await self._wait(lambda: self.starts(name) > starts and self._process(name)["phase"] == "running", f"{name} to come back")

    async def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until every child that is not held is ready.

        Raises:
            LocalError: one is not in time; says which, why, and where its log is.
        """
        deadline = time.monotonic() + seconds
        while True:
            state = self.state
            wanted = [process for process in state["processes"] if process["phase"] != "held"]
            health = await ask_all(wanted, state["urls"])
            unready = [process for process in wanted if not health[process["name"]].ready]
            if state["phase"] == "running" and not unready:
                return
            if time.monotonic() > deadline:
                told = "; ".join(f"{process['name']} ({health[process['name']].words}; log: {process['log']})" for process in unready)
                raise LocalError(f"The stack in {self.home} is not ready after {seconds:.0f} s: {told or state['phase']}")
            await asyncio.sleep(0.25)

    def _process(self, name: str) -> Mapping[str, Any]:
        processes = {process["name"]: process for process in self.state["processes"]}
        if name not in processes:
            raise LocalError(f"This stack has no {name!r}; it has {', '.join(processes)}")
        return dict(processes[name])

    async def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise LocalError(f"Waited {READY_SECONDS:.0f} s in vain for {what}")
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def running_stack(
    home: Path | None = None, *, only: Collection[str] | None = None, tell: Callable[[str], None] = lambda _line: None
) -> AsyncIterator[RunningStack]:
    """Give the stack of ``home`` (default: see :func:`deploy.local.paths.stack_home`), ready.

    If none is up, one is started here, limited to the sandbox servers and services in ``only``, and stopped at the end; one that was up is
    used as it is and left alone.

    Raises:
        LocalError: it cannot be started or does not get ready; the text says why.
    """
    home = stack_home(home)
    running = RunningStack(home)
    if is_held(home):
        await running.wait_ready()
        yield running
        return
    stack = Stack(home, only=only, tell=tell)
    try:
        await stack.start()
        await running.wait_ready()
        yield running
    finally:
        await stack.stop()
