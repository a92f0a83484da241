"""The quarantine: records that cannot be processed, raw and with their reason, and behind each the later ones of its key, held in order.

A row is open until it is replayed or dropped. While a key has open rows, nothing of it is processed except from here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.topics import Topic
from services.kit import metrics
from services.kit.postgres import Connection, Pool
from services.kit.postgres import Record as Row
from services.kit.records import Kind, Problem, Record
from services.kit.redaction import mask_text

_INSERT = """
INSERT INTO quarantine (topic, partition, "offset", record_time, key, value, header_names, header_values, hold_key, event_id, kind, reason,
                        replay_requested_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
        (SELECT max(replay_requested_at) FROM quarantine WHERE topic = $1 AND hold_key = $9 AND resolved_at IS NULL))
ON CONFLICT (topic, partition, "offset", record_time) DO NOTHING
"""

_OPEN = "resolved_at IS NULL"

HELD_KEYS = (
    f"SELECT hold_key FROM quarantine WHERE topic = {{topic}} AND hold_key = ANY({{keys}}::text[]) AND {_OPEN} ORDER BY id FOR UPDATE"  # noqa: S608 - a constant
)
"""The keys among ``keys`` that have open rows. Waits for a replay of them that is under way, so that none is judged by a passing state."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record on its way into quarantine; ``hold_key`` is None where it must not hold back anything."""

    record: Record
    hold_key: str | None
    event_id: UUID | None
    problem: Problem


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row of the quarantine."""

    id: int
    record: Record
    hold_key: str | None
    event_id: UUID | None
    kind: Kind
    reason: str
    quarantined_at: datetime
    attempts: int
    replay_requested_at: datetime | None
    resolution: str | None
    resolution_reason: str | None


async def insert(connection: Connection, entries: Iterable[Entry]) -> None:
    """Put records into quarantine, in order. A record that is there already is left alone."""
    arguments = [
        (
            entry.record.topic.value,
            entry.record.partition,
            entry.record.offset,
            entry.record.time,
            entry.record.key,
            entry.record.value,
            [_storable(name) for name, _value in entry.record.headers],
            [value for _name, value in entry.record.headers],
            entry.hold_key,
            entry.event_id,
            entry.problem.kind.value,
            _storable(mask_text(entry.problem.reason)),
        )
        for entry in entries
    ]
    if arguments:
        await connection.executemany(_INSERT, arguments)


def count(entries: Iterable[Entry]) -> None:
    """Count what :func:`insert` wrote; to be called after the commit."""
    for entry in entries:
        metrics.EVENTS_QUARANTINED.labels(entry.record.topic, entry.problem.kind).inc()


async def find(
    pool: Pool, *, topic: str | None = None, key: str | None = None, resolved: bool = False, limit: int = 100
) -> list[Quarantined]:
    """Rows in order, the open ones only unless ``resolved``."""
    rows = await pool.fetch(
        f"SELECT * FROM quarantine WHERE ($1::text IS NULL OR topic = $1) AND ($2::text IS NULL OR hold_key = $2) AND ({_OPEN} OR $3) ORDER BY id LIMIT $4",  # noqa: S608 - a constant
        topic,
        key,
        resolved,
        limit,
    )
    return [from_row(row) for row in rows]


async def get(pool: Pool, row_id: int) -> Quarantined | None:
    """One row, or None."""
    row = await pool.fetchrow("SELECT * FROM quarantine WHERE id = $1", row_id)
    return from_row(row) if row else None


async def request_replay(connection: Connection, *, row_id: int | None = None, key: str | None = None) -> int:
    """Ask the running service to replay: the row's whole key, the ``key``, or (both None) everything open. Returns the number of rows."""
    status = await connection.execute(
        f"""
        UPDATE quarantine AS wanted SET replay_requested_at = now()
        WHERE {_OPEN} AND ($2::text IS NULL OR hold_key = $2) AND ($1::bigint IS NULL OR id = $1 OR (topic, hold_key) =
              (SELECT chosen.topic, chosen.hold_key FROM quarantine AS chosen WHERE chosen.id = $1))
        """,  # noqa: S608 - a constant
        row_id,
        key,
    )
    return int(status.split()[-1])


async def waiting_for_replay(pool: Pool) -> int:
    """How many open rows are still to be replayed."""
    return int(await pool.fetchval(f"SELECT count(*) FROM quarantine WHERE {_OPEN} AND replay_requested_at IS NOT NULL"))  # noqa: S608 - a constant


async def drop(connection: Connection, row_id: int, reason: str) -> Quarantined | None:
    """Give one row up, for a reason that stays on record; what it held back is replayed. Returns the row, or None if it is not open."""
    row = await connection.fetchrow(
        f"UPDATE quarantine SET resolved_at = now(), resolution = 'dropped', resolution_reason = $2 WHERE id = $1 AND {_OPEN} RETURNING *",  # noqa: S608 - a constant
        row_id,
        reason,
    )
    if row is None:
        return None
    if row["hold_key"] is not None:
        await connection.execute(
            f"UPDATE quarantine SET replay_requested_at = now() WHERE topic = $1 AND hold_key = $2 AND {_OPEN}",  # noqa: S608 - a constant
            row["topic"],
            row["hold_key"],
        )
    return from_row(row)


def from_row(row: Row) -> Quarantined:
    """A row of the table as an object."""
    record = Record(
        topic=Topic(row["topic"]),
        partition=row["partition"],
        offset=row["offset"],
        time=row["record_time"],
        key=row["key"],
        value=row["value"],
        headers=tuple(zip(row["header_names"], row["header_values"], strict=True)),
    )
    plain: dict[str, Any] = {
        name: row[name]
        for name in (
            "id",
            "hold_key",
            "event_id",
            "reason",
            "quarantined_at",
            "attempts",
            "replay_requested_at",
            "resolution",
            "resolution_reason",
        )
    }
    return Quarantined(record=record, kind=Kind(row["kind"]), **plain)


def _storable(text: str) -> str:
    """What PostgreSQL's ``text`` can hold: no NUL, no lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
