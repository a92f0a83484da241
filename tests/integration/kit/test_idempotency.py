"""Idempotency keys on a real PostgreSQL: done once, answered alike."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest

from services.kit import idempotency
from services.kit.idempotency import IdempotentRequest, Reply
from services.kit.postgres import Connection, Pool
from services.kit.problems import Problem

pytestmark = pytest.mark.engines


@pytest.fixture
async def done(pool: Pool) -> None:
    await pool.execute("CREATE TABLE IF NOT EXISTS done (at timestamptz DEFAULT now())")
    await pool.execute("TRUNCATE done")


def _request(key: str, **changes: object) -> IdempotentRequest:
    parts = {"merchant_id": "demo-shop", "caller": "key/1", "route": "POST /v1/cases", "key": key, "body": b'{"a": 1}'}
    return IdempotentRequest(**(parts | changes))  # type: ignore[arg-type]  # tests change one part by name


async def _act(connection: Connection) -> Reply:
    await connection.execute("INSERT INTO done DEFAULT VALUES")
    return Reply(202, {"id": str(uuid4())}, {"Location": "/v1/cases/1"})


def _slow(seconds: float) -> Callable[[Connection], Awaitable[Reply]]:
    async def act(connection: Connection) -> Reply:
        await connection.execute("SELECT pg_sleep($1)", seconds)
        return await _act(connection)

    return act


async def _times_done(pool: Pool) -> object:
    return await pool.fetchval("SELECT count(*) FROM done")


async def test_64_concurrent_requests_are_done_once_and_get_the_same_bytes(pool: Pool, done: None) -> None:
    replies = await asyncio.gather(*(idempotency.run(pool, _request("k"), _slow(0.2)) for _ in range(64)))
    assert await _times_done(pool) == 1
    assert len({(reply.status, reply.content(), tuple(reply.headers.items())) for reply in replies}) == 1
    assert sorted(reply.replayed for reply in replies) == [False, *[True] * 63]
    assert replies[0].response().headers["location"] == "/v1/cases/1"


async def test_the_key_is_scoped_by_merchant_caller_and_route(pool: Pool, done: None) -> None:
    requests = [_request("k"), _request("k", merchant_id="other"), _request("k", caller="key/2"), _request("k", route="POST /v1/other")]
    bodies = {(await idempotency.run(pool, request, _act)).content() for request in requests}
    assert len(bodies) == 4


async def test_another_body_under_the_same_key_is_refused(pool: Pool, done: None) -> None:
    await idempotency.run(pool, _request("k"), _act)
    with pytest.raises(Problem) as refused:
        await idempotency.run(pool, _request("k", body=b"{}"), _act)
    assert (refused.value.status, refused.value.code) == (422, "idempotency_key_reused")
    assert await _times_done(pool) == 1


async def test_a_command_that_fails_leaves_no_key(pool: Pool, done: None) -> None:
    async def fail(connection: Connection) -> Reply:
        await _act(connection)
        raise Problem(404, "order_not_found", "There is no such order.")

    with pytest.raises(Problem, match="order_not_found"):
        await idempotency.run(pool, _request("k"), fail)
    assert await _times_done(pool) == 0
    assert not (await idempotency.run(pool, _request("k"), _act)).replayed


async def _take_impatiently(pool: Pool, request: IdempotentRequest) -> None:
    """The wait of five seconds is the session's lock_timeout; a shorter one shows the same."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '100ms'")
        await idempotency._take_key(connection, request)


async def test_a_request_that_waits_too_long_for_the_first_is_told_so(pool: Pool, done: None) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def act(connection: Connection) -> Reply:
        began.set()
        await may_end.wait()
        return await _act(connection)

    first = asyncio.create_task(idempotency.run(pool, _request("k"), act))
    await began.wait()
    with pytest.raises(Problem) as refused:
        await _take_impatiently(pool, _request("k"))
    assert (refused.value.status, refused.value.code) == (409, "request_in_progress")
    may_end.set()
    assert (await first).status == 202
    assert await pool.fetchval("SHOW lock_timeout") == "5s"


async def test_a_lock_the_command_itself_waits_for_is_no_conflict_of_keys(pool: Pool, done: None) -> None:
    async def wait_for_lock(connection: Connection) -> Reply:
        await connection.execute("SET LOCAL lock_timeout = '50ms'")
        await connection.execute("LOCK TABLE done")
        return Reply(200)

    async with pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE done")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await idempotency.run(pool, _request("k"), wait_for_lock)
