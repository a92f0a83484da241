"""The API of a service as a process that is killed between the commit of a command and its answer, and then started again."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from deploy.local.process import ManagedProcess, ProcessSpec
from tests.support.dying_service import DIE
from tests.support.ports import own_port
from tests.support.twice import Ready, Twice, World, sender
from tests.support.waiting import eventually


class KillableApi:
    """One service's API. ``http`` speaks to whichever process serves it now."""

    def __init__(self, process: ManagedProcess, http: httpx2.AsyncClient) -> None:
        self._process = process
        self.http = http

    async def start(self) -> None:
        """Start a process, and wait until it answers."""
        await self._process.start()
        await eventually(self._answers, f"{self._process.spec.name} to answer", 60)

    async def dies(self) -> None:
        """Wait until the process has killed itself."""
        assert await self._process.wait() == -signal.SIGKILL, self._process.failure("did not die of the request")

    async def _answers(self) -> bool:
        assert self._process.pid is not None, self._process.failure("ended before it answered")
        try:
            return (await self.http.get("/healthz")).is_success
        except httpx2.TransportError:
            return False


@asynccontextmanager
async def a_killable_api(service: str, settings: Mapping[str, str], folder: Path) -> AsyncIterator[KillableApi]:
    """The API alone, on a port of its own. ``settings`` are those of the service but for its port; ``folder`` is its home, without a stack."""
    port = own_port()
    environment = {**os.environ, "HOME": str(folder), **settings, f"AFTERSALES_{service.upper()}_HTTP_PORT": str(port)}
    argv = [sys.executable, "-m", "tests.support.dying_service", service, "api"]
    process = ManagedProcess(ProcessSpec(f"{service} api", argv, folder / f"{service}.log", environment, cwd=Path(__file__).parents[2]))
    # Every request on a connection of its own: one to a killed process is worth nothing.
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30, limits=httpx2.Limits(max_keepalive_connections=0)
    ) as http:
        try:
            api = KillableApi(process, http)
            await api.start()
            yield api
        finally:
            await process.stop()


async def killed_between_commit_and_answer(api: KillableApi, row: Twice[World], world: World) -> None:
    """The command is done, nobody hears of it; the same request to the next process is answered from the record, and nothing is done again."""
    ready: Ready = await row.ready(world)
    client, key = ready.clients[0], uuid4().hex
    with pytest.raises(httpx2.TransportError):
        await sender(api.http, row, ready, {**client, DIE: "yes"}, key)()
    await api.dies()
    assert await ready.effect() == ready.once, "it was committed before the death"
    await api.start()
    again = await sender(api.http, row, ready, client, key)()
    assert again.is_success, again.text
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content
    assert await ready.effect() == ready.once
    assert (await sender(api.http, row, ready, client, key)()).content == again.content
