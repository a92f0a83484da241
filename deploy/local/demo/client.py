"""HTTP calls as the people of the demo make them: repeated while a server is away, refused with the server's own words."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
import orjson

_TRIES = 12
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 4.0
"""Half a minute in all: a server that was killed is back by then."""
_TIMEOUT = httpx2.Timeout(20.0, connect=3.0)
_SERVER_ERROR = 500
_CLIENT_ERROR = 400
_TOO_EARLY_OR_BUSY = frozenset({429})


class Unreachable(Exception):
    """A server did not answer, or answered with an error of its own, every time it was asked."""


class Refused(Exception):
    """A server understood and said no. ``code`` is its problem code, ``status`` the HTTP status."""

    def __init__(self, call: str, status: int, code: str, detail: str) -> None:
        super().__init__(f"{call}: {status} {code}{f' ({detail})' if detail else ''}")
        self.status = status
        self.code = code


class Api:
    """One server, as one caller sees it. POSTs must carry an idempotency key or be harmless to repeat: they are repeated while there is no answer."""

    def __init__(self, http: httpx2.AsyncClient, base_url: str, token: str | None = None) -> None:
        self._http = http
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of any call that is harmless to repeat."""
        if body is None:
            return _json(await self._send(method, path))
        return _json(await self._send(method, path, content=orjson.dumps(body), headers={"Content-Type": "application/json"}))

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET; parameters that are None are left out."""
        wanted = {name: value for name, value in params.items() if value is not None}
        return _json(await self._send("GET", path, params=wanted))

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The JSON of a POST with a JSON body."""
        headers = {"Idempotency-Key": key} if key else {}
        if body is None:
            return _json(await self._send("POST", path, headers=headers))
        headers["Content-Type"] = "application/json"
        return _json(await self._send("POST", path, content=orjson.dumps(body), headers=headers))

    async def upload(self, path: str, content: bytes, media_type: str, **params: str) -> Any:
        """The JSON of a POST with a file as its body."""
        return _json(await self._send("POST", path, content=content, headers={"Content-Type": media_type}, params=params))

    async def lines(self, path: str) -> list[Any]:
        """The values of an NDJSON answer."""
        return [orjson.loads(line) for line in (await self._send("GET", path)).content.splitlines() if line.strip()]

    async def pages(self, path: str, items: str = "items", **params: Any) -> AsyncIterator[Any]:
        """Every item of a list with cursor."""
        cursor: str | None = None
        while True:
            page = await self.get(path, cursor=cursor, **params)
            for item in page[items]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def _send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **parts: Any) -> httpx2.Response:
        call = f"{method} {path}"
        pause = _FIRST_PAUSE_SECONDS
        problem = ""
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            try:
                answer = await self._http.request(method, self._base_url + path, headers={**self._headers, **(headers or {})}, **parts)
            except httpx2.HTTPError as error:
                problem = f"{type(error).__name__} {error}".strip()
                continue
            if answer.status_code >= _SERVER_ERROR or answer.status_code in _TOO_EARLY_OR_BUSY:
                problem = f"{answer.status_code} {answer.text[:200]}"
                continue
            if answer.status_code >= _CLIENT_ERROR:
                raise _refused(call, answer)
            return answer
        raise Unreachable(f"{call} at {self._base_url}: {problem}")


def _json(answer: httpx2.Response) -> Any:
    return orjson.loads(answer.content) if answer.content else None


def _refused(call: str, answer: httpx2.Response) -> Refused:
    """Problem details of our services, or the sandbox's own form of errors."""
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        body = {}
    error = body.get("error", {}) if isinstance(body.get("error"), dict) else {}
    faults = "; ".join(f"{fault.get('pointer')}: {fault.get('detail')}" for fault in body.get("errors") or [])
    detail = faults or body.get("detail") or error.get("message") or ""
    return Refused(call, answer.status_code, str(body.get("code") or error.get("code") or "unknown"), detail)


LIMITS = httpx2.Limits(max_connections=40, max_keepalive_connections=40)


def open_http(**more: Any) -> httpx2.AsyncClient:
    """The connections of a run; ``more`` goes to the client. Proxies of the environment are not for our own machine."""
    return httpx2.AsyncClient(timeout=_TIMEOUT, trust_env=False, limits=LIMITS, **more)
