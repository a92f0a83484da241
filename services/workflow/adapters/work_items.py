"""Tasks for people: rows that somebody works off, and an event when one opens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.identifiers import CaseId
from contracts.progress import WaitingFor
from contracts.resolution_v1 import WorkItemOpened
from contracts.roles import Role
from services.kit.postgres import Connection
from services.workflow.adapters.cases import CaseBook
from services.workflow.cases import standing


class WorkItemBook:
    """The port ``WorkItems`` on PostgreSQL."""

    def __init__(self, cases: CaseBook) -> None:
        self._cases = cases

    async def open(
        self,
        conn: Connection,
        operation_id: UUID,
        case_id: CaseId,
        kind: str,
        role: Role,
        detail: dict[str, Any],
        *,
        workflow_id: str | None = None,
        due_at: datetime | None = None,
        holds_refund: bool = False,
    ) -> None:
        """Open a task and publish it; the same ``operation_id`` again changes nothing. ``detail`` holds ids, codes and numbers only.

        ``workflow_id`` is the process that waits for the task to be resolved, None where none does.
        ``holds_refund``: a case that waits for its refund now waits for finance.
        """
        case = await (self._cases.lock if holds_refund else self._cases.read)(conn, case_id)
        header, progress = case.header, case.progress
        fresh = await conn.fetchval(
            _OPEN, operation_id, case_id, header.merchant_id, header.case_number, kind, role.value, detail, workflow_id, due_at
        )
        if fresh is None:
            return
        held = holds_refund and progress.waiting_for is WaitingFor.REFUND
        if held:
            progress = standing.refund_with_finance(due_at)
        event = WorkItemOpened(**header.common(progress), work_item_id=operation_id, kind=kind, role=role)
        await self._cases.publish(conn, header, operation_id, [event], progress if held else None)

    async def is_done(self, conn: Connection, case_id: CaseId, work_item_id: UUID) -> bool:
        """Whether a task of the case was done by a person."""
        query = "SELECT true FROM work_items WHERE work_item_id = $1 AND case_id = $2 AND state = 'done'"
        return await conn.fetchval(query, work_item_id, case_id) is True


_OPEN = """
INSERT INTO work_items (work_item_id, case_id, merchant_id, case_number, kind, role, detail, workflow_id, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (work_item_id) DO NOTHING RETURNING true
"""
