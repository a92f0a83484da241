"""Problem details (RFC 9457): the one shape of every error an API answers with."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from starlette.responses import Response

from services.kit.tracing import current_trace_id

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one part of the request: ``pointer`` is a JSON pointer (RFC 6901) into the body, or ``query:name``, ``header:name``."""

    pointer: str
    detail: str


class Problem(Exception):
    """Ends a request with this answer.

    ``code`` is stable and for programs, ``title`` says what is wrong in general, ``detail`` what to do about it this time.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {title}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The answer as problem+json, with the trace id of the request."""
        content: dict[str, Any] = {"type": "about:blank", "title": self.title, "status": self.status, "code": self.code}
        if self.detail:
            content["detail"] = self.detail
        if self.errors:
            content["errors"] = [asdict(error) for error in self.errors]
        content["trace_id"] = current_trace_id()
        return Response(orjson.dumps(content), status_code=self.status, headers=self.headers, media_type=PROBLEM_JSON)
