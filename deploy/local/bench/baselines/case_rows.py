"""The rows of an opened case, written by hand in one asyncpg transaction: the least that accepting a case durably takes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from services.kit.postgres import Connection

_PATTERNS = {
    "cases": "SELECT * FROM cases WHERE case_id = $1::uuid",
    "case_lines": "SELECT * FROM case_lines WHERE case_id = $1::uuid",
    "outbox_sequence": "SELECT * FROM outbox_sequence WHERE key = $1::uuid::text",
    "outbox": "SELECT * FROM outbox WHERE key = $1::uuid::text",
    "idempotency_key": "SELECT * FROM idempotency_key WHERE headers->>'Location' = '/v1/cases/' || $1::uuid::text",
}
"""What ``POST /v1/cases`` writes for a case without words, in the order of writing."""
_GENERATED = {("outbox", "id")}
_NEW_ID = frozenset({"case_id", "order_id", "event_id"})
_NEW_TEXT = frozenset({"case_number", "key"})


@dataclass(frozen=True, slots=True)
class CaseRows:
    """One INSERT per table with the values of a case that the API accepted, but for ids, numbers and keys."""

    inserts: tuple[tuple[str, tuple[str, ...], tuple[Any, ...]], ...]

    @classmethod
    async def like(cls, connection: Connection, case_id: UUID) -> "CaseRows":
        """Take an accepted case as the pattern. Raises ``LookupError`` where it left no row in one of the tables."""
        inserts = []
        for table, pattern in _PATTERNS.items():
            row = await connection.fetchrow(pattern, case_id)
            if row is None:
                raise LookupError(f"the accepted case left no row in {table}")
            columns = tuple(name for name in row.keys() if (table, name) not in _GENERATED)  # noqa: SIM118 - a record yields values
            marks = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of the catalogue
            inserts.append((statement, columns, tuple(row[name] for name in columns)))
        return cls(tuple(inserts))

    async def write(self, connection: Connection) -> None:
        """Write them once more: one transaction, one statement per table."""
        new_id = uuid4()
        async with connection.transaction():
            for statement, columns, values in self.inserts:
                await connection.execute(statement, *(_value(name, value, new_id) for name, value in zip(columns, values, strict=True)))


def _value(name: str, value: Any, new_id: UUID) -> Any:
    return new_id if name in _NEW_ID else str(new_id) if name in _NEW_TEXT else value
