"""Breaks as tasks for finance: opened when found, once however often; closed when a later look finds them gone; left alone once a person judged them."""

from collections.abc import Collection, Sequence
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
    """A task for each break that has none. One that was thought gone and is back is open again."""
    for each in found:
        if each.case_id is None:
            await conn.execute(_OPEN, each.break_id, PREFIX + each.kind.value, Role.FINANCE.value, _detail(each), at)
        else:
            await work_items.open(conn, each.break_id, CaseId(each.case_id), PREFIX + each.kind.value, Role.FINANCE, _detail(each))
    await conn.execute(_REOPEN, [each.break_id for each in found])


async def close_breaks(
    conn: Connection, subject: str, since: date, until: date, found: Collection[Break], agreed: Collection[UUID], at: datetime
) -> int:
    """Close the tasks of these days, and of payments that agree now, which are breaks no longer. Returns how many."""
    closed = await conn.execute(_CLOSE, subject, since, until, [each.break_id for each in found], [str(each) for each in agreed], at)
    return int(closed.rpartition(" ")[2])


async def listed_breaks(pool: Pool, state: str | None, subject: str | None, merchants: Sequence[str] | None, limit: int) -> list[Record]:
    """Breaks, oldest first; those of no merchant only for who sees all of them (``merchants`` None)."""
    return await pool.fetch(_LIST, state, subject, merchants, limit)


def reason_of(kind: str) -> str:
    """The reason of a break, in a sentence."""
    return REASONS[BreakKind(kind.removeprefix(PREFIX))]


def _detail(each: Break) -> dict[str, Any]:
    return each.model_dump(mode="json", exclude={"kind", "key", "merchant_id", "case_id"}, exclude_none=True)


_OPEN = """
INSERT INTO work_items (work_item_id, kind, role, detail, opened_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (work_item_id) DO NOTHING
"""

_REOPEN = """
UPDATE work_items SET state = 'open', resolved_at = NULL, resolved_by = NULL, resolution = NULL
WHERE work_item_id = ANY($1) AND state = 'done' AND resolved_by = 'system'
"""

_CLOSE = """
UPDATE work_items SET state = 'done', resolved_at = $6, resolved_by = 'system', resolution = 'reconciled'
WHERE state = 'open' AND kind LIKE 'reconciliation\\_%' AND detail ->> 'subject' = $1 AND work_item_id <> ALL($4)
    AND ((detail ->> 'day')::date BETWEEN $2 AND $3 OR detail ->> 'submission_id' = ANY($5))
"""

_LIST = """
SELECT * FROM work_items
WHERE kind LIKE 'reconciliation\\_%' AND ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR detail ->> 'subject' = $2)
    AND ($3::text[] IS NULL OR merchant_id = ANY($3))
ORDER BY opened_at, work_item_id LIMIT $4
"""
