"""HTTP: the FastAPI application every service builds on. Every error is problem+json (RFC 9457), whoever raised it."""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final, cast

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.kit import metrics
from services.kit.edge import BodyTooLargeError, Edge, Operation
from services.kit.health import Health
from services.kit.problems import FieldError, Problem

ONE_MEBIBYTE: Final = 2**20
GRACE_SECONDS: Final = 10


class JsonResponse(Response):
    """JSON of plain data and pydantic models."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body's bytes."""
        return to_json(content)


def create_app(
    *,
    title: str,
    version: str = "1",
    health: Health,
    max_body_bytes: int = ONE_MEBIBYTE,
    larger_bodies: Mapping[str, int] | None = None,
    description: str = "",
) -> FastAPI:
    """An application with ``/healthz``, ``/readyz``, ``/metrics`` and ``/docs``, the error answers, traces, metrics and the limit of bodies.

    ``larger_bodies`` maps regular expressions of paths to a limit in bytes of their own.
    """
    app = FastAPIOffline(redoc_url=None, title=title, version=version, description=description)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_middleware(Edge, max_body_bytes=max_body_bytes, larger_bodies=larger_bodies or {}, operations=_operations(health))
    return app


def etag(version: int) -> str:
    """The strong ETag (RFC 9110) of a resource's version."""
    return f'"{version}"'


def require_match(if_match: str | None, version: int) -> None:
    """Check a request's ``If-Match`` against the current version. Raises :class:`Problem` 428 where it is missing, 412 where it differs."""
    if if_match is None:
        raise Problem(428, "if_match_required", "This change needs If-Match.", "Read the resource and send its ETag as If-Match.")
    if if_match.strip() not in {etag(version), "*"}:
        raise Problem(
            412, "version_changed", "The resource has changed.", "Read it again and decide anew.", headers={"ETag": etag(version)}
        )


class HttpPart:
    """Serves an application. A part named ``api``."""

    name = "api"

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False,
        )
        self._server = _Server(config)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop``, then answer what is in hand. Raises ``OSError`` where the port is taken."""
        serving = asyncio.create_task(self._serve(), name="http")
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            self._server.should_exit = True
            await serving
        finally:
            stopping.cancel()

    async def _serve(self) -> None:
        try:
            await self._server.serve()
        except SystemExit as error:  # uvicorn's way to say that it could not bind; it must not leave the task
            raise OSError(f"cannot listen on {self._server.config.host}:{self._server.config.port}: is the port in use?") from error


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the process decides when it ends."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave SIGTERM and SIGINT alone."""
        yield


def _operations(health: Health) -> dict[str, Operation]:
    async def healthz() -> Response:
        return JsonResponse({"status": "alive"})

    async def readyz() -> Response:
        ready, answer = await health.ready()
        return JsonResponse(answer, status_code=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    async def metrics_page() -> Response:
        content, media_type = metrics.render()
        return Response(content, media_type=media_type)

    return {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics_page}


async def _on_problem(_request: Request, error: Exception) -> Response:
    return cast("Problem", error).response()


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    if isinstance(error, BodyTooLargeError):
        return error.problem.response()
    raised = cast("HTTPException", error)
    phrase = HTTPStatus(raised.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    detail = raised.detail if raised.detail != phrase else ""
    return Problem(raised.status_code, code, f"{phrase}.", detail, headers=raised.headers).response()


async def _on_invalid(_request: Request, error: Exception) -> Response:
    problems: Sequence[Mapping[str, Any]] = cast("RequestValidationError", error).errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return Problem(400, "malformed_json", "The request body is not JSON.", _where(problems[0])).response()
    errors = [FieldError(pointer=_pointer(problem["loc"]), detail=str(problem["msg"])) for problem in problems]
    return Problem(422, "invalid_request", "The request does not fit what this route takes.", "See errors.", errors=errors).response()


def _where(problem: Mapping[str, Any]) -> str:
    reason = problem.get("ctx", {}).get("error", "")
    return f"{reason} at character {problem['loc'][-1]}" if reason else ""


def _pointer(location: Sequence[int | str]) -> str:
    """A JSON pointer into the body, or the place and name of a parameter."""
    place, *path = location
    if place == "body":
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path) or "/"
    return f"{place}:{'.'.join(map(str, path))}"
