"""What lists of processes say of a process: at each wait what it waits for, and one change for each wait (decision 11)."""

from datetime import timedelta
from uuid import UUID

from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment

from contracts.case_state import CaseOutcome, OptionCode
from contracts.decision_result import ApprovalNeed
from contracts.identifiers import reship_id_for, rma_id_for
from contracts.roles import Role
from services.workflow.cases import standing
from services.workflow.payloads.approval import ApprovalState
from services.workflow.payloads.case import FactKind
from services.workflow.payloads.returns import Finding
from tests.support.case_process import RunningCase, a_running_case
from tests.support.scripted_steps import DAY, HOUR, UNITS, a_refund, agreed, chosen, evidence, offer, owner, review

MINUTE = timedelta(minutes=1)
PAID = Finding(result="match", accepted=UNITS, refund=a_refund(UUID(int=9), 850), progress=standing.refunding())
NEED = ApprovalNeed(tier=Role.SUPERVISOR, reason="amount", rule="R-AUTH-02")


async def changes_of(case: RunningCase, workflow_id: str) -> int:
    """How often lists were told of something."""
    events = (await case.environment.client.get_workflow_handle(workflow_id).fetch_history()).events
    return sum(event.event_type == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES for event in events)


async def test_a_straight_return_is_listed_with_each_of_its_waits(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, agreed(OptionCode.RETURN_REFUND), finding=PAID) as case:
        process, child = case.handle.id, f"return/{rma_id_for(case.card.case_id, 1)}"
        for kind, status, waiting_for in (
            (None, "awaiting_return", "return_shipment"),
            (FactKind.RETURN_IN_TRANSIT, "return_in_transit", "return_arrival"),
            (FactKind.RETURN_RECEIVED, "return_received", "inspection"),
        ):
            if kind is not None:
                await case.hear(kind, child)
            await case.after(DAY)
            assert await case.listed(child) == (status, waiting_for, True)
            assert await case.listed(process) == ("agreed", "return", False)
        await case.hear(FactKind.RETURN_INSPECTED, child)
        await case.after(MINUTE)
        assert await case.listed(process) == ("confirming", "confirmation", True)
        assert await case.outcome() is CaseOutcome.REFUNDED
        assert await case.listed(process) == ("closed", "nothing", False)
        assert (await changes_of(case, child), await changes_of(case, process)) == (3, 3)


async def test_a_case_is_listed_with_who_it_waits_for_from_the_evidence_to_the_approval(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, evidence, review, offer, chosen(NEED)) as case:
        for kind, waits in (
            (None, ("evidence_pending", "evidence", True)),
            (FactKind.EVIDENCE_ADDED, ("under_review", "review", True)),
            (FactKind.EVIDENCE_REVIEWED, ("offer_pending", "choice", True)),
            (FactKind.OPTION_CHOSEN, ("approval_pending", "approval", True)),
        ):
            if kind is FactKind.EVIDENCE_ADDED:
                await case.hear(kind, kind="photo", shows="goods")
            elif kind is not None:
                await case.hear(kind)
            await case.after(MINUTE)
            assert await case.listed(case.handle.id) == waits
        await case.decide(ApprovalState.GRANTED)
        await case.after(MINUTE)
        assert await case.listed(case.handle.id) == ("confirming", "confirmation", True)


async def test_a_case_with_its_owner_and_a_reshipment_are_listed_so(skipping: WorkflowEnvironment) -> None:
    plans = (agreed(OptionCode.RESHIP_NO_RETURN), owner("three_rejected_offers"))
    async with a_running_case(skipping, *plans, words=("out_of_stock",)) as case:
        child = f"reship/{reship_id_for(case.card.case_id, 1)}"
        await case.after(HOUR)
        assert await case.listed(child) == ("agreed", "reshipment", True)
        assert await case.listed(case.handle.id) == ("agreed", "reshipment", False)
        await case.hear(FactKind.RESHIPMENT_FAILED, child)
        await case.after(MINUTE)
        assert await case.listed(case.handle.id) == ("under_review", "review", True)


async def test_a_withdrawn_case_is_listed_as_cancelled(skipping: WorkflowEnvironment) -> None:
    """R-CASE-05."""
    async with a_running_case(skipping, offer) as case:
        await case.after(HOUR)
        await case.hear(FactKind.WITHDRAWN)
        assert await case.outcome() is CaseOutcome.WITHDRAWN
        assert await case.listed(case.handle.id) == ("cancelled", "nothing", False)
