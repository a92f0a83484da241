"""Refusals, in the sandbox's own form (a third party does not answer in ours).

ApiError
├── InvalidRequestError          400  the request has the wrong shape
├── IdempotencyKeyMissingError   400
├── InvalidCursorError           400
├── UnauthorizedError            401
├── IdempotencyConflictError     409  known key, other body
└── RefusedError                      a business refusal: stored under its idempotency key; see payments and carrier
"""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException


class ApiError(Exception):
    """An answer that says no. ``param`` names the field at fault, if one is."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid_request"

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param

    def body(self) -> bytes:
        """The answer's JSON."""
        return error_body(self.code, self.message, self.param)


class InvalidRequestError(ApiError):
    """The request has the wrong shape."""


class IdempotencyKeyMissingError(ApiError):
    """A booking without the header that makes its repetition safe."""

    code = "idempotency_key_missing"


class InvalidCursorError(ApiError):
    """A cursor that no list gave out."""

    code = "invalid_cursor"


class UnauthorizedError(ApiError):
    """No key, or the wrong one."""

    status = 401
    code = "unauthorized"


class IdempotencyConflictError(ApiError):
    """The key was used with another body."""

    status = 409
    code = "idempotency_conflict"


class RefusedError(ApiError):
    """A business refusal: it was worked on, and the answer is no. It stays no under its idempotency key."""

    status = 422


def error_body(code: str, message: str, param: str | None = None) -> bytes:
    """The JSON of a refusal."""
    return json.dumps({"error": {"code": code, "message": message, "param": param}}, ensure_ascii=False).encode()


def describe(errors: Sequence[Any]) -> InvalidRequestError:
    """What pydantic found, as one refusal that names the first field at fault."""
    said = "; ".join(f"{_path(error)}: {error['msg']}" for error in errors[:5])
    return InvalidRequestError(f"The request does not have the documented shape (see /docs): {said}", _path(errors[0]) if errors else None)


def _path(error: Any) -> str:
    parts = [str(part) for part in error["loc"] if part not in ("body", "query", "path", "header")]
    return ".".join(parts) or "body"


def _json(status: int, body: bytes) -> Response:
    return Response(body, status_code=status, media_type="application/json")


async def _on_api_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return _json(error.status, error.body())


async def _on_validation(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    refusal = describe(error.errors())
    return _json(refusal.status, refusal.body())


async def _on_http(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _json(error.status_code, error_body("not_found" if error.status_code == 404 else "http_error", str(error.detail)))  # noqa: PLR2004 (HTTP)


def answer_errors(app: FastAPI) -> None:
    """Give every error of ``app`` the sandbox's form."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
