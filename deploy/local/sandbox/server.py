"""Runs a sandbox server: application, socket, clean end on SIGTERM."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import uvicorn
from fastapi import FastAPI

from deploy.local.sandbox.errors import answer_errors
from deploy.local.sandbox.fault_layer import Connection

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_CANNOT_LISTEN = 2


def make_app(name: str, summary: str, lifespan: Lifespan) -> FastAPI:
    """An application with errors in the sandbox's form, a health answer and its API description."""
    app = FastAPI(title=f"Sandbox {name}", description=summary, version="1", lifespan=lifespan, redoc_url=None)
    answer_errors(app)

    @app.get("/healthz", tags=["health"])
    async def health() -> dict[str, str]:
        """Up."""
        return {"status": "ok", "server": name}

    return app


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """A bound socket, or the end of the program with a message that says which option to change."""
    try:
        return socket.create_server((host, port), backlog=1024)
    except OSError as error:
        sys.stderr.write(f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}. Give another {option}, or another --host.\n")
        raise SystemExit(_CANNOT_LISTEN) from error


class _Announced(uvicorn.Server):
    """Says on stdout when it answers, so that whoever started it need not guess."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(self._announcement + "\n")
        sys.stdout.flush()


def address_of(listener: socket.socket) -> str:
    """``host:port`` of a bound socket; the port is a real one also where a free one was asked for."""
    host, port = listener.getsockname()[:2]
    return f"{host}:{port}"


def serve(app: Any, name: str, listener: socket.socket, *, also: Sequence[str] = ()) -> None:
    """Answer until SIGTERM or SIGINT; then finish what is in hand and return. ``also`` is appended to the announcement."""
    # uvicorn raises the signal again when it is done; by then it has had its effect.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(app, http=Connection, ws="none", access_log=False, log_level="warning", timeout_graceful_shutdown=3)
    announcement = ", ".join((f"sandbox {name} listening on http://{address_of(listener)}", *also))
    _Announced(config, announcement).run(sockets=[listener])
