"""What a closed case leaves in PostgreSQL for good."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from itertools import islice

import asyncpg

from deploy.local.bench.http_connection import rate_of
from deploy.local.bench.place import Place
from deploy.local.bench.report import Result, Row
from deploy.local.bench.return_calls import ReturnCalls, return_calls
from deploy.local.bench.shop import orders_on_record
from deploy.local.bench.workflow_service import eventually
from deploy.local.provision.postgres import DATABASE, SERVICES, with_login
from services.kit.housekeeping import prune
from services.workflow.housekeeping import forget_operations

ROWS = (
    BYTES := Row(
        "storage.bytes_per_case",
        "bytes",
        "growth of all tables, indexes and TOAST of the four schemas by whole returns that are closed ÷ their number, inbox emptied and what housekeeping "
        "forgets in time forgotten (outbox, deliveries, idempotency keys, the inbox's sequences, results of operations), VACUUM FULL before each look",
        hold=16_384,
        aim=4_096,
        better="lower",
    ),
)
_HANDS = 8
_LATER = timedelta(days=500)
"""When housekeeping has forgotten all that it will."""
_BY_TABLE = """
SELECT n.nspname || '.' || c.relname AS name, pg_total_relation_size(c.oid)::bigint AS size FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname = ANY($1::text[])
"""
_UNDER_WAY = " + ".join(
    [
        "SELECT (SELECT count(*) FROM workflow.cases WHERE workflow_open)",
        "(SELECT count(*) FROM workflow.delivery WHERE delivered_at IS NULL)",
        "(SELECT count(*) FROM notifications.messages WHERE state = 'pending')",
        *(f"(SELECT count(*) FROM {schema}.outbox WHERE sent_at IS NULL)" for schema in SERVICES),  # noqa: S608 - constants
    ]
)
_CASES = "SELECT count(*) FROM workflow.cases"
_LISTED = 12


async def measure_storage(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`, and add a table of where the bytes are."""
    connection = await asyncpg.connect(with_login(place.admin_dsn, database=DATABASE))
    try:
        async with return_calls(place) as calls:
            numbers = await orders_on_record(place, calls, place.size.cases * 7)
            # The first ones begin the pages of every table.
            await rate_of([partial(_one, calls, number) for number in islice(numbers, place.size.cases * 2)], _HANDS)
            await _closed(connection)
            before, cases = await _sizes(connection), await connection.fetchval(_CASES)
            await rate_of([partial(_one, calls, number) for number in numbers], _HANDS)
            await _closed(connection)
            after, closed = await _sizes(connection), await connection.fetchval(_CASES) - cases
    finally:
        await connection.close()
    yield BYTES.is_((sum(after.values()) - sum(before.values())) / closed)
    grown = sorted(((after[name] - before.get(name, 0)) / closed, name) for name in after)[::-1][:_LISTED]
    rows = [f"| {name} | {size:.0f} |" for size, name in grown]
    place.tables.append("\n".join(["| table, with its indexes | bytes per closed case |", "|---|---:|", *rows]))


async def _one(calls: ReturnCalls, number: str) -> None:
    await calls.whole(number)


async def _closed(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Wait until every case is over, and all that follows from it done."""

    async def nothing_under_way() -> bool | None:
        return True if await connection.fetchval(_UNDER_WAY) == 0 else None

    await eventually(nothing_under_way, "every case to be closed")


async def _sizes(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, int]:
    """The bytes of each table once what passes is gone."""
    for schema in SERVICES:
        await connection.execute(f"SET search_path TO {schema}")
        await connection.execute("DELETE FROM inbox")
        while any((await prune(connection, _LATER)).values()):
            pass
    await connection.execute("SET search_path TO workflow")
    await forget_operations(connection, timedelta(0))
    await connection.execute("VACUUM FULL")
    return {row["name"]: row["size"] for row in await connection.fetch(_BY_TABLE, list(SERVICES))}
