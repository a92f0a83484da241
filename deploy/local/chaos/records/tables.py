"""Looking for canaries in PostgreSQL: in every table that is no home of personal data."""

from collections.abc import Iterator
from typing import Any, Final

import asyncpg

from deploy.local.chaos.canaries import Canaries, Sighting

HOMES: Final = frozenset({"intake.case_texts", "logistics.contacts", "notifications.contacts", "notifications.messages"})
"""The tables that personal data belongs in: what customers wrote, where goods and mails go, and the mails as they were sent."""

_TABLES = """
SELECT table_schema || '.' || table_name FROM information_schema.tables
WHERE table_schema IN ('intake', 'workflow', 'logistics', 'notifications') AND table_type = 'BASE TABLE' ORDER BY 1
"""
_AT_ONCE = 500


async def look_into_tables(dsn: str, canaries: Canaries) -> list[Sighting]:
    """Every canary in a table that must not hold one, with the row's first column."""
    connection = await asyncpg.connect(dsn)
    found: list[Sighting] = []
    try:
        for (table,) in await connection.fetch(_TABLES):
            if table in HOMES:
                continue
            async with connection.transaction():
                async for row in connection.cursor(f"SELECT * FROM {table}", prefetch=_AT_ONCE):  # noqa: S608 - a name out of the catalogue
                    for column, value in row.items():
                        found += canaries.look(b" ".join(_bytes(value)), f"table {table}", f"column {column}, row {row[0]}")
    finally:
        await connection.close()
    return found


def _bytes(value: Any) -> Iterator[bytes]:
    """What of a value can say something."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, str):
        yield value.encode()
    elif isinstance(value, list):
        for item in value:
            yield from _bytes(item)
