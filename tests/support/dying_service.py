"""A service that dies (``kill -9``) after a command's commit and before its answer leaves, where the request asks for it.

``python -m tests.support.dying_service SERVICE [PARTS]`` is ``aftersales run SERVICE --only PARTS`` but for the header :data:`DIE`.
"""

import importlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from fastapi import FastAPI

from services.kit.http import HttpPart

DIE = "x-die-before-answering"
"""The name of the header that asks for the death."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Deadly:
    """An application around another: the moment the inner one begins its answer, everything is over."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve, or die trying."""
        asked = scope["type"] == "http" and any(name == DIE.encode() for name, _ in scope["headers"])

        async def die(_message: Message) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        await self._app(scope, receive, die if asked else send)


class DeadlyHttpPart(HttpPart):
    """The HTTP part of a service, with such an application."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        super().__init__(cast("FastAPI", Deadly(app)), host, port)


if __name__ == "__main__":
    _, service, *parts = sys.argv
    main = importlib.import_module(f"services.{service}.__main__")
    main.HttpPart = DeadlyHttpPart  # type: ignore[attr-defined]  # the composition root names it once
    sys.exit(main.run(*parts))
