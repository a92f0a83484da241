"""What comes next for a refund follows from its rows alone."""

import pytest

from services.workflow.payloads.refund import RefundPhase
from services.workflow.refunds.phase import Attempt, RefundState, is_last_automatic, latest, phase_of
from services.workflow.refunds.submission import SubmissionState as S


def attempts(*states: tuple[str, int, S]) -> list[Attempt]:
    return [Attempt(payment, number, state) for payment, number, state in states]


@pytest.mark.parametrize("open_state", [S.CREATED, S.UNKNOWN, S.SUBMITTED])
def test_an_open_submission_is_waited_for_even_when_another_failed(open_state: S) -> None:
    both = attempts(("p1", 1, S.FAILED), ("p2", 1, open_state))
    assert phase_of(RefundState.REQUESTED, both) is RefundPhase.OPEN
    assert phase_of(RefundState.STUCK, both) is RefundPhase.OPEN


def test_a_failed_attempt_is_repeated_while_any_are_left() -> None:
    assert phase_of(RefundState.REQUESTED, attempts(("p1", 1, S.FAILED))) is RefundPhase.RETRY


def test_a_used_up_refund_waits_for_a_person() -> None:
    assert phase_of(RefundState.STUCK, attempts(("p1", 4, S.FAILED))) is RefundPhase.PERSON
    assert phase_of(RefundState.REFUSED, []) is RefundPhase.PERSON


def test_only_the_last_attempt_of_each_payment_counts() -> None:
    last = latest(attempts(("p1", 2, S.SUBMITTED), ("p1", 1, S.FAILED), ("p2", 1, S.SUCCEEDED)))
    assert {payment: attempt.attempt for payment, attempt in last.items()} == {"p1": 2, "p2": 1}


def test_three_retries_are_four_attempts() -> None:
    """R-RFD-09."""
    assert [is_last_automatic(attempt, 1 + 3) for attempt in (1, 2, 3, 4)] == [False, False, False, True]
