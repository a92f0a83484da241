"""What was decided and paid, over HTTP: the decisions of a case with their trace, the reconciliation with providers."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from contracts.decision_facts import Facts
from contracts.decision_result import Decision
from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.problems import Problem
from services.kit.tokens import ALL_MERCHANTS
from services.workflow.adapters.reconciliation import Reconciliation, reconcile
from services.workflow.api_context import Context, Staff, require_role
from services.workflow.ports import ProviderUnavailableError

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
    merchant_id = await context.pool.fetchval("SELECT merchant_id FROM cases WHERE case_id = $1", case_id)
    if merchant_id is None or not staff.may_see(merchant_id):
        raise Problem(404, "case_not_found", "There is no such case.", "Find it by its number at the intake service.")
    rows = await context.pool.fetch(_DECISIONS, case_id)
    return [DecisionItem.model_validate(dict(row)) for row in rows]


@router.get("/reconciliation")
async def reconciliation(
    context: Context,
    staff: Staff,
    provider: Annotated[str, Query(max_length=60)],
    since: date | None = None,
    until: date | None = None,
) -> Reconciliation:
    """Our settled submissions against the provider's own settlement list, by day in UTC (R-RFD-13). For finance of all merchants."""
    require_role(staff, Role.FINANCE)
    if ALL_MERCHANTS not in staff.merchants:
        raise Problem(403, "all_merchants_required", "A provider's list covers all merchants.", "It takes a token for all of them.")
    adapter = context.providers.named(provider)
    if adapter is None:
        raise Problem(
            404, "provider_not_found", "There is no such payment provider here.", f"Known: {', '.join(context.providers.names())}."
        )
    today = utc_now().date()
    try:
        return await reconcile(context.pool, adapter, since or today, until or today)
    except ProviderUnavailableError as error:
        raise Problem(503, "provider_unavailable", "The provider does not answer.", str(error), headers={"Retry-After": "5"}) from error


_DECISIONS = (
    "SELECT decision_id, policy_version, decided_at, facts, decision FROM decisions WHERE case_id = $1 ORDER BY decided_at, decision_id"
)
