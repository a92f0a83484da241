"""Asking the workflow service's HTTP API from the command line, as a member of staff: what every command that does so shares."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import uuid4

import httpx2
from cyclopts import Parameter

UrlOption = Annotated[str, Parameter(env_var="AFTERSALES_WORKFLOW_URL", help="Where the workflow service's API is.")]
TokenOption = Annotated[str, Parameter(env_var="AFTERSALES_STAFF_TOKEN", help="Your staff token.", show_default=False)]

PATIENCE_SECONDS = 60
MOST_ITEMS = 100
"""How many items a page has at most."""
WHERE_IS_IT = (
    "No stack runs here: start one with `aftersales up`, go to its home or name it in AFTERSALES_HOME, "
    "or say where the workflow service's API is with --url or AFTERSALES_WORKFLOW_URL"
)
WHO_ARE_YOU = (
    "Say who you are: --token or AFTERSALES_STAFF_TOKEN with a staff token, "
    "on a local stack from: aftersales token issue --role ROLE --merchant MERCHANT"
)


class NotAnsweredError(Exception):
    """The service refused, or did not answer; the text says why, for the person at the keyboard."""


def download(url: str, token: str, path: str, query: dict[str, Any]) -> Iterator[bytes]:
    """The bytes of a file that the service writes, as they come. Raises :class:`NotAnsweredError`."""
    _know(url, token)
    kept = {name: str(value) for name, value in query.items() if value is not None}
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with httpx2.stream(
            "GET", url.rstrip("/") + path, params=kept, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False
        ) as answer:
            if answer.is_success:
                yield from answer.iter_bytes()
                return
            answer.read()
            raise _refusal(url, answer)
    except httpx2.HTTPError as error:
        raise _silence(url, error) from error


def pages(url: str, token: str, path: str, query: dict[str, Any], limit: int) -> list[Any]:
    """At most ``limit`` items of a list that comes in pages. Raises :class:`NotAnsweredError`."""
    items: list[Any] = []
    cursor: str | None = None
    while len(items) < limit:
        page = ask_service(url, token, "GET", path, query={**query, "limit": min(limit - len(items), MOST_ITEMS), "cursor": cursor})
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return items


def ask_service(
    url: str,
    token: str,
    method: str,
    path: str,
    *,
    query: dict[str, Any] | None = None,
    body: dict[str, Any] | None = None,
    key: str | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Any:
    """The JSON of an answer. Parameters and fields that are None are left out; a body travels with an idempotency key, ``key`` or a new one.

    Raises :class:`NotAnsweredError`.
    """
    _know(url, token)
    headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key or str(uuid4())} if body is not None else {})}
    kept = {name: str(value) for name, value in (query or {}).items() if value is not None}
    sent = None if body is None else {name: value for name, value in body.items() if value is not None}
    try:
        answer = httpx2.request(
            method, url.rstrip("/") + path, params=kept, json=sent, headers=headers, timeout=patience_seconds, trust_env=False
        )
    except httpx2.HTTPError as error:
        raise _silence(url, error) from error
    if answer.is_success:
        return answer.json()
    raise _refusal(url, answer)


def _know(url: str, token: str) -> None:
    if not url:
        raise NotAnsweredError(WHERE_IS_IT)
    if not token:
        raise NotAnsweredError(WHO_ARE_YOU)


def _silence(url: str, error: httpx2.HTTPError) -> NotAnsweredError:
    return NotAnsweredError(f"{url} does not answer ({type(error).__name__}): is the workflow service running?")


def _refusal(url: str, answer: httpx2.Response) -> NotAnsweredError:
    try:
        problem = answer.json()
        fields = "".join(f"\n  {each['pointer']}: {each['detail']}" for each in problem.get("errors") or [])
        return NotAnsweredError(f"{problem['code']}: {problem['title']} {problem.get('detail', '')}{fields}")
    except (ValueError, KeyError, TypeError):
        return NotAnsweredError(f"{url} answered {answer.status_code}, and not as this service does: check the address")
