"""Writes that are sent together: one statement at the end of a block, instead of a round trip each."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

from services.kit.postgres import Connection


class _Write(NamedTuple):
    statement: str
    values: Sequence[Any]

    @property
    def row(self) -> tuple[str, Any] | None:
        """The row that an UPDATE changes, by its table and its first value; None for other writes."""
        table = _UPDATED.match(self.statement)
        return (table[1], self.values[0]) if table else None


_collected: ContextVar[tuple[Connection, list[_Write]] | None] = ContextVar("writes", default=None)


@asynccontextmanager
async def sent_together(connection: Connection) -> AsyncIterator[None]:
    """Send what is written with :func:`write` within the block at its end, in the caller's transaction; nothing of it where the block fails.

    Each of the writes sees the rows as they were before all of them, and so does what is read within the block, unless :func:`send` comes before it.
    A block within another on the same connection is part of it.
    """
    enclosing = _collected.get()
    if _of(connection) is not None:
        yield
        return
    _collected.set((connection, []))
    try:
        yield
        await send(connection)
    finally:
        _collected.set(enclosing)


async def write(connection: Connection, statement: str, *values: Any) -> None:
    """Run a plain INSERT, UPDATE or DELETE, or a SELECT of one function that writes: at the end of the block, at once where there is none.

    The first value of an UPDATE is its row's: a second change of a row sends the first before it.
    """
    collected = _of(connection)
    if collected is None:
        await connection.execute(statement, *values)
        return
    fresh = _Write(statement, values)
    if fresh.row is not None and any(waiting.row == fresh.row for waiting in collected):
        await send(connection)
    collected.append(fresh)


async def send(connection: Connection) -> None:
    """Send now what was collected, for somebody who reads it."""
    collected = _of(connection)
    if collected:
        statement = _together(tuple(waiting.statement for waiting in collected), tuple(len(waiting.values) for waiting in collected))
        values = [value for waiting in collected for value in waiting.values]
        collected.clear()
        await connection.execute(statement, *values)


def _of(connection: Connection) -> list[_Write] | None:
    """What was collected for a connection, None outside of a block."""
    found = _collected.get()
    return found[1] if found is not None and found[0] is connection else None


@cache
def _together(statements: Sequence[str], counts: Sequence[int]) -> str:
    """One statement that does what all do. PostgreSQL carries out every write of a WITH, but a SELECT only where somebody looks at it."""
    writes: list[str] = []
    calls: list[str] = []
    given = 0
    for statement, count in zip(statements, counts, strict=True):
        own = _renumbered(statement.strip(), given)
        (calls if _CALL.match(own) else writes).append(f"({own})")
        given += count
    clauses = ", ".join(f"write_{number} AS {own}" for number, own in enumerate(writes, 1))
    return f"{'WITH ' if writes else ''}{clauses} SELECT {', '.join(calls) or 'true'}"


def _renumbered(statement: str, given: int) -> str:
    """The statement with its parameters after so many others."""
    return _PARAMETER.sub(lambda place: f"${int(place[1]) + given}", statement)


_PARAMETER = re.compile(r"\$(\d+)")
_UPDATED = re.compile(r"\s*UPDATE\s+(\w+)", re.IGNORECASE)
_CALL = re.compile(r"SELECT\b", re.IGNORECASE)
