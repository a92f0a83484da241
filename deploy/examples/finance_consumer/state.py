"""The books in one SQLite file: the inbox, the journal, what was set aside. The caller's transaction makes effect and inbox row one.

Errors: :class:`OtherModeError` where the file was made for other merchants; :class:`EntryConflictError` where an entry is there with other lines.
"""

import json
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from contracts.envelope import Envelope
from deploy.examples.finance_consumer.journal import Entry, UnbookableError
from deploy.examples.finance_consumer.record import Record

Mode = Literal["live", "test", "all"]
"""Whose events are booked: those of live merchants, of test merchants, or of both."""


class OtherModeError(ValueError):
    """A file holds the books of one mode: test money and real money are not mixed by mistake."""

    def __init__(self, made_for: str, asked: str) -> None:
        super().__init__(f"this file holds the books of mode {made_for!r}, not {asked!r}: use another file for them")


class EntryConflictError(UnbookableError):
    """Another event has booked an entry of the same id with other lines."""


class State:
    """The books. Amounts are minor units; every method but the reading ones belongs into :meth:`transaction`."""

    def __init__(self, connection: sqlite3.Connection, mode: Mode) -> None:
        self._db = connection
        self.mode = mode

    @classmethod
    @contextmanager
    def opened(cls, path: Path, mode: Mode | None = None) -> Iterator["State"]:
        """The books in a file, made if there is none. ``mode`` None: the file's own, or live where it is new. Raises :class:`OtherModeError`."""
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(_SCHEMA)
            connection.execute("INSERT INTO made_for SELECT ? WHERE NOT EXISTS (SELECT 1 FROM made_for)", (mode or "live",))
            (made_for,) = connection.execute("SELECT mode FROM made_for").fetchone()
            if mode is not None and made_for != mode:
                raise OtherModeError(made_for, mode)
            yield cls(connection, made_for)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, on disk when it is left, or nothing of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def is_new(self) -> bool:
        """Whether nothing was ever read into it."""
        return not self.rows("SELECT 1 FROM inbox UNION ALL SELECT 1 FROM aside LIMIT 1")

    def is_done(self, event_id: UUID) -> bool:
        """Whether the event had its effect already. What was set aside had none, and gets another chance with each replay."""
        return bool(self.rows("SELECT 1 FROM inbox WHERE event_id = ? AND outcome <> 'aside'", str(event_id)))

    def skip(self, envelope: Envelope) -> None:
        """An event without an effect on the books."""
        self._in_inbox(envelope, "skipped")

    def book(self, envelope: Envelope, entry: Entry) -> None:
        """An event and the entry it brings; an entry that is there already is not booked again. Raises :class:`EntryConflictError`."""
        lines = [(line.account, line.amount_minor, line.tax_rate_ppm, line.memo) for line in entry.lines]
        known = self.rows("SELECT currency FROM entries WHERE entry_id = ?", str(entry.entry_id))
        if known:
            there = self.rows(
                "SELECT account, amount_minor, tax_rate_ppm, memo FROM lines WHERE entry_id = ? ORDER BY line", str(entry.entry_id)
            )
            if there != lines or known != [(entry.currency,)]:
                raise EntryConflictError(f"entry {entry.entry_id} is in the books with other lines")
        else:
            self._db.execute(_ENTRY, (*map(str, _head(entry)), entry.test, str(entry.refund_id) if entry.refund_id else None))
            numbered = [(str(entry.entry_id), number, *line) for number, line in enumerate(lines, 1)]
            self._db.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?)", numbered)
        self._in_inbox(envelope, "booked")

    def set_aside(self, record: Record, envelope: Envelope | None, reason: str) -> None:
        """Keep a record that cannot be taken, as it came, with the reason. ``envelope`` is None where it has none that can be read."""
        place = f"{record.topic}/{record.partition}/{record.offset}"
        headers = json.dumps([[name, value if value is None else b64encode(value).decode()] for name, value in record.headers])
        name = str(envelope.id) if envelope else place
        self._db.execute("INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?, ?, ?)", (name, place, reason, record.key, record.value, headers))
        if envelope:
            self._note(envelope, "aside")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a question to the books answers."""
        return self._db.execute(query, values).fetchall()

    def _in_inbox(self, envelope: Envelope, outcome: str) -> None:
        self._db.execute("DELETE FROM aside WHERE record = ?", (str(envelope.id),))
        self._note(envelope, outcome)

    def _note(self, envelope: Envelope, outcome: str) -> None:
        self._db.execute(_INBOX, (str(envelope.id), envelope.subject, envelope.sequence, envelope.type, outcome))


def _head(entry: Entry) -> tuple[object, ...]:
    return (
        *(entry.entry_id, entry.kind, entry.date, entry.merchant_id, entry.currency),
        *(entry.order_id, entry.order_number, entry.case_number, entry.document),
    )


_SCHEMA: Final = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS made_for (mode TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inbox (event_id TEXT PRIMARY KEY, key TEXT NOT NULL, sequence INTEGER NOT NULL, event_type TEXT NOT NULL, outcome TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS inbox_sequence ON inbox (key, sequence);
CREATE TABLE IF NOT EXISTS entries (
    entry_id TEXT PRIMARY KEY, kind TEXT NOT NULL, date TEXT NOT NULL, merchant_id TEXT NOT NULL, currency TEXT NOT NULL, order_id TEXT NOT NULL,
    order_number TEXT NOT NULL, case_number TEXT NOT NULL, document TEXT NOT NULL, test INTEGER NOT NULL, refund_id TEXT
);
CREATE TABLE IF NOT EXISTS lines (
    entry_id TEXT NOT NULL, line INTEGER NOT NULL, account TEXT NOT NULL, amount_minor INTEGER NOT NULL, tax_rate_ppm INTEGER, memo TEXT NOT NULL,
    PRIMARY KEY (entry_id, line)
);
CREATE TABLE IF NOT EXISTS aside (record TEXT PRIMARY KEY, place TEXT NOT NULL, reason TEXT NOT NULL, key BLOB, value BLOB, headers TEXT NOT NULL);
"""

_ENTRY: Final = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_INBOX: Final = """
INSERT INTO inbox VALUES (?, ?, ?, ?, ?)
ON CONFLICT (event_id) DO UPDATE SET key = excluded.key, sequence = excluded.sequence, event_type = excluded.event_type, outcome = excluded.outcome
"""
