"""A server of the stack as a child process: prepare, start, wait until it answers, stop. Engines, sandbox and services are all such servers."""

import asyncio
import time
from abc import ABC, abstractmethod
from pathlib import Path

import httpx2

from deploy.local.process import ManagedProcess, ProcessSpec

POLL_SECONDS = 0.05


class Server(ABC):
    """One server process. It can be started again after any kind of end."""

    def __init__(self, name: str, log: Path, ready_seconds: float = 60.0) -> None:
        """``ready_seconds`` is how long a start may take on a slow machine."""
        self.name = name
        self.log = log
        self.ready_seconds = ready_seconds
        self._process: ManagedProcess | None = None

    async def prepare(self) -> None:
        """Make everything fit for a start; safe to repeat, and after a kill at any moment."""
        return

    @abstractmethod
    def spec(self) -> ProcessSpec:
        """The process to run."""

    @abstractmethod
    async def is_ready(self) -> bool:
        """Whether the server answers its own protocol; False, not an error, while it cannot be reached."""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> int:
        """Prepare and start; return the pid. It does not answer yet: see :meth:`wait_ready`."""
        await self.prepare()
        self._process = ManagedProcess(self.spec())
        return await self._process.start()

    async def wait_ready(self) -> None:
        """Wait until the server answers.

        Raises:
            StartFailed: it ended, or did not answer within ``ready_seconds``.
        """
        process = self._started()
        deadline = time.monotonic() + self.ready_seconds
        while not await self.is_ready():
            if process.returncode is not None:
                raise process.failure(f"ended with status {process.returncode} while starting")
            if time.monotonic() > deadline:
                raise process.failure(f"did not answer within {self.ready_seconds:.0f} s")
            await asyncio.sleep(POLL_SECONDS)

    async def wait(self) -> int:
        """Wait for the process to end and return its exit status."""
        return await self._started().wait()

    async def stop(self) -> None:
        """Stop it politely, then firmly; its data stays."""
        if self._process is not None:
            await self._process.stop()

    def kill(self) -> None:
        """End it by SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()

    def _started(self) -> ManagedProcess:
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process


class HttpServer(Server):
    """A server with ``GET /healthz``: a sandbox server or one of the services."""

    def __init__(self, spec: ProcessSpec, url: str) -> None:
        """``url`` is where it will listen, such as ``http://127.0.0.1:8101``."""
        super().__init__(spec.name, spec.log)
        self._spec = spec
        self.url = url

    def spec(self) -> ProcessSpec:
        """The process to run."""
        return self._spec

    async def is_ready(self) -> bool:
        """Whether it answers at all; whether it can do its work is what ``/readyz`` says."""
        return await http_status(f"{self.url}/healthz") == httpx2.codes.OK


async def http_status(url: str) -> int | None:
    """Status of a GET, None if nobody answers. Proxies of the environment are not for our own machine."""
    port = httpx2.URL(url).port
    if port is not None and not await accepts_connections(httpx2.URL(url).host, port):
        return None
    try:
        async with httpx2.AsyncClient(timeout=5, trust_env=False, verify=False) as client:
            return (await client.get(url)).status_code
    except httpx2.HTTPError:
        return None


async def accepts_connections(host: str, port: int) -> bool:
    """Whether something listens on the TCP port; a cheap question before the protocol's own."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 2)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
