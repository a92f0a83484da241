"""What the return process does with time: hand-in, arrival, inspection, dispute (R-RTN-02 to R-RTN-06)."""

from datetime import timedelta
from uuid import UUID

from temporalio.testing import WorkflowEnvironment

from contracts.case_state import CaseOutcome, OptionCode
from contracts.identifiers import reship_id_for, rma_id_for
from services.workflow.cases import standing
from services.workflow.payloads.approval import ApprovalState, Ruling
from services.workflow.payloads.case import FactKind, Word
from services.workflow.payloads.returns import Finding
from tests.support.case_process import RunningCase, a_running_case
from tests.support.scripted_steps import DAY, HOUR, REQUEST, UNITS, a_refund, agreed, owner

RETURN = agreed(OptionCode.RETURN_REFUND)
MINUTE = timedelta(minutes=1)


def child_of(case: RunningCase) -> str:
    """The return's process."""
    return f"return/{rma_id_for(case.card.case_id, 1)}"


def reship_of(case: RunningCase) -> str:
    """The reshipment's process."""
    return f"reship/{reship_id_for(case.card.case_id, 1)}"


MISMATCH = Finding(result="mismatch_condition", disputed=UNITS, in_dispute=REQUEST, disputed_value_minor=850, progress=standing.refunding())
"""Nothing came back as agreed."""

PAID = Finding(result="match", accepted=UNITS, refund=a_refund(UUID(int=9), 850), progress=standing.refunding())
"""All came back."""


async def test_a_parcel_not_handed_in_is_recalled_on_day_five_and_closes_the_case_on_day_seven(skipping: WorkflowEnvironment) -> None:
    """R-RTN-02."""
    async with a_running_case(skipping, RETURN) as case:
        assert await case.outcome() is CaseOutcome.RETURN_NOT_SHIPPED
        assert case.hours("remind:R-NTF-10") == [5 * 24]
        assert case.hours("end:return_not_shipped") == [7 * 24]
        assert case.case.asks("end:return_not_shipped")[0].closing.result == "not_shipped"


async def test_a_parcel_under_way_alarms_after_five_days_and_an_uninspected_one_after_48_hours(skipping: WorkflowEnvironment) -> None:
    """R-RTN-06, R-SLA-13: at growing distances, and nothing is decided."""
    async with a_running_case(skipping, RETURN) as case:
        await case.after(HOUR)
        await case.hear(FactKind.RETURN_IN_TRANSIT, child_of(case))
        await case.after(6 * DAY)
        assert case.hours("breach:R-RTN-06:logistics_dept") == [121]
        await case.hear(FactKind.RETURN_RECEIVED, child_of(case))
        await case.after(3 * DAY)
        assert case.hours("breach:R-SLA-13:warehouse_supervisor") == [145 + 48]
        assert "judge" not in case.case.names()


async def test_a_matching_inspection_refunds_at_once(skipping: WorkflowEnvironment) -> None:
    """R-RTN-04. An inspection is arrival enough."""
    async with a_running_case(skipping, RETURN, finding=PAID) as case:
        await case.after(DAY)
        await case.hear(FactKind.RETURN_INSPECTED, child_of(case))
        assert await case.outcome() is CaseOutcome.REFUNDED
        assert case.hours("complete") == [24]
        assert case.case.asks("complete")[0].settled[0].quantity == 2


async def test_a_mismatch_nobody_answers_is_ruled_on_after_72_hours(skipping: WorkflowEnvironment) -> None:
    """R-RTN-05: a proposal by the supervisor, a reminder at 48 hours, then the supervisor's ruling."""
    async with a_running_case(skipping, RETURN, finding=MISMATCH) as case:
        await case.after(DAY)
        await case.hear(FactKind.RETURN_INSPECTED, child_of(case))
        await case.after(MINUTE)
        await case.decide(ApprovalState.GRANTED, child_of(case), amount_minor=300)
        await case.after(MINUTE)
        assert case.case.asks("propose")[0].partial_refund_minor == 300
        await case.after(72 * HOUR)
        assert case.hours("remind:R-NTF-12") == [72.02]
        await case.decide(ApprovalState.GRANTED, child_of(case), ruling=Ruling.ACCEPT_PARTIAL)
        await case.after(MINUTE)
        prepared = case.case.asks("prepare")[0]
        assert (prepared.partial_minor, prepared.approver) == (300, "sam")
        assert await case.outcome() is CaseOutcome.PARTLY_REFUNDED


async def test_goods_taken_back_are_not_refunded(skipping: WorkflowEnvironment) -> None:
    """R-RTN-05 (a)."""
    async with a_running_case(skipping, RETURN, finding=MISMATCH, answer="take_back") as case:
        await case.after(DAY)
        await case.hear(FactKind.RETURN_INSPECTED, child_of(case))
        await case.after(MINUTE)
        await case.decide(ApprovalState.DECLINED, child_of(case))
        await case.after(MINUTE)
        await case.hear(FactKind.INSPECTION_ANSWERED, child_of(case))
        assert await case.outcome() is CaseOutcome.GOODS_TAKEN_BACK
        assert case.case.asks("end:goods_taken_back")[0].closing.take_back == UNITS


async def test_a_customer_who_asks_for_mediation_gets_it(skipping: WorkflowEnvironment) -> None:
    """R-RTN-05 (c)."""
    async with a_running_case(skipping, RETURN, finding=MISMATCH, answer="mediation") as case:
        await case.after(DAY)
        await case.hear(FactKind.RETURN_INSPECTED, child_of(case))
        await case.after(MINUTE)
        await case.decide(ApprovalState.DECLINED, child_of(case))
        await case.after(MINUTE)
        await case.hear(FactKind.INSPECTION_ANSWERED, child_of(case))
        await case.after(MINUTE)
        recorded = case.case.asks("complete")[0]
        assert (recorded.closing.result, recorded.answer_by) == ("mediation", None)
        await case.hear(FactKind.WORK_ITEM_RESOLVED, kind="mediation")
        assert await case.outcome() is CaseOutcome.MEDIATION


async def test_a_hand_made_word_does_not_end_the_mediation(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, owner("mediation"), word=Word(known=False)) as case:
        await case.hear(FactKind.WORK_ITEM_RESOLVED, kind="mediation")
        await case.hear(FactKind.SATISFACTION_STATED, satisfied=True)
        await case.after(MINUTE)
        assert case.case.names().count("read_word") == 2
        case.case.word = Word(known=True)
        await case.hear(FactKind.WORK_ITEM_RESOLVED, kind="mediation")
        assert await case.outcome() is CaseOutcome.MEDIATION


async def test_returned_units_that_cost_nothing_are_settled(skipping: WorkflowEnvironment) -> None:
    free = Finding(result="match", accepted=UNITS, refund=a_refund(UUID(int=9), 0), progress=standing.refunding())
    async with a_running_case(skipping, RETURN, finding=free) as case:
        await case.after(DAY)
        await case.hear(FactKind.RETURN_INSPECTED, child_of(case))
        await case.outcome()
        completed = case.case.asks("complete")[0]
        assert (completed.settled[0].quantity, completed.refunded_minor, completed.closing.result) == (2, 0, "refunded")


async def test_a_refund_that_finance_gave_up_goes_to_the_supervisor_and_is_not_called_carried_out(skipping: WorkflowEnvironment) -> None:
    refused = a_refund(UUID(int=9), 850).model_copy(update={"tier": "given_up"})
    finding = Finding(result="match", accepted=UNITS, refund=refused, progress=standing.refunding())
    async with a_running_case(skipping, RETURN, finding=finding) as case:
        await case.after(DAY)
        await case.hear(FactKind.RETURN_INSPECTED, child_of(case))
        await case.after(MINUTE)
        recorded = case.case.asks("complete")[0]
        assert (recorded.settled, recorded.answer_by, recorded.closing.result) == ((), None, "refund_given_up")
        assert "raise_owner:refund_given_up:supervisor" in case.case.names()
        await case.hear(FactKind.WORK_ITEM_RESOLVED, kind="refund_given_up")
        assert await case.outcome() is CaseOutcome.DECLINED


async def test_a_parcel_lost_on_the_customers_own_way_is_refunded_only_if_the_supervisor_says_so(skipping: WorkflowEnvironment) -> None:
    """R-RTN-06."""
    for state, outcome in ((ApprovalState.GRANTED, CaseOutcome.REFUNDED), (ApprovalState.DECLINED, CaseOutcome.DECLINED)):
        lost = Finding(
            result="lost",
            disputed=UNITS,
            in_dispute=REQUEST,
            disputed_value_minor=850,
            lost_by_customer=True,
            progress=standing.refunding(),
        )
        async with a_running_case(skipping, RETURN, finding=lost) as case:
            await case.after(DAY)
            await case.hear(FactKind.RETURN_LOST, child_of(case))
            await case.after(MINUTE)
            await case.decide(state, child_of(case))
            assert await case.outcome() is outcome


async def test_a_withdrawal_stops_the_return_too(skipping: WorkflowEnvironment) -> None:
    """R-CASE-05."""
    async with a_running_case(skipping, RETURN) as case:
        await case.after(DAY)
        await case.hear(FactKind.WITHDRAWN)
        assert await case.outcome() is CaseOutcome.WITHDRAWN
        result = await skipping.client.get_workflow_handle(child_of(case)).result()
        assert result["withdrawn"] is True


async def test_a_withdrawal_ends_the_case_though_its_return_is_gone(skipping: WorkflowEnvironment) -> None:
    """R-CASE-05: the case waits to take the return up again, and there is nobody to tell."""
    async with a_running_case(skipping, RETURN) as case:
        await case.after(DAY)
        await skipping.client.get_workflow_handle(child_of(case)).terminate("by hand")
        await case.hear(FactKind.WITHDRAWN)
        assert await case.outcome() is CaseOutcome.WITHDRAWN


async def test_a_made_up_withdrawal_told_to_the_return_alone_makes_it_start_again(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, RETURN) as case:
        await case.after(DAY)
        await case.hear(FactKind.WITHDRAWN, child_of(case))
        await case.after(HOUR)
        assert case.case.names().count("authorise") == 2
        assert (await skipping.client.get_workflow_handle(child_of(case)).describe()).status == 1


async def test_goods_are_awaited_and_delivered(skipping: WorkflowEnvironment) -> None:
    """R-RSH-05, R-SLA-11: late goods raise their owner; delivered ones end the remedy."""
    words = ("shipped", "delivered")
    async with a_running_case(skipping, agreed(OptionCode.RESHIP_NO_RETURN), words=words) as case:
        await case.after(3 * HOUR)
        assert case.hours("breach:R-SLA-11:logistics_dept") == [2]
        await case.hear(FactKind.RESHIPMENT_SHIPPED, reship_of(case))
        await case.after(DAY)
        await case.hear(FactKind.RESHIPMENT_DELIVERED, reship_of(case))
        assert await case.outcome() is CaseOutcome.RESHIPPED


async def test_goods_that_cannot_be_sent_leave_the_other_options(skipping: WorkflowEnvironment) -> None:
    """R-RSH-04."""
    async with a_running_case(skipping, agreed(OptionCode.RESHIP_NO_RETURN), agreed(), words=("out_of_stock",)) as case:
        await case.after(HOUR)
        await case.hear(FactKind.RESHIPMENT_FAILED, reship_of(case))
        assert await case.outcome() is CaseOutcome.REFUNDED
        assert case.case.asks("assess:option_failed")[0].unavailable == (OptionCode.RESHIP_NO_RETURN,)
