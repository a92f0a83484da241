"""What was decided and paid, over HTTP: the decisions of a case with their trace, the reconciliation with providers."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from contracts.decision_facts import Facts
from contracts.decision_result import Decision
from services.workflow.adapters.packing import PACKING
from services.workflow.api_context import Context, Staff, merchant_of_case

router = APIRouter(prefix="/v1", tags=["records"])


class DecisionItem(BaseModel):
    """A decision as it was taken: what was known, what policy said to it, and why."""

    model_config = ConfigDict(frozen=True)

    decision_id: UUID
    policy_version: str
    decided_at: datetime
    facts: Facts
    decision: Decision


@router.get("/cases/{case_id}/decisions")
async def list_decisions(case_id: UUID, context: Context, staff: Staff) -> list[DecisionItem]:
    """The decisions of a case, oldest first, with their trace."""
    await merchant_of_case(context, staff, case_id)
    rows = await context.pool.fetch(_DECISIONS, case_id)
    return [DecisionItem.model_validate(PACKING.unpacked(row, "facts", "decision")) for row in rows]


_DECISIONS = (
    "SELECT decision_id, policy_version, decided_at, facts, decision FROM decisions WHERE case_id = $1 ORDER BY decided_at, decision_id"
)
