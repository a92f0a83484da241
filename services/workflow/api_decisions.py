"""Past decisions over HTTP, page by page, so that somebody can look what another policy would have said to the same facts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from contracts.decision_result import NextStep
from services.kit.paging import Page
from services.workflow.adapters.packing import PACKING
from services.workflow.api_context import Context, Cursor, Limit, Staff, page_of, position, visible_merchants
from services.workflow.api_records import DecisionItem

router = APIRouter(prefix="/v1", tags=["records"])


class PastDecision(DecisionItem):
    """A decision with the case it was taken for."""

    case_id: UUID
    case_number: str
    merchant_id: str


@router.get("/decisions")
async def list_past_decisions(
    context: Context,
    staff: Staff,
    since: Annotated[AwareDatetime | None, Query(description="Taken at this moment or later.")] = None,
    merchant_id: str | None = None,
    next_step: Annotated[NextStep | None, Query(description="Only decisions that led to this step, such as offer.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PastDecision]:
    """The decisions of your merchants' cases, oldest first, each with its facts and its trace."""
    after, last = position(cursor)
    start: datetime | None = since
    rows = await context.pool.fetch(
        _LIST, visible_merchants(staff, merchant_id), start, next_step.value if next_step else None, after, last, limit + 1
    )
    return page_of([PACKING.unpacked(row, "facts", "decision") for row in rows], limit, PastDecision, "decided_at", "decision_id")


_LIST = """
SELECT decision_id, decisions.policy_version, decided_at, facts, decision, decisions.case_id, case_number, decisions.merchant_id
FROM decisions JOIN cases USING (case_id)
WHERE ($1::text[] IS NULL OR decisions.merchant_id = ANY($1)) AND ($2::timestamptz IS NULL OR decided_at >= $2)
    AND ($3::text IS NULL OR next_step = $3)
    AND ($4::timestamptz IS NULL OR (decided_at, decision_id) > ($4, $5::uuid))
ORDER BY decided_at, decision_id LIMIT $6
"""
