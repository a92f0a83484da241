"""Who may decide what, and when: R-AUTH-02 to R-AUTH-05."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.resolution_v1 import ApprovalKind
from contracts.roles import APPROVAL_TIERS, Role
from services.workflow.approvals.authority import deciding_role, next_tier
from services.workflow.approvals.decision import (
    AlreadyDecidedError,
    Answer,
    DecisionIncompleteError,
    NotTheTierError,
    OwnRequestError,
    Question,
    check_decision,
)
from services.workflow.payloads.approval import ApprovalState, ApprovalTimers, Ruling


def a_question(**changes: Any) -> Question:
    return Question(
        **{
            "kind": ApprovalKind.AMOUNT,
            "tier": Role.SUPERVISOR,
            "state": ApprovalState.OPEN,
            "amount_minor": 60_000,
            "requester": "system",
            **changes,
        }
    )


def an_answer(*roles: Role, **changes: Any) -> Answer:
    return Answer(**{"grant": True, "staff_id": "sam", "roles": roles or (Role.SUPERVISOR,), **changes})


def test_the_request_moves_up_tier_by_tier_and_stays_at_the_top() -> None:
    """R-AUTH-03."""
    assert [next_tier(tier) for tier in APPROVAL_TIERS] == [
        Role.SUPERVISOR,
        Role.AFTER_SALES_MANAGER,
        Role.DUTY_DIRECTOR,
        Role.DUTY_DIRECTOR,
    ]
    assert next_tier(Role.FINANCE) is Role.FINANCE


def test_a_higher_tier_may_decide_a_lower_one_may_not() -> None:
    assert deciding_role(Role.SUPERVISOR, {Role.DUTY_DIRECTOR}) is Role.DUTY_DIRECTOR
    assert deciding_role(Role.AFTER_SALES_MANAGER, {Role.SUPERVISOR, Role.AGENT}) is None


def test_after_the_move_up_the_old_tier_can_no_longer_decide() -> None:
    """R-AUTH-03."""
    assert check_decision(a_question(), an_answer(Role.SUPERVISOR)) is Role.SUPERVISOR
    with pytest.raises(NotTheTierError):
        check_decision(a_question(tier=next_tier(Role.SUPERVISOR)), an_answer(Role.SUPERVISOR))


def test_only_finance_countersigns() -> None:
    """R-AUTH-02."""
    question = a_question(kind=ApprovalKind.FINANCE, tier=Role.FINANCE)
    assert check_decision(question, an_answer(Role.FINANCE)) is Role.FINANCE
    with pytest.raises(NotTheTierError):
        check_decision(question, an_answer(Role.DUTY_DIRECTOR))


def test_nobody_decides_what_they_asked_for_whatever_their_rank() -> None:
    """R-AUTH-05."""
    with pytest.raises(OwnRequestError):
        check_decision(a_question(requester="sam"), an_answer(Role.DUTY_DIRECTOR))


def test_the_second_decider_is_told_who_was_first_and_when() -> None:
    decided = a_question(
        state=ApprovalState.DECLINED, decided_by="kim", decided_role="supervisor", decided_at=datetime(2026, 3, 2, 10, tzinfo=UTC)
    )
    with pytest.raises(AlreadyDecidedError, match=r"declined by kim \(supervisor\) at 2026-03-02T10:00:00"):
        check_decision(decided, an_answer())


def test_a_withdrawn_question_cannot_be_decided() -> None:
    with pytest.raises(AlreadyDecidedError, match="withdrawn"):
        check_decision(a_question(state=ApprovalState.WITHDRAWN), an_answer())


@pytest.mark.parametrize(
    ("kind", "answer", "field"),
    [
        (ApprovalKind.PARTIAL_REFUND, an_answer(), "amount_minor"),
        (ApprovalKind.PARTIAL_REFUND, an_answer(amount_minor=60_001), "amount_minor"),
        (ApprovalKind.PARTIAL_REFUND, an_answer(amount_minor=0), "amount_minor"),
        (ApprovalKind.AMOUNT, an_answer(amount_minor=5), "amount_minor"),
        (ApprovalKind.INSPECTION_RULING, an_answer(), "ruling"),
        (ApprovalKind.AMOUNT, an_answer(ruling=Ruling.TAKE_BACK), "ruling"),
    ],
)
def test_a_decision_says_what_its_kind_needs_and_nothing_else(kind: ApprovalKind, answer: Answer, field: str) -> None:
    with pytest.raises(DecisionIncompleteError) as refused:
        check_decision(a_question(kind=kind), answer)
    assert refused.value.field == field


def test_declining_needs_no_amount() -> None:
    assert check_decision(a_question(kind=ApprovalKind.PARTIAL_REFUND), an_answer(grant=False)) is Role.SUPERVISOR


def test_every_tier_has_its_time_and_no_other_role() -> None:
    timers = ApprovalTimers()
    assert all(timers.of(tier) for tier in (*APPROVAL_TIERS, Role.FINANCE))
    with pytest.raises(ValueError, match="no approval tier"):
        timers.of(Role.TRAINER)
