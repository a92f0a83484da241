"""The durable record of one sandbox server: a single SQLite file in write-ahead mode.

With ``synchronous=NORMAL`` a commit is in the operating system before it returns, so the death of the process loses nothing; a loss of power may
cost the last commits, which is what a sandbox may lose. One connection, used on the event loop only: statements are short, and two
handlers never interleave between a read and its commit.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

_SETTINGS = "CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


class Store:
    """A SQLite file with its schema applied. Schemas are written to be applied again (``IF NOT EXISTS``)."""

    def __init__(self, path: Path, *schemas: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=5)
        self._db.row_factory = _as_dict
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "cache_size = -16000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript("".join((_SETTINGS, *schemas)))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: committed at the end of the block, rolled back if it raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that can fail without taking the rest with it."""
        self._db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO part")
            self._db.execute("RELEASE part")
            raise
        self._db.execute("RELEASE part")

    def all(self, sql: str, values: Sequence[Any] | Row = ()) -> list[Row]:
        """Every row a statement returns."""
        rows: list[Row] = self._db.execute(sql, values).fetchall()
        return rows

    def one(self, sql: str, values: Sequence[Any] | Row = ()) -> Row | None:
        """The first row a statement returns, or None."""
        row: Row | None = self._db.execute(sql, values).fetchone()
        return row

    def run(self, sql: str, values: Sequence[Any] | Row = ()) -> int:
        """Execute a statement; the number of rows it touched."""
        return self._db.execute(sql, values).rowcount

    def insert(self, sql: str, values: Sequence[Any] | Row = ()) -> int:
        """Execute an INSERT; the row id it assigned."""
        return self._db.execute(sql, values).lastrowid or 0

    def setting(self, name: str) -> str | None:
        """A value kept over restarts, or None if it was never set."""
        row = self.one("SELECT value FROM setting WHERE name = ?", (name,))
        return None if row is None else str(row["value"])

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a value over restarts."""
        self.run("INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value))

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        self._db.close()
