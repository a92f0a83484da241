"""Faults of the HTTP API, laid around the routes: waiting, errors, and answers that are lost after the work was committed."""

import asyncio
from typing import cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from deploy.local.sandbox.errors import error_body
from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.switches import HttpSwitches

_TRANSPORT = "transport"


class Connection(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with the connection within reach of the application so that a fault can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        """Remember the connection for the requests on it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


class FaultLayer:
    """ASGI middleware that applies the board's switches to requests under ``/v1``."""

    def __init__(self, app: ASGIApp, board: FaultBoard[HttpSwitches]) -> None:
        self._app = app
        self._board = board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or fail to."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        faults, subject = self._board.now, _subject(scope)
        if faults.delay_ms:
            await asyncio.sleep(faults.delay_ms / 1000)
        if self._board.strikes("error", subject, faults.error_rate):
            await _answer_error(faults.error_status, send)
        elif scope["method"] == "POST" and self._board.strikes("drop_answer", subject, faults.drop_answer_rate):
            await self._app(scope, receive, _swallow)
            await _cut(scope, receive)
        else:
            await self._app(scope, receive, send)


def _subject(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"idempotency-key":
            return cast("bytes", value).decode("latin-1")
    return f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}"


async def _swallow(_message: Message) -> None:
    """Take an answer and give it to nobody."""


async def _cut(scope: Scope, receive: Receive) -> None:
    scope["state"][_TRANSPORT].abort()
    # uvicorn must have noticed before the application returns, or it reports a missing answer.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer_error(status: int, send: Send) -> None:
    body = error_body("injected_fault", "The fault switch error_rate answered this; nothing was done.")
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
