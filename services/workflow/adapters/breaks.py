"""Breaks as tasks for finance: opened when found, once however often; closed when a later look finds them gone; left alone once a person judged them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.identifiers import CaseId
from contracts.roles import Role
from services.kit.postgres import Connection, Pool, Record
from services.workflow.ports import WorkItems
from services.workflow.reconciliation.breaks import REASONS, Break, BreakKind

PREFIX = "reconciliation_"
"""How the kinds of these tasks begin."""


async def open_breaks(conn: Connection, work_items: WorkItems, found: Collection[Break], at: datetime) -> None:
    """A task for each break that has none. One that was thought gone and is back is open again.

    Looks at the same time wait for one another: their tasks lock the same cases. What is told of a case that is not here, as after a restore, is a task
    of its merchant alone.
    """
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('reconciliation', 0))")
    known = {row["case_id"] for row in await conn.fetch(_CASES, [each.case_id for each in found if each.case_id])}
    for each in sorted(found, key=lambda each: (str(each.case_id), str(each.break_id))):
        kind = PREFIX + each.kind.value
        if each.case_id is not None and each.case_id in known:
            await work_items.open(conn, each.break_id, CaseId(each.case_id), kind, Role.FINANCE, _detail(each))
        else:
            await conn.execute(_OPEN, each.break_id, each.merchant_id, kind, Role.FINANCE.value, _detail(each), at)
    await conn.execute(_REOPEN, [each.break_id for each in found])


async def close_breaks(
    conn: Connection, subject: str, since: date, until: date, found: Collection[Break], over: Collection[UUID], at: datetime
) -> int:
    """Close the tasks of these days that are breaks no longer, and those that today's records rule out (``over``). Returns how many."""
    closed = await conn.execute(_CLOSE, subject, since, until, [each.break_id for each in found], list(over), at)
    return int(closed.rpartition(" ")[2])


async def judged_breaks(conn: Connection, found: Collection[Break]) -> list[UUID]:
    """Which of the breaks a person has resolved."""
    query = "SELECT work_item_id FROM work_items WHERE work_item_id = ANY($1) AND state = 'done'"
    return [row["work_item_id"] for row in await conn.fetch(query, [each.break_id for each in found])]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakQuery:
    """Which breaks: open or done (None: both), of a subject, of merchants (None: of all, and those of no merchant), of days (both included)."""

    merchants: Sequence[str] | None
    state: str | None = None
    subject: str | None = None
    since: date | None = None
    until: date | None = None


async def listed_breaks(pool: Pool, wanted: BreakQuery, after: tuple[datetime | None, UUID | None], limit: int | None) -> list[Record]:
    """Breaks in the order in which they were found, after a position."""
    return await pool.fetch(_LIST, wanted.state, wanted.subject, wanted.merchants, wanted.since, wanted.until, *after, limit)


def reason_of(kind: str) -> str:
    """The reason of a break, in a sentence."""
    return REASONS[BreakKind(kind.removeprefix(PREFIX))]


def _detail(each: Break) -> dict[str, Any]:
    return each.model_dump(mode="json", exclude={"kind", "key", "merchant_id", "case_id"}, exclude_none=True)


_CASES = "SELECT case_id FROM cases WHERE case_id = ANY($1)"

_OPEN = """
INSERT INTO work_items (work_item_id, merchant_id, kind, role, detail, opened_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (work_item_id) DO NOTHING
"""

_REOPEN = """
UPDATE work_items SET state = 'open', resolved_at = NULL, resolved_by = NULL, resolution = NULL
WHERE work_item_id = ANY($1) AND state = 'done' AND resolved_by = 'system'
"""

_CLOSE = """
UPDATE work_items SET state = 'done', resolved_at = $6, resolved_by = 'system', resolution = 'reconciled'
WHERE state = 'open' AND kind LIKE 'reconciliation\\_%' AND detail ->> 'subject' = $1 AND work_item_id <> ALL($4)
    AND ((detail ->> 'day')::date BETWEEN $2 AND $3 OR work_item_id = ANY($5))
"""

_LIST = """
SELECT * FROM work_items
WHERE kind LIKE 'reconciliation\\_%' AND ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR detail ->> 'subject' = $2)
    AND ($3::text[] IS NULL OR merchant_id = ANY($3)) AND ($4::date IS NULL OR (detail ->> 'day')::date >= $4)
    AND ($5::date IS NULL OR (detail ->> 'day')::date <= $5) AND ($6::timestamptz IS NULL OR (opened_at, work_item_id) > ($6, $7::uuid))
ORDER BY opened_at, work_item_id LIMIT $8
"""
