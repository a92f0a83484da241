"""The outermost layer of every API, as plain ASGI: trace, time and count each request, bound its body, and answer what nobody caught.

Plain ASGI rather than framework middleware, because it stands in every request's way.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit import metrics
from services.kit.errors import is_transient
from services.kit.logging import get_logger
from services.kit.problems import Problem
from services.kit.redaction import describe_error, describe_traceback
from services.kit.tracing import current_trace_id, enter_trace

log = get_logger(__name__)

SERVER_ERROR: Final = 500
UNMATCHED: Final = "unmatched"


class BodyTooLargeError(HTTPException):
    """The body is larger than the route takes (413). An HTTPException, because FastAPI lets only those through while it reads a body.

    The connection is left open: uvicorn then reads what still comes of the body and throws it away. Closing it with bytes unread would reset it, and a
    client that sends all before it reads would never see the answer.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(413)
        self.problem = Problem(413, "body_too_large", "The request body is too large.", f"This route takes at most {limit} bytes.")


Operation: TypeAlias = Callable[[], Awaitable[Response]]
"""A page for operators, such as ``/healthz``."""


class Edge:
    """Wraps an ASGI application.

    ``larger_bodies`` maps regular expressions of paths to their limit in bytes. ``operations`` are answered here, so that no request has to be matched
    against their routes.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, larger_bodies: Mapping[str, int], operations: Mapping[str, Operation]) -> None:
        self._app = app
        self._operations = operations
        self._max_body_bytes = max_body_bytes
        self._larger_bodies = [(re.compile(pattern), limit) for pattern, limit in larger_bodies.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        enter_trace(headers.get(b"traceparent", b"").decode("latin-1"))
        trace_id = current_trace_id()
        began = time.perf_counter()
        status = SERVER_ERROR
        started = False

        async def send_traced(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                started = True
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"trace-id", trace_id.encode())]
            await send(message)

        limit = self._limit(scope["path"])
        try:
            declared = headers.get(b"content-length", b"0")
            if declared.isdigit() and int(declared) > limit:
                raise BodyTooLargeError(limit)  # noqa: TRY301 - the same way out as when it is found while reading
            operation = self._operations.get(scope["path"])
            if operation is not None and scope["method"] in {"GET", "HEAD"}:
                await (await operation())(scope, receive, send_traced)
            else:
                await self._app(scope, _bounded(receive, limit), send_traced)
        except Exception as error:
            if started:
                raise
            await _answer(error)(scope, receive, send_traced)
        finally:
            route = getattr(scope.get("route"), "path", UNMATCHED)
            metrics.HTTP_SECONDS.labels(scope["method"], route, str(status)).observe(time.perf_counter() - began)

    def _limit(self, path: str) -> int:
        for pattern, limit in self._larger_bodies:
            if pattern.search(path):
                return limit
        return self._max_body_bytes


def _bounded(receive: Receive, limit: int) -> Receive:
    """Count the body while it is read: a chunked one declares no length, and a declared one may lie."""
    taken = 0

    async def receive_bounded() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                raise BodyTooLargeError(limit)
        return message

    return receive_bounded


def _answer(error: Exception) -> Response:
    if isinstance(error, BodyTooLargeError):
        return error.problem.response()
    if is_transient(error):
        log.warning("http.unavailable", error=describe_error(error))
        return Problem(
            503,
            "unavailable",
            "Something this service needs does not answer.",
            "Send the request again in a moment.",
            headers={"Retry-After": "2"},
        ).response()
    log.error("http.failed", error=describe_error(error), exception=describe_traceback(error))
    return Problem(
        SERVER_ERROR, "internal_error", "The request failed through no fault of yours.", "Report the trace_id to whoever runs this system."
    ).response()
