"""Idempotency keys: a command sent twice is done once, and answered twice with the same bytes.

The key is a row of the command's own transaction. A concurrent repeat waits for that row and then gets the stored answer; one that fails leaves no key.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Header
from pydantic_core import to_json
from starlette.responses import Response

from services.kit.postgres import Connection, Pool, transaction
from services.kit.problems import Problem

MAX_KEY_CHARACTERS = 200
WAIT_SECONDS = 5

_TAKE = "SELECT idempotency_take($1, $2, $3, $4, $5)"
_FIND = "SELECT request_hash, status, headers, body FROM idempotency_key WHERE (merchant_id, caller, route, key) = ($1, $2, $3, $4)"
_STORE = "UPDATE idempotency_key SET status = $5, headers = $6, body = $7 WHERE (merchant_id, caller, route, key) = ($1, $2, $3, $4)"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentRequest:
    """A request and the scope of its key: two callers, or two routes, may use the same one. ``body`` is the raw body."""

    merchant_id: str
    caller: str
    route: str
    key: str
    body: bytes

    @property
    def scope(self) -> tuple[str, str, str, str]:
        """The primary key of its row."""
        return self.merchant_id, self.caller, self.route, self.key

    @property
    def request_hash(self) -> bytes:
        """What tells a repeat from another request under the same key."""
        return hashlib.sha256(self.body).digest()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that can be given again. ``body``: a pydantic model, plain data, or bytes that are JSON already."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    replayed: bool = False

    def content(self) -> bytes:
        """The bytes of the answer."""
        return self.body if isinstance(self.body, bytes) else b"" if self.body is None else to_json(self.body)

    def response(self) -> Response:
        """The answer; a repeated one says so in ``Idempotent-Replayed``."""
        extra = {"Idempotent-Replayed": "true"} if self.replayed else {}
        return Response(self.content(), status_code=self.status, headers={**self.headers, **extra}, media_type="application/json")


Command = Callable[[Connection], Awaitable[Reply]]


def require_key(key: str | None) -> str:
    """The value of an ``Idempotency-Key`` header. Raises :class:`Problem` 400 where it is missing or too long."""
    if not key or len(key) > MAX_KEY_CHARACTERS:
        raise Problem(
            400,
            "idempotency_key_required",
            "This request needs an Idempotency-Key header.",
            f"Choose a text of at most {MAX_KEY_CHARACTERS} characters per intended action, and send the same one when you repeat it.",
        )
    return key


async def _idempotency_key(
    key: Annotated[str | None, Header(alias="Idempotency-Key", description="Any text of your own, at most 200 characters.")] = None,
) -> str:
    # A coroutine, because FastAPI sends plain functions through a thread.
    return require_key(key)


IdempotencyKeyHeader = Annotated[str, Depends(_idempotency_key)]
"""The parameter of a route that requires an Idempotency-Key."""


async def run(pool: Pool, request: IdempotentRequest, command: Command) -> Reply:
    """Run ``command`` in one transaction with the key of ``request``, or give the stored answer of the first time.

    Raises :class:`Problem` 422 where the key was used with another body, 409 where the first request is still running after five seconds, and whatever
    ``command`` raises (then the key is free again).
    """
    async with transaction(pool) as connection:
        if await _take_key(connection, request):
            reply = await command(connection)
            content = reply.content()
            await connection.execute(_STORE, *request.scope, reply.status, dict(reply.headers), content)
            return Reply(reply.status, content, reply.headers)
        return await _stored(connection, request)


@contextmanager
def waiting_for_key() -> Iterator[None]:
    """Around a statement that calls ``idempotency_take``: raises :class:`Problem` 409 where it waits too long for a concurrent request with its key."""
    # The sessions' lock_timeout of five seconds bounds the wait.
    try:
        yield
    except asyncpg.LockNotAvailableError as error:
        if "idempotency_take" not in str(error.context):
            raise  # another lock of the same statement
        raise Problem(
            409,
            "request_in_progress",
            "The first request with this Idempotency-Key is still running.",
            "Repeat it in a moment to get its answer.",
            headers={"Retry-After": str(WAIT_SECONDS)},
        ) from None


async def _take_key(connection: Connection, request: IdempotentRequest) -> bool:
    with waiting_for_key():
        return bool(await connection.fetchval(_TAKE, *request.scope, request.request_hash))


async def _stored(connection: Connection, request: IdempotentRequest) -> Reply:
    row = await connection.fetchrow(_FIND, *request.scope)
    if row is None:  # pruned between the two statements
        raise Problem(409, "request_in_progress", "The Idempotency-Key has just expired.", "Send the request again.")
    if row["request_hash"] != request.request_hash:
        raise Problem(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key was used with another body.",
            "Choose a new key for a new action; repeat the same body for the same one.",
        )
    return Reply(row["status"], row["body"], row["headers"], replayed=True)
