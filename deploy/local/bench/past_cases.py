"""A past: many closed cases, made of the rows that some real ones left, under new ids."""

import asyncpg

from deploy.local.provision.postgres import SERVICES

_COLUMNS = """
SELECT c.relname AS table, a.attname AS name, t.typname AS type FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_type AS t ON t.oid = a.atttypid
WHERE n.nspname = $1 AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
ORDER BY c.relname, a.attnum
"""
_KEPT_ONCE = frozenset(
    {"service_version", "kit_version", "case_counters", "credit_note_numbers", "delivery", "outbox", "inbox", "idempotency_key", "stock"}
)
"""Counters, versions, and what passes: a past does not have it twice."""
_NUMBERS = frozenset({"case_number", "number", "order_number", "waybill", "key", "reference"})
"""Texts that tell cases apart."""


async def multiply_past(connection: "asyncpg.Connection[asyncpg.Record]", times: int) -> None:
    """Copy every row of every case that is on record so many times. The same id becomes the same new id in all tables, so the copies belong together."""
    await connection.execute("SET session_replication_role = replica")  # the copies refer to one another as the rows do
    try:
        for schema in SERVICES:
            columns: dict[str, list[tuple[str, str]]] = {}
            for row in await connection.fetch(_COLUMNS, schema):
                columns.setdefault(row["table"], []).append((row["name"], row["type"]))
            for table, pairs in columns.items():
                if table not in _KEPT_ONCE:
                    await connection.execute(_copy(f"{schema}.{table}", pairs, times))
    finally:
        await connection.execute("RESET session_replication_role")
    await connection.execute("ANALYZE")


def _copy(table: str, columns: list[tuple[str, str]], times: int) -> str:
    names = ", ".join(f'"{name}"' for name, _ in columns)
    values = ", ".join(_value(name, kind) for name, kind in columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {table}, generate_series(1, {times}) AS copy (n) ON CONFLICT DO NOTHING"  # noqa: S608 - names of the catalogue


def _value(name: str, kind: str) -> str:
    if kind == "uuid":
        return f'md5("{name}"::text || copy.n)::uuid'
    return f"\"{name}\" || '-' || copy.n" if kind == "text" and name in _NUMBERS else f'"{name}"'
