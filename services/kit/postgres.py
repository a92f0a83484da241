"""PostgreSQL at run time: the pool, and the two ways to write: in a transaction, or by statements that each are one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from pydantic_core import from_json, to_json

from services.kit.errors import is_transient
from services.kit.logging import get_logger
from services.kit.redaction import describe_error
from services.kit.wake import collect_bells, restore_bells

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Record: TypeAlias = asyncpg.Record
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:  # asyncpg's classes are generic for the type checker only
    Record = asyncpg.Record
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

log = get_logger(__name__)

SESSION_SETTINGS = {
    "statement_timeout": "30000",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "60000",
    "tcp_keepalives_idle": "10",  # a dead peer's locks are released within about half a minute
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "jit": "off",  # its planning costs more than these short statements take
}

_JSONB_VERSION = b"\x01"
"""The byte before the text in the binary form of ``jsonb``."""


async def prepare_connection(connection: "asyncpg.Connection[Any]") -> None:
    """Let ``jsonb`` and ``json`` columns take and give Python objects (pydantic models, UUIDs and datetimes included)."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: _JSONB_VERSION + to_json(value),
        decoder=lambda raw: from_json(bytes(raw[1:])),
    )
    await connection.set_type_codec(
        "json", schema="pg_catalog", format="binary", encoder=to_json, decoder=lambda raw: from_json(bytes(raw))
    )


@asynccontextmanager
async def open_pool(dsn: str, *, service: str, max_size: int = 16, wait_seconds: float = 60) -> AsyncIterator[Pool]:
    """Open a pool and close it with the block; waits until the database answers, at most ``wait_seconds``.

    Connections keep no session state between uses: whoever needs a setting uses ``SET LOCAL``.
    """
    pool = await _retry_until_up(lambda: _create(dsn, service, max_size), wait_seconds)
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), timeout=10)
        except TimeoutError:
            pool.terminate()


@asynccontextmanager
async def autocommit(pool: Pool) -> AsyncIterator[Connection]:
    """Run each statement of the block as a transaction of its own; after the block, wake the relay and the deliverer if they have work."""
    bells, enclosing = collect_bells()
    try:
        async with pool.acquire() as connection:
            yield connection
    finally:
        restore_bells(enclosing)
    for bell in bells:
        bell.ring()


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Run the block in one transaction (READ COMMITTED); after its commit, wake the relay and the deliverer if they have work."""
    async with autocommit(pool) as connection, connection.transaction():
        yield connection


async def connect(dsn: str, application: str, **settings: str) -> "asyncpg.Connection[Record]":
    """One connection of one's own, for session-level locks or with session ``settings`` of its own. The caller closes it."""
    connection = await asyncpg.connect(dsn, server_settings={**SESSION_SETTINGS, "application_name": application, **settings})
    await prepare_connection(connection)
    return connection


def postgres_check(pool: Pool) -> Callable[[], Awaitable[None]]:
    """A readiness check: the database answers within two seconds."""

    async def check() -> None:
        await asyncio.wait_for(pool.fetchval("SELECT 1"), timeout=2)

    return check


async def _create(dsn: str, service: str, max_size: int) -> Pool:
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=max_size,
        init=prepare_connection,
        reset=_keep_session,
        max_inactive_connection_lifetime=300,
        server_settings={**SESSION_SETTINGS, "application_name": f"aftersales {service}"},
    )


async def _keep_session(_connection: Any) -> None:
    """Skip asyncpg's RESET ALL: there is nothing to reset, and it would cost a round trip per use."""


async def _retry_until_up(create: Callable[[], Awaitable[Pool]], wait_seconds: float) -> Pool:
    deadline = asyncio.get_running_loop().time() + wait_seconds
    delay = 0.1
    while True:
        try:
            return await create()
        except Exception as error:
            if not is_transient(error) or asyncio.get_running_loop().time() + delay > deadline:
                raise
            log.warning("postgres.waiting", error=describe_error(error))
        await asyncio.sleep(delay)
        delay = min(delay * 2, 2)
