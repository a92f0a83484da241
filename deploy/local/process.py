"""One child process of the stack: started in its own session, its output in a log file, stopped politely and then firmly."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.errors import StartFailed

LARGE_LOG_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to run and how to end it. ``env`` is the whole environment; ``stop_seconds`` is how long a polite stop may take."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0


class ManagedProcess:
    """Runs a :class:`ProcessSpec`. A new session keeps the terminal's Ctrl-C away from the child: the supervisor decides the order of stopping."""

    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs, else None."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    @property
    def returncode(self) -> int | None:
        """Exit status of the last run (negative: the signal that ended it), None while running or never started."""
        return self._process.returncode if self._process is not None else None

    async def start(self) -> int:
        """Start the process and return its pid.

        Raises:
            RuntimeError: it is running already.
        """
        if self.pid is not None:
            raise RuntimeError(f"{self.spec.name} is already running as pid {self.pid}")
        self.spec.log.parent.mkdir(parents=True, exist_ok=True)
        _set_aside(self.spec.log)
        with self.spec.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.spec.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(self.spec.env),
                cwd=self.spec.cwd,
                start_new_session=True,
            )
        return self._process.pid

    async def wait(self) -> int:
        """Wait for the process to end and return its exit status."""
        if self._process is None:
            raise RuntimeError(f"{self.spec.name} was never started")
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end; after ``stop_seconds`` kill its whole process group. Does nothing if it is not running."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(self.spec.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.spec.stop_seconds)
        except TimeoutError:
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """Send SIGKILL to the process and all it started, as a crash would."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def failure(self, what: str, advice: str = "") -> StartFailed:
        """An error that tells ``what`` happened and shows the end of the log."""
        return StartFailed(self.spec.name, what, self.spec.log, advice)


def _set_aside(log: Path) -> None:
    """Keep a log file from growing for ever: at a start a large one becomes ``<name>.log.1``, replacing the one before."""
    if log.exists() and log.stat().st_size > LARGE_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
