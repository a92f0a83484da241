"""Direct routes: for the one request that everybody waits for, without what a framework does around a function."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class DirectRoute(APIRoute):
    """Documented like any other route; its endpoint takes the request itself, and reads and checks what it needs of it.

    What FastAPI does around an endpoint (parameters, dependencies, their clean-up, a model of the answer) costs as much as opening a case does.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self.methods and scope["method"] in self.methods:
            response: Response = await self.endpoint(Request(scope, receive, send))
            await response(scope, receive, send)
        else:
            await super().handle(scope, receive, send)  # says which methods there are


def add_direct_route(app: FastAPI, path: str, endpoint: Endpoint, **documentation: Any) -> None:
    """Put a ``POST`` route before all others, so that no other is tried first. ``documentation`` is what :class:`fastapi.routing.APIRoute` takes."""
    app.router.routes.insert(0, DirectRoute(path, endpoint, methods=["POST"], **documentation))
