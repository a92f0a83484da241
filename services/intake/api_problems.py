"""How refusals become problem+json (RFC 9457)."""

from typing import cast

import orjson
from fastapi import Request
from pydantic import ValidationError
from starlette.responses import Response

from services.intake.domain.errors import IdentityLockedError, IntakeError, NotAuthenticatedError, StaleCommandError
from services.kit.problems import PROBLEM_JSON, FieldError, Problem


async def on_intake_error(_request: Request, error: Exception) -> Response:
    """The answer to a refusal; a stale choice comes with the current offer."""
    refusal = cast("IntakeError", error)
    answer = problem_of(refusal).response()
    if isinstance(refusal, StaleCommandError) and refusal.offer is not None:
        content = {**orjson.loads(answer.body), "offer": refusal.offer}
        return Response(orjson.dumps(content), status_code=answer.status_code, media_type=PROBLEM_JSON)
    return answer


async def on_unstorable_text(_request: Request, _error: Exception) -> Response:
    """The answer to text that PostgreSQL cannot hold: a NUL character, which JSON and URLs can spell."""
    return Problem(
        422, "invalid_text", "The request holds a character that cannot be stored.", "Leave out NUL characters (\\u0000, %00)."
    ).response()


def problem_of(refusal: IntakeError) -> Problem:
    """The problem details of a refusal."""
    headers: dict[str, str] = {}
    if isinstance(refusal, NotAuthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refusal, IdentityLockedError):
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    errors = [FieldError(pointer=fault.pointer, detail=fault.detail) for fault in refusal.faults]
    return Problem(refusal.status, refusal.code, refusal.title, refusal.detail, errors=errors, headers=headers)


def problem_of_body(error: ValidationError) -> Problem:
    """The problem details of a body that does not fit its model, as FastAPI's own validation would give them."""
    faults = error.errors(include_input=False, include_url=False)
    if any(fault["type"] == "json_invalid" for fault in faults):
        return Problem(400, "malformed_json", "The request body is not JSON.", str(faults[0].get("ctx", {}).get("error", "")))
    errors = [FieldError(pointer="".join(f"/{step}" for step in fault["loc"]) or "/", detail=fault["msg"]) for fault in faults]
    return Problem(422, "invalid_request", "The request does not fit what this route takes.", "See errors.", errors=errors)
