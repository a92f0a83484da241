"""What the case process does with time: every wait ends, with the rules' own limits (rules, section 31)."""

from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from contracts.case_state import CaseOutcome, OptionCode
from contracts.decision_result import ApprovalNeed
from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.workflow.payloads.approval import ApprovalState
from services.workflow.payloads.case import ApprovalPlan, FactKind
from tests.support.case_process import a_running_case
from tests.support.scripted_steps import HOUR, agreed, approval, chosen, ended, evidence, offer, owner, review

MINUTE = timedelta(minutes=1)


async def test_silence_is_asked_about_again_every_48_hours(skipping: WorkflowEnvironment) -> None:
    """R-EVD-09: so silence ends after 144 hours."""
    plans = (evidence, lambda ask: evidence(ask, 2), lambda ask: evidence(ask, 3), ended(CaseOutcome.EVIDENCE_NOT_PROVIDED))
    async with a_running_case(skipping, *plans) as case:
        assert await case.outcome() is CaseOutcome.EVIDENCE_NOT_PROVIDED
        assert case.hours("assess:silence") == [48, 96, 144]


async def test_evidence_that_fits_wakes_the_case_and_other_evidence_does_not(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, evidence, review) as case:
        await case.after(HOUR)
        await case.hear(FactKind.EVIDENCE_ADDED, kind="photo", shows="receipt")
        await case.after(HOUR)
        assert "assess:evidence" not in case.case.names()
        await case.hear(FactKind.EVIDENCE_ADDED, kind="photo", shows="goods")
        await case.after(MINUTE)
        assert case.hours("assess:evidence") == [2]


async def test_a_refusal_to_send_evidence_is_looked_at_at_once(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, evidence, ended(CaseOutcome.EVIDENCE_NOT_PROVIDED)) as case:
        await case.after(HOUR)
        await case.hear(FactKind.EVIDENCE_REFUSED)
        assert await case.outcome() is CaseOutcome.EVIDENCE_NOT_PROVIDED
        assert case.hours("assess:evidence") == [1]


async def test_a_review_that_is_overdue_goes_up_tier_by_tier_at_growing_distances(skipping: WorkflowEnvironment) -> None:
    """R-SLA-20, R-AUTH-04: it alarms for ever and never decides."""
    async with a_running_case(skipping, review, ended(CaseOutcome.REJECTED)) as case:
        await case.after(16 * HOUR)
        assert [name for name in case.case.names() if name.startswith("breach")] == [
            "breach:R-SLA-04:supervisor",
            "breach:R-SLA-04:after_sales_manager",
            "breach:R-SLA-04:duty_director",
            "breach:R-SLA-04:duty_director",
        ]
        assert [hours for name in ("supervisor", "after_sales_manager") for hours in case.hours(f"breach:R-SLA-04:{name}")] == [1, 3]
        assert case.hours("breach:R-SLA-04:duty_director") == [7, 15]
        await case.hear(FactKind.EVIDENCE_REVIEWED)
        assert await case.outcome() is CaseOutcome.REJECTED


async def test_an_offer_is_recalled_after_24_hours_and_closes_after_48_and_a_grace(skipping: WorkflowEnvironment) -> None:
    """R-CASE-04."""
    async with a_running_case(skipping, offer) as case:
        assert await case.outcome() is CaseOutcome.NO_RESPONSE
        assert case.hours("remind:R-NTF-05") == [24]
        assert case.hours("end:no_response") == [48.08]


async def test_an_offer_that_lays_something_down_carries_it_out_if_nobody_answers(skipping: WorkflowEnvironment) -> None:
    """R-RSH-04."""
    async with a_running_case(skipping, lambda ask: offer(ask, OptionCode.REFUND_NO_RETURN), agreed()) as case:
        assert await case.outcome() is CaseOutcome.REFUNDED
        assert case.hours("choose:automatic") == [48.08]


async def test_no_word_about_satisfaction_closes_the_case_after_72_hours(skipping: WorkflowEnvironment) -> None:
    """R-CASE-07."""
    async with a_running_case(skipping, offer, agreed()) as case:
        await case.hear(FactKind.OPTION_CHOSEN)
        assert await case.outcome() is CaseOutcome.REFUNDED
        assert case.hours("end:refunded") == [72]
        assert len(case.case.times("complete")) == 1


async def test_a_customer_who_is_never_satisfied_ends_in_mediation(skipping: WorkflowEnvironment) -> None:
    """R-CASE-07, R-AUTH-10: three times to the supervisor, then a third party."""
    async with a_running_case(skipping, agreed()) as case:
        for _ in range(3):
            await case.after(MINUTE)
            await case.hear(FactKind.SATISFACTION_STATED, satisfied=False)
            await case.after(MINUTE)
            await case.hear(FactKind.WORK_ITEM_RESOLVED, kind="dissatisfied")
        await case.after(MINUTE)
        await case.hear(FactKind.WORK_ITEM_RESOLVED, kind="mediation")
        assert await case.outcome() is CaseOutcome.MEDIATION
        assert case.case.names().count("raise_owner:dissatisfied:supervisor") == 3
        assert "raise_owner:mediation:after_sales_manager" in case.case.names()


async def test_an_approval_moves_up_every_half_hour_and_is_alarmed_hourly_at_the_top(skipping: WorkflowEnvironment) -> None:
    """R-AUTH-03: 30 minutes, 30 minutes, 60 minutes, then an alarm every 60; nobody decides but a person."""
    plan = ApprovalPlan(kind=ApprovalKind.SPECIAL, tier=Role.SUPERVISOR, reason="over_window", rule="R-AUTH-06")
    async with a_running_case(skipping, approval(plan), ended(CaseOutcome.DECLINED)) as case:
        await case.after(4 * HOUR + MINUTE)
        assert [(role.value, (at - case.started).total_seconds() // 60) for role, at in case.approvals.moved] == [
            ("after_sales_manager", 30),
            ("duty_director", 60),
            ("duty_director", 120),
            ("duty_director", 180),
            ("duty_director", 240),
        ]
        await case.decide(ApprovalState.DECLINED)
        assert await case.outcome() is CaseOutcome.DECLINED


async def test_a_large_refund_is_approved_and_then_countersigned_by_finance(skipping: WorkflowEnvironment) -> None:
    """R-AUTH-02: first the tier, then finance; only then it is agreed."""
    need = ApprovalNeed(tier=Role.SUPERVISOR, reason="amount", rule="R-AUTH-02", countersign=True)
    async with a_running_case(skipping, chosen(need)) as case:
        await case.after(MINUTE)
        await case.decide(ApprovalState.GRANTED)
        await case.after(MINUTE)
        assert "agree" not in case.case.names()
        await case.decide(ApprovalState.GRANTED)
        await case.after(MINUTE)
        assert [kind for kind, _, _ in case.approvals.asked] == ["amount", "finance"]
        assert len(case.case.asks("agree")[0].approvals) == 2
        assert await case.outcome() is CaseOutcome.REFUNDED


async def test_an_option_that_was_declined_is_not_offered_again(skipping: WorkflowEnvironment) -> None:
    need = ApprovalNeed(tier=Role.AGENT, reason="amount", rule="R-AUTH-02")
    async with a_running_case(skipping, chosen(need), ended(CaseOutcome.DECLINED)) as case:
        await case.after(MINUTE)
        await case.decide(ApprovalState.DECLINED)
        assert await case.outcome() is CaseOutcome.DECLINED
        assert case.case.asks("assess:option_declined")[0].unavailable == (OptionCode.REFUND_NO_RETURN,)


@pytest.mark.parametrize("plans", [(evidence,), (review,), (offer,), (owner("three_rejected_offers"),)])
async def test_a_withdrawal_ends_any_wait_at_once(skipping: WorkflowEnvironment, plans: tuple[object, ...]) -> None:
    """R-CASE-05."""
    async with a_running_case(skipping, *plans) as case:  # type: ignore[arg-type]  # parametrised
        await case.after(HOUR / 2)  # before any of the waits lapses
        await case.hear(FactKind.WITHDRAWN)
        assert await case.outcome() is CaseOutcome.WITHDRAWN
        assert case.hours("withdraw") == [0.5]


async def test_a_withdrawal_ends_the_wait_for_an_approval(skipping: WorkflowEnvironment) -> None:
    plan = ApprovalPlan(kind=ApprovalKind.SPECIAL, tier=Role.SUPERVISOR, reason="over_window", rule="R-AUTH-06")
    async with a_running_case(skipping, approval(plan)) as case:
        await case.after(10 * MINUTE)
        await case.hear(FactKind.WITHDRAWN)
        assert await case.outcome() is CaseOutcome.WITHDRAWN


async def test_a_withdrawal_that_is_refused_changes_nothing(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, offer, agreed(), withdrawable=False) as case:
        await case.hear(FactKind.WITHDRAWN)
        await case.after(HOUR)
        await case.hear(FactKind.OPTION_CHOSEN)
        assert await case.outcome() is CaseOutcome.REFUNDED


async def test_rejected_offers_are_a_persons_who_is_replaced_by_the_next_when_late(skipping: WorkflowEnvironment) -> None:
    """R-AUTH-08."""
    async with a_running_case(skipping, owner("three_rejected_offers"), ended(CaseOutcome.REJECTED)) as case:
        await case.after(2 * HOUR)
        assert case.hours("breach:R-AUTH-08:after_sales_manager") == [1]
        await case.hear(FactKind.WORK_ITEM_RESOLVED, kind="something_else")
        await case.after(MINUTE)
        assert "assess:owner" not in case.case.names()
        await case.hear(FactKind.WORK_ITEM_RESOLVED, kind="three_rejected_offers")
        assert await case.outcome() is CaseOutcome.REJECTED


async def test_a_fact_delivered_twice_is_taken_once(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, offer, lambda ask: offer(ask).model_copy(update={"refused": "unknown"})) as case:
        event_id = case.card.case_id
        await case.hear(FactKind.OPTION_CHOSEN, event_id=event_id)
        await case.hear(FactKind.OPTION_CHOSEN, event_id=event_id)
        assert await case.outcome() is CaseOutcome.NO_RESPONSE
        assert case.case.names().count("choose") == 1
