"""Every command sent twice at the same moment: how that is made to happen, and what must come of it.

A service's tests keep a table of :class:`Twice`, one row per mutating route, and give each row to :func:`by_one_client` and :func:`by_two_clients`.
:func:`unlisted` names the routes that a table forgot, so a new route needs a row (or a reason why not).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Generic, TypeVar
from uuid import uuid4

import httpx2
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from services.kit.postgres import Pool
from tests.support.waiting import eventually

World = TypeVar("World")
Json = Any
Send = Callable[[], Awaitable[httpx2.Response]]
KEYS = "idempotency_key"
_MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_WAITING = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND relation = $1::regclass"


class Key(Enum):
    """What a route does with an ``Idempotency-Key``."""

    REQUIRED = auto()
    HONOURED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A command that can be given now. ``clients`` are the headers of two who may give it; ``effect`` counts what it has changed since.

    ``once`` is what ``effect`` must be after the command was done exactly once.
    """

    path: str
    clients: tuple[Mapping[str, str], Mapping[str, str]]
    effect: Callable[[], Awaitable[Mapping[str, int]]]
    once: Mapping[str, int]
    body: Json = None
    content: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Twice(Generic[World]):
    """One route. ``gate`` is the table whose lock a command without a key takes first.

    The slower of two clients is told ``refusal`` (status, code), or gets the same answer but for the fields ``tells``, which say that it was done before.
    """

    route: str
    ready: Callable[[World], Awaitable[Ready]]
    key: Key
    gate: str = KEYS
    refusal: tuple[int, str] | None = None
    tells: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return self.route

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.route.partition(" ")[0]


async def at_once(pool: Pool, gate: str, sends: Sequence[Send], *, waiting: int | None = None) -> list[httpx2.Response]:
    """The answers to requests of which all had read what they read before their first lock, and none had that lock, when the first went on.

    ``waiting`` is how many of them must stand at the lock by then, where a pool does not let all of them so far.
    """
    async with pool.acquire() as holder:
        held = holder.transaction()
        await held.start()
        await holder.execute(f"LOCK TABLE {gate} IN EXCLUSIVE MODE")  # reads pass, whoever locks or writes a row waits
        asking = [asyncio.ensure_future(send()) for send in sends]
        try:
            await eventually(lambda: _all_wait(holder, gate, asking, waiting or len(sends)), f"requests to wait for {gate}", 20)
        finally:
            await held.rollback()
    return await asyncio.gather(*asking)


async def _all_wait(holder: Any, gate: str, asking: Sequence["asyncio.Future[httpx2.Response]"], count: int) -> bool:
    early = [request.result().text for request in asking if request.done()]
    assert not early, f"answered without waiting for {gate}: {early}"
    return int(await holder.fetchval(_WAITING, gate)) >= count


def sender(http: httpx2.AsyncClient, row: Twice[World], ready: Ready, headers: Mapping[str, str], key: str | None = None) -> Send:
    """Send the command once."""

    async def send() -> httpx2.Response:
        more = {"Idempotency-Key": key} if key is not None else {}
        return await http.request(row.method, ready.path, json=ready.body, content=ready.content, headers={**headers, **more})

    return send


async def by_one_client(http: httpx2.AsyncClient, pool: Pool, row: Twice[World], world: World) -> None:
    """The same caller, key and body: one effect, and two answers of the same bytes."""
    ready = await row.ready(world)
    send = sender(http, row, ready, ready.clients[0], uuid4().hex)
    first, second = await at_once(pool, KEYS, [send, send])
    assert first.is_success, first.text
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert sorted("idempotent-replayed" in answer.headers for answer in (first, second)) == [False, True]
    assert await ready.effect() == ready.once
    third = await send()
    assert (third.status_code, third.content) == (first.status_code, first.content)
    assert await ready.effect() == ready.once


async def by_two_clients(http: httpx2.AsyncClient, pool: Pool, row: Twice[World], world: World) -> None:
    """Two clients, each with a key of its own where the route asks for one: one effect, and the same answer twice or one clear refusal."""
    ready = await row.ready(world)
    keys = [uuid4().hex if row.key is Key.REQUIRED else None for _ in ready.clients]
    sends = [sender(http, row, ready, client, key) for client, key in zip(ready.clients, keys, strict=True)]
    answers = await at_once(pool, row.gate, sends)
    assert await ready.effect() == ready.once
    if row.refusal is None:
        assert all(answer.is_success for answer in answers), [answer.text for answer in answers]
        one, other = (_without(answer, row.tells) for answer in answers)
        assert one == other
        return
    [done] = [answer for answer in answers if answer.is_success]
    [refused] = [answer for answer in answers if not answer.is_success]
    assert done is not refused
    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.status_code, refused.json()["code"]) == row.refusal, refused.text
    assert refused.json()["title"]
    assert refused.json()["detail"]


def _without(answer: httpx2.Response, tells: frozenset[str]) -> Json:
    """The body without what tells the second from the first; without such fields, its bytes."""
    return _stripped(answer.json(), tells) if tells else answer.content


def _stripped(value: Json, tells: frozenset[str]) -> Json:
    if isinstance(value, list):
        return [_stripped(each, tells) for each in value]
    if isinstance(value, dict):
        return {name: _stripped(each, tells) for name, each in value.items() if name not in tells}
    return value


def mutating_routes(app: FastAPI) -> set[str]:
    """``POST /v1/…`` and so on of an application, those of included routers too."""
    return {
        f"{method} {route.path}" for route in iter_route_contexts(app.routes) for method in (route.methods or ()) if method in _MUTATING
    }


def assert_complete(app: FastAPI, table: Iterable[Twice[World]], exempt: Mapping[str, str]) -> None:
    """Every mutating route has a row or a reason, and every row and reason has its route."""
    routes, listed = mutating_routes(app), {row.route for row in table}
    assert not listed & exempt.keys()
    assert routes - listed - exempt.keys() == set(), "give each of these routes a row in the table, or a reason why it needs none"
    assert (listed | exempt.keys()) - routes == set(), "these are no routes (any more)"
