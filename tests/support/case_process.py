"""A case process in skipped time, with scripted steps: start it, let time pass, tell it facts, see what it did when."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from contracts.case_state import CaseOutcome
from contracts.identifiers import CaseId, OrderId, reship_id_for, rma_id_for
from contracts.scenes import Scene
from services.workflow.activities.approvals import ApprovalActivities
from services.workflow.activities.cases import CaseActivities
from services.workflow.activities.reships import ReshipActivities
from services.workflow.activities.returns import ReturnActivities
from services.workflow.cases import standing
from services.workflow.payloads.approval import ApprovalState
from services.workflow.payloads.case import CaseCard, CaseInput, CaseSignal, FactKind
from services.workflow.payloads.returns import Finding
from services.workflow.worker import workflow_runner
from services.workflow.workflows.after_sales_case import AfterSalesCase
from services.workflow.workflows.reship_goods import ReshipGoods
from services.workflow.workflows.return_goods import ReturnGoods
from tests.support.builders import MERCHANT
from tests.support.scripted_steps import UNITS, RefundPaidAtOnce, ScriptedApprovals, ScriptedCase, ScriptedReship, ScriptedReturn, Script

MATCH = Finding(result="match", accepted=UNITS, progress=standing.refunding())


@dataclass
class RunningCase:
    """A case process, its steps, and the hands to act on it."""

    environment: WorkflowEnvironment
    handle: WorkflowHandle[Any, Any]
    case: ScriptedCase
    approvals: ScriptedApprovals
    started: datetime
    card: CaseCard

    async def after(self, passes: timedelta) -> None:
        """Let time pass."""
        await self.environment.sleep(passes)

    async def hear(self, fact: FactKind, workflow_id: str | None = None, /, *, event_id: UUID | None = None, **data: Any) -> None:
        """Tell the process (or a child of it) a fact."""
        handle = self.handle if workflow_id is None else self.environment.client.get_workflow_handle(workflow_id)
        await handle.signal("deliver", CaseSignal(event_id=event_id or uuid4(), kind=fact, data=data))

    async def decide(self, state: ApprovalState, workflow_id: str | None = None, **more: Any) -> None:
        """Decide the newest approval, and ring."""
        approval_id = self.approvals.decide(state, **more)
        await self.hear(FactKind.APPROVAL_DECIDED, workflow_id, approval_id=str(approval_id))

    async def outcome(self) -> CaseOutcome:
        """How the case ends, however long it takes."""
        return CaseOutcome((await self.handle.result()).outcome)

    def hours(self, name: str) -> list[float]:
        """When a step was made, in hours since the start."""
        return [round((at - self.started).total_seconds() / 3600, 2) for at in self.case.times(name)]


@asynccontextmanager
async def a_running_case(
    environment: WorkflowEnvironment, *plans: Script, finding: Finding = MATCH, answer: str | None = None, words: tuple[str, ...] = (), **options: Any
) -> AsyncIterator[RunningCase]:
    """A case process whose assessments and choices give ``plans``, one after the other."""
    case, approvals, queue = ScriptedCase(list(plans), **options), ScriptedApprovals(), f"skipping-{uuid4().hex[:8]}"
    activities = (
        *CaseActivities(case).all(),
        *ReturnActivities(ScriptedReturn(case, finding, answer)).all(),
        *ReshipActivities(ScriptedReship(case, list(words))).all(),
        *ApprovalActivities(approvals).all(),
    )
    card = CaseCard(
        case_id=CaseId(uuid4()),
        merchant_id=MERCHANT,
        case_number="T-000001",
        order_id=OrderId(UUID(int=3)),
        order_number="545231",
        customer_ref=UUID(int=4),
        scene=Scene.FULFILMENT_MISSING_ITEM,
        currency="GBP",
        time_zone="Europe/London",
    )
    async with Worker(
        environment.client,
        task_queue=queue,
        workflows=[AfterSalesCase, ReturnGoods, ReshipGoods, RefundPaidAtOnce],
        activities=activities,
        workflow_runner=workflow_runner(),
    ):
        started = await environment.get_current_time()
        handle = await environment.client.start_workflow(AfterSalesCase.run, CaseInput(card=card), id=f"case/{card.case_id}", task_queue=queue)
        try:
            yield RunningCase(environment, handle, case, approvals, started, card)
        finally:  # a process left behind without a worker would hold the clock of the tests that follow
            for workflow_id in (handle.id, f"return/{rma_id_for(card.case_id, 1)}", f"reship/{reship_id_for(card.case_id, 1)}"):
                with suppress(RPCError):
                    await environment.client.get_workflow_handle(workflow_id).terminate()
