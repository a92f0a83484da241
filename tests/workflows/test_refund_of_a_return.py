"""The refund of a return is tried within the return's process, and gets a process of its own once it has to wait (decision 11)."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any, NoReturn
from uuid import UUID, uuid4

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from contracts.case_state import CaseOutcome, OptionCode
from contracts.identifiers import rma_id_for
from services.workflow.cases import standing
from services.workflow.payloads.case import CaseSignal, FactKind
from services.workflow.payloads.refund import IssueRefundInput, RefundPhase, RefundSignal, RefundStep
from services.workflow.payloads.returns import Finding
from tests.support.case_process import RunningCase, a_running_case
from tests.support.scripted_steps import DAY, UNITS, Pay, a_refund, agreed, paid
from tests.support.waiting import eventually

MINUTE = timedelta(minutes=1)
RETURN = agreed(OptionCode.RETURN_REFUND)
REFUND = a_refund(UUID(int=9), 850)
WAITS = REFUND.model_copy(update={"tier": "waits"})
CHILD = EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
UPSERT = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
MARKER = EventType.EVENT_TYPE_MARKER_RECORDED
ACTIVITY = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED


def matching(refund: Any = REFUND) -> Finding:
    """All came back."""
    return Finding(result="match", accepted=UNITS, refund=refund, progress=standing.refunding())


def stands(phase: RefundPhase) -> Any:
    """A first step that leaves the refund there."""

    async def pay(_issue: IssueRefundInput) -> RefundStep:
        return RefundStep(phase=phase, amount_minor=850, attempt=1, code="account_closed")

    return pay


def return_of(case: RunningCase) -> WorkflowHandle[Any, Any]:
    """The return's process."""
    return case.environment.client.get_workflow_handle(f"return/{rma_id_for(case.card.case_id, 1)}")


def refund_of(case: RunningCase) -> WorkflowHandle[Any, Any]:
    """The refund's process."""
    return case.environment.client.get_workflow_handle(f"refund/{REFUND.refund_id}")


async def events_of(handle: WorkflowHandle[Any, Any]) -> Counter["EventType.ValueType"]:
    return Counter(event.event_type for event in (await handle.fetch_history()).events)


async def shows(case: RunningCase, words: str) -> bool:
    """Whether the return's screen says so."""
    return words in await case.details(return_of(case).id)


async def inspect(case: RunningCase) -> None:
    """The goods came back as agreed."""
    await case.after(DAY)
    await case.hear(FactKind.RETURN_INSPECTED, return_of(case).id)


async def test_a_refund_that_the_provider_settles_with_its_answer_is_one_event_of_the_return(skipping: WorkflowEnvironment) -> None:
    """Decision 12."""
    async with a_running_case(skipping, RETURN, finding=matching(), at_once=paid) as case:
        await inspect(case)
        assert await case.outcome() is CaseOutcome.REFUNDED
        events = await events_of(return_of(case))
        assert (events[ACTIVITY], events[CHILD]) == (0, 0)
        assert case.case.asks("complete")[0].refunded_minor == 850


async def test_a_refund_that_is_settled_soon_has_no_process_of_its_own(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, RETURN, finding=matching()) as case:
        await inspect(case)
        assert await case.outcome() is CaseOutcome.REFUNDED
        events = await events_of(return_of(case))
        assert (events[ACTIVITY], events[CHILD]) == (1, 0)
        with pytest.raises(RPCError, match="not found"):
            await refund_of(case).describe()


async def test_a_refund_that_finance_gave_up_by_its_first_step_is_given_up(skipping: WorkflowEnvironment) -> None:
    """R-RFD-09."""
    refused = REFUND.model_copy(update={"tier": "given_up"})
    async with a_running_case(skipping, RETURN, finding=matching(refused)) as case:
        await inspect(case)
        await case.after(MINUTE)
        assert "raise_owner:refund_given_up:supervisor" in case.case.names()
        assert (await events_of(return_of(case)))[CHILD] == 0


@pytest.mark.parametrize("phase", [RefundPhase.OPEN, RefundPhase.RETRY, RefundPhase.PERSON])
async def test_a_refund_that_has_to_wait_gets_its_process_and_is_settled_by_it(skipping: WorkflowEnvironment, phase: RefundPhase) -> None:
    async with a_running_case(skipping, RETURN, finding=matching(WAITS), pay=stands(phase)) as case:
        await inspect(case)
        await case.after(MINUTE)
        assert await case.listed(return_of(case).id) == ("executing", "refund", False)
        text = await case.details(return_of(case).id)
        assert f"child process `{refund_of(case).id}`" in text
        assert ("**Who must act:** finance" in text) == (phase is RefundPhase.PERSON)
        await refund_of(case).signal("outcome", RefundSignal(event_id=uuid4()))
        assert await case.outcome() is CaseOutcome.REFUNDED
        assert case.case.asks("complete")[0].refunded_minor == 850


async def test_a_process_that_finance_started_meanwhile_is_waited_for(skipping: WorkflowEnvironment) -> None:
    """R-RFD-09: what finance orders about a refund without a process starts one, maybe before the return does."""

    async def stuck_and_ordered(issue: IssueRefundInput) -> RefundStep:
        waits = issue.model_copy(update={"refund": WAITS})
        await skipping.client.start_workflow("IssueRefund", waits, id=f"refund/{REFUND.refund_id}", task_queue=activity.info().task_queue)
        return RefundStep(phase=RefundPhase.PERSON, code="account_closed")

    async with a_running_case(skipping, RETURN, finding=matching(), pay=stuck_and_ordered) as case:
        await inspect(case)
        await case.after(DAY)
        assert (await refund_of(case).describe()).status is WorkflowExecutionStatus.RUNNING
        assert "complete" not in case.case.names()
        await refund_of(case).signal("outcome", RefundSignal(event_id=uuid4()))
        assert await case.outcome() is CaseOutcome.REFUNDED


async def _fails(_issue: IssueRefundInput) -> NoReturn:
    raise ConnectionError("the database is away")


@pytest.mark.parametrize("pays_within", [True, False])
async def test_a_try_within_the_workflow_task_that_fails_is_left_to_the_activity(skipping: WorkflowEnvironment, pays_within: bool) -> None:
    """And a run that was started before makes none."""
    async with a_running_case(skipping, RETURN, finding=matching(), at_once=_fails, pays_within=pays_within) as case:
        await inspect(case)
        assert await case.outcome() is CaseOutcome.REFUNDED
        events = await events_of(return_of(case))
        assert (events[ACTIVITY], events[CHILD], events[MARKER]) == (1, 0, 3 if pays_within else 2)


async def _is_heard_of_no_more(_issue: IssueRefundInput) -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize("pay", [_fails, _is_heard_of_no_more])
async def test_a_first_step_that_fails_or_dies_with_its_worker_is_left_to_the_refunds_process(
    skipping: WorkflowEnvironment, pay: Pay
) -> None:
    async with a_running_case(skipping, RETURN, finding=matching(), pay=pay) as case:
        await inspect(case)
        assert await case.outcome() is CaseOutcome.REFUNDED
        events = await events_of(return_of(case))
        assert (events[ACTIVITY], events[CHILD]) == (1, 1)


async def test_a_withdrawal_while_the_refund_is_tried_leaves_it_to_its_process(skipping: WorkflowEnvironment) -> None:
    """R-CASE-05: money that is under way is not left lying; whether the case may still be withdrawn is for its row to say."""
    paying, never = asyncio.Event(), asyncio.Event()

    async def hangs(issue: IssueRefundInput) -> RefundStep:
        paying.set()
        await never.wait()
        return await paid(issue)

    async with a_running_case(skipping, RETURN, finding=matching(WAITS), pay=hangs) as case:
        await inspect(case)
        await paying.wait()
        await case.handle.signal("deliver", CaseSignal(event_id=uuid4(), kind=FactKind.WITHDRAWN))
        assert CaseOutcome((await case.handle.result()).outcome) is CaseOutcome.WITHDRAWN
        assert (await return_of(case).result())["withdrawn"] is True
        await refund_of(case).signal("outcome", RefundSignal(event_id=uuid4()))
        assert (await refund_of(case).result())["state"] == "settled"
        never.set()


async def test_news_while_the_refund_is_tried_is_shown_and_ends_nothing(skipping: WorkflowEnvironment) -> None:
    paying, told = asyncio.Event(), asyncio.Event()

    async def stuck(issue: IssueRefundInput) -> RefundStep:
        paying.set()
        await told.wait()
        return await paid(issue)

    async with a_running_case(skipping, RETURN, finding=matching(), pay=stuck) as case:
        await inspect(case)
        await paying.wait()
        await return_of(case).signal("deliver", CaseSignal(event_id=uuid4(), kind=FactKind.REFUND_NEEDS_PERSON))
        await eventually(lambda: shows(case, "**Who must act:** finance"), "the news on the screen")
        told.set()
        assert await case.outcome() is CaseOutcome.REFUNDED
        assert (await events_of(return_of(case)))[CHILD] == 0


async def test_a_run_that_was_started_before_goes_on_with_a_process_for_the_refund_and_shows_each_change(
    skipping: WorkflowEnvironment,
) -> None:
    async with a_running_case(skipping, RETURN, finding=matching(), sparing=False) as case:
        await inspect(case)
        assert await case.outcome() is CaseOutcome.REFUNDED
        events = await events_of(return_of(case))
        assert (events[ACTIVITY], events[CHILD], events[UPSERT]) == (0, 1, 2)
        assert (await events_of(case.handle))[UPSERT] == 4
