"""A case process in skipped time, with scripted steps: start it, let time pass, tell it facts, see what it did when."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from contracts.case_state import CaseOutcome
from contracts.identifiers import CaseId, CustomerRef, OrderId
from contracts.scenes import Scene
from services.workflow.activities.approvals import ApprovalActivities
from services.workflow.activities.cases import CaseActivities
from services.workflow.activities.reships import ReshipActivities
from services.workflow.activities.returns import ReturnActivities
from services.workflow.cases import standing
from services.workflow.payloads.approval import ApprovalState
from services.workflow.payloads.case import CaseCard, CaseInput, CaseSignal, FactKind
from services.workflow.payloads.returns import Finding
from services.workflow.worker import WORKFLOW_RUNNER
from services.workflow.workflows.after_sales_case import AfterSalesCase
from services.workflow.workflows.reship_goods import ReshipGoods
from services.workflow.workflows.return_goods import ReturnGoods
from tests.support.builders import MERCHANT
from tests.support.scripted_steps import (
    UNITS,
    Pay,
    RefundPaidAtOnce,
    Script,
    ScriptedApprovals,
    ScriptedCase,
    ScriptedPaying,
    ScriptedReship,
    ScriptedReturn,
    not_said,
    paid,
)

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
        """Let time pass, and the processes do what falls due."""
        await self.idle()
        await self.environment.sleep(passes)
        await self.idle()

    async def idle(self) -> None:
        """Wait until no process of the case has anything in hand."""
        deadline = asyncio.get_running_loop().time() + 30
        while await self._busy(self.handle.id):
            assert asyncio.get_running_loop().time() < deadline, "the processes are still busy after 30 s"
            await asyncio.sleep(0.01)

    async def _busy(self, workflow_id: str) -> bool:
        client = self.environment.client
        request = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id))
        described = await client.workflow_service.describe_workflow_execution(request)
        if described.HasField("pending_workflow_task") or described.pending_activities:
            return True
        return any([await self._busy(child.workflow_id) for child in described.pending_children])

    async def hear(self, fact: FactKind, workflow_id: str | None = None, /, *, event_id: UUID | None = None, **data: Any) -> None:
        """Tell the process (or a child of it) a fact."""
        handle = self.handle if workflow_id is None else self.environment.client.get_workflow_handle(workflow_id)
        await self.idle()
        await handle.signal("deliver", CaseSignal(event_id=event_id or uuid4(), kind=fact, data=data))

    async def decide(self, state: ApprovalState, workflow_id: str | None = None, **more: Any) -> None:
        """Decide the newest approval, and ring."""
        approval_id = self.approvals.decide(state, **more)
        await self.hear(FactKind.APPROVAL_DECIDED, workflow_id, approval_id=str(approval_id))

    async def outcome(self) -> CaseOutcome:
        """How the case ends, however long it takes. Time passes only once what was heard is taken in: a timer must not fire into it."""
        await self.idle()
        return CaseOutcome((await self.handle.result()).outcome)

    async def details(self, workflow_id: str) -> str:
        """What the screen says of a process now."""
        handle = self.environment.client.get_workflow_handle(workflow_id)
        metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        return str(metadata.current_details)

    async def listed(self, workflow_id: str) -> tuple[Any, ...]:
        """What lists of processes say of one: its status, what it waits for, and whether that has a limit.

        Read from the history, since the test server cannot describe an attribute that is unset again.
        """
        shown: dict[str, Any] = {}
        for event in (await self.environment.client.get_workflow_handle(workflow_id).fetch_history()).events:
            for sent in (event.workflow_execution_started_event_attributes, event.upsert_workflow_search_attributes_event_attributes):
                shown |= {name: json.loads(payload.data or b"null") for name, payload in sent.search_attributes.indexed_fields.items()}
        return shown["CaseStatus"], shown["WaitingFor"], shown.get("DueAt") is not None

    def hours(self, name: str) -> list[float]:
        """When a step was made, in hours since the start."""
        return [round((at - self.started).total_seconds() / 3600, 2) for at in self.case.times(name)]


@asynccontextmanager
async def a_running_case(
    environment: WorkflowEnvironment,
    *plans: Script,
    finding: Finding = MATCH,
    answer: str | None = None,
    words: tuple[str, ...] = (),
    pay: Pay = paid,
    at_once: Pay = not_said,
    steps_within: bool = True,
    sparing: bool = True,
    pays_within: bool = True,
    timed_waits: bool = True,
    **options: Any,
) -> AsyncIterator[RunningCase]:
    """A case process whose assessments and choices give ``plans``, one after the other."""
    case, approvals, queue = ScriptedCase(list(plans), **options), ScriptedApprovals(), f"skipping-{uuid4().hex[:8]}"
    paying = ScriptedPaying(pay, at_once)
    activities = (
        *CaseActivities(case).all(),
        *ReturnActivities(ScriptedReturn(case, finding, answer)).all(),
        *ReshipActivities(ScriptedReship(case, list(words))).all(),
        *ApprovalActivities(approvals).all(),
        paying.try_refund,
        paying.pay_refund,
    )
    card = CaseCard(
        case_id=CaseId(uuid4()),
        merchant_id=MERCHANT,
        case_number="T-000001",
        order_id=OrderId(UUID(int=3)),
        order_number="545231",
        customer_ref=CustomerRef(UUID(int=4)),
        scene=Scene.FULFILMENT_MISSING_ITEM,
        currency="GBP",
        time_zone="Europe/London",
        steps_within=steps_within,
        sparing=sparing,
        pays_within=pays_within,
        timed_waits=timed_waits,
    )
    async with Worker(
        environment.client,
        task_queue=queue,
        workflows=[AfterSalesCase, ReturnGoods, ReshipGoods, RefundPaidAtOnce],
        activities=activities,
        workflow_runner=WORKFLOW_RUNNER,
    ):
        started = await environment.get_current_time()
        handle = await environment.client.start_workflow(
            AfterSalesCase.run, CaseInput(card=card), id=f"case/{card.case_id}", task_queue=queue
        )
        yield RunningCase(environment, handle, case, approvals, started, card)
