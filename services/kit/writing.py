"""Writes that are sent together: one statement at the end of a block, instead of a round trip each."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from services.kit.postgres import Connection


class _Target(NamedTuple):
    """What a statement writes to; None for the call of a function."""

    table: str | None
    inserts: bool


class _Write(NamedTuple):
    statement: str
    values: Sequence[Any]

    def goes_with(self, earlier: "_Write") -> bool:
        """Whether both may be parts of one statement: they write to two tables, or this one adds rows that the earlier change does not see."""
        own, other = _target(self.statement), _target(earlier.statement)
        return own.table is None or own.table != other.table or (own.inserts and not other.inserts)


@dataclass(slots=True)
class _Block:
    connection: Connection
    waiting: list[_Write] = field(default_factory=list)
    ended: bool = False


_block: ContextVar[_Block | None] = ContextVar("block", default=None)


@asynccontextmanager
async def sent_together(connection: Connection) -> AsyncIterator[None]:
    """Send what is written with :func:`write` within the block at its end, in the caller's transaction; nothing of it where the block fails.

    Each of the writes sees the rows as they were before all of them, and so does what is read within the block, unless :func:`send` comes before it.
    A block within another on the same connection is part of it.
    """
    if _of(connection) is not None:
        yield
        return
    enclosing, block = _block.get(), _Block(connection)
    _block.set(block)
    try:
        yield
        await send(connection)
    finally:
        block.ended = True
        _block.set(enclosing)


async def write(connection: Connection, statement: str, *values: Any) -> None:
    """Run a plain INSERT, UPDATE or DELETE, or a SELECT of one function that writes: at the end of the block, at once where there is none.

    PostgreSQL carries out one change of a row per statement, and says nothing of a second. So whoever writes to a table for the second time has what is waiting
    sent before; only an INSERT may follow a change of its table.
    """
    block = _of(connection)
    if block is None:
        await connection.execute(statement, *values)
        return
    fresh = _Write(statement, values)
    if not all(fresh.goes_with(earlier) for earlier in block.waiting):
        await send(connection)
    block.waiting.append(fresh)


async def send(connection: Connection) -> None:
    """Send now what is waiting, for somebody who reads it."""
    block = _of(connection)
    if block is not None and block.waiting:
        writes, block.waiting = block.waiting, []
        statement = _together(tuple(each.statement for each in writes), tuple(len(each.values) for each in writes))
        await connection.execute(statement, *(value for each in writes for value in each.values))


def _of(connection: Connection) -> _Block | None:
    """The block of a connection, None outside of one."""
    block = _block.get()
    return block if block is not None and block.connection is connection and not block.ended else None


@lru_cache(maxsize=256)
def _together(statements: Sequence[str], counts: Sequence[int]) -> str:
    """One statement that does what all do. PostgreSQL carries out every write of a WITH, but a SELECT only where somebody looks at it."""
    writes: list[str] = []
    calls: list[str] = []
    given = 0
    for statement, count in zip(statements, counts, strict=True):
        own = _renumbered(statement.strip(), given)
        (writes if _TABLE.match(own) else calls).append(f"({own})")
        given += count
    clauses = ", ".join(f"write_{number} AS {own}" for number, own in enumerate(writes, 1))
    return f"{'WITH ' if writes else ''}{clauses} SELECT {', '.join(calls) or 'true'}"


def _renumbered(statement: str, given: int) -> str:
    """The statement with its parameters after so many others."""
    return _PARAMETER.sub(lambda place: f"${int(place[1]) + given}", statement)


@lru_cache(maxsize=256)
def _target(statement: str) -> _Target:
    found = _TABLE.match(statement)
    return _Target(None, inserts=False) if found is None else _Target(found["table"], inserts=found["insert"] is not None)


_PARAMETER = re.compile(r"\$(\d+)")
_TABLE = re.compile(r"\s*(?:(?P<insert>INSERT INTO)|UPDATE|DELETE FROM)\s+(?P<table>\w+)")
