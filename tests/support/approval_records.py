"""Approvals on a desk's records, opened and moved up as their process would."""

from typing import Any
from uuid import UUID, uuid4

from temporalio.testing import ActivityEnvironment

from contracts.case_v1 import CaseOpened
from contracts.identifiers import ApprovalId
from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.kit.clock import utc_now
from services.workflow.activities.approvals import ApprovalActivities
from services.workflow.adapters.approval_steps import PostgresApprovalSteps
from services.workflow.payloads.approval import ApprovalAsk, ApprovalMove, ApprovalOpening, ApprovalTimers
from tests.support.workflow_records import RecordsDesk


class Approvals:
    """Approvals of a desk, opened and moved up as their process would."""

    def __init__(self, desk: RecordsDesk) -> None:
        self.desk = desk
        self.activities = ApprovalActivities(PostgresApprovalSteps(desk.pool, desk.cases))

    async def opened(self, case: CaseOpened | None = None, **changes: Any) -> UUID:
        """An approval of a case (of its own unless given), as its process asks for it."""
        case = case or await self.desk.take()
        ask: dict[str, Any] = {
            "approval_id": ApprovalId(uuid4()),
            "case_id": case.case_id,
            "workflow_id": f"case/{case.case_id}",
            "kind": ApprovalKind.SPECIAL,
            "tier": Role.SUPERVISOR,
            "reason": "over_window",
            "rule": "R-AUTH-06",
            "amount_minor": 850,
            **changes,
        }
        opening = ApprovalOpening(ask=ApprovalAsk.model_validate(ask), timers=ApprovalTimers(), at=utc_now())
        view = await ActivityEnvironment().run(self.activities.open_approval, opening)
        return view.approval_id

    async def moved_up(self, approval_id: UUID, escalations: int = 0) -> Role:
        """Let its deadline pass; the tier it is with then."""
        move = ApprovalMove(approval_id=ApprovalId(approval_id), escalations=escalations, timers=ApprovalTimers(), at=utc_now())
        return (await ActivityEnvironment().run(self.activities.escalate_approval, move)).tier

    async def events(self, approval_id: UUID) -> list[str]:
        """The last words of the types of its events, in order."""
        rows = await self.desk.pool.fetch("SELECT event_type, value FROM outbox WHERE topic = 'aftersales.resolution.v1' ORDER BY id")
        return [row["event_type"].split(".")[2] for row in rows if str(approval_id).encode() in bytes(row["value"])]
