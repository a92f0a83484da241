"""The HTTP part as a real server: it binds, answers what is in hand when it is stopped, and bounds what a client may stream."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI, Request

from services.kit.health import Health
from services.kit.http import HttpPart, create_app
from tests.integration.kit.support import running, until
from tests.support.ports import own_port


@pytest.fixture
def port() -> int:
    return own_port()


@pytest.fixture
def app() -> FastAPI:
    app = create_app(title="test", health=Health(), max_body_bytes=100_000)

    @app.post("/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    return app


async def _answers(port: int) -> bool:
    try:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_a_request_in_hand_is_answered_before_the_server_ends(app: FastAPI, port: int) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    @app.get("/slow")
    async def slow() -> str:
        began.set()
        await may_end.wait()
        return "done"

    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        async with running(HttpPart(app, "127.0.0.1", port)):
            await until(lambda: _answers(port))
            request = asyncio.create_task(client.get("/slow"))
            await began.wait()
            asyncio.get_running_loop().call_later(0.05, may_end.set)
        assert (await request).json() == "done"


async def test_an_upload_beyond_the_limit_is_answered_even_to_a_client_that_sends_all_first(app: FastAPI, port: int) -> None:
    async def far_too_much() -> AsyncIterator[bytes]:
        for _ in range(512):
            yield b"x" * 65_536

    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client, running(HttpPart(app, "127.0.0.1", port)):
        await until(lambda: _answers(port))
        refused = await client.post("/echo", content=far_too_much())
        assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
        assert (await client.post("/echo", content=b"x")).json() == 1


async def test_a_port_in_use_is_told(app: FastAPI, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"):
            await HttpPart(app, "127.0.0.1", port).run(asyncio.Event())
