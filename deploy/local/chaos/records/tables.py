"""Looking for canaries in PostgreSQL: in every table that is no home of personal data."""

import zlib
from collections.abc import Iterator
from typing import Any, Final

import asyncpg
from pydantic_core import to_json

from deploy.local.chaos.canaries import Canaries, Sighting
from services.kit.packing import Packing

HOMES: Final = frozenset({"intake.case_texts", "logistics.contacts", "notifications.contacts", "notifications.messages"})
"""The tables that personal data belongs in: what customers wrote, where goods and mails go, and the mails as they were sent."""

_TABLES = """
SELECT table_schema || '.' || table_name FROM information_schema.tables
WHERE table_schema IN ('intake', 'workflow', 'logistics', 'notifications') AND table_type = 'BASE TABLE' ORDER BY 1
"""
_AT_ONCE = 500
_PACKINGS: Final = {schema: Packing.of(f"services.{schema}") for schema in ("intake", "workflow", "notifications")}


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
                        found += canaries.look(
                            b" ".join(contents(value, table.partition(".")[0])), f"table {table}", f"column {column}, row {row[0]}"
                        )
    finally:
        await connection.close()
    return found


def contents(value: Any, schema: str = "") -> Iterator[bytes]:
    """What of a column's value can say something; a document that the service of ``schema`` packed is unpacked."""
    if isinstance(value, bytes):
        yield value
        yield _unpacked(value, schema)
    elif isinstance(value, str):
        yield value.encode()
    elif isinstance(value, list):
        for item in value:
            yield from contents(item, schema)


def _unpacked(value: bytes, schema: str) -> bytes:
    """The JSON of a packed document, nothing where the bytes are something else."""
    try:
        return to_json(_PACKINGS[schema].unpack(value)) if schema in _PACKINGS else b""
    except (zlib.error, ValueError, IndexError):
        return b""
