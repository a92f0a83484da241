"""The life of a submission: whatever is said in whatever order, the provider's final record wins and stays."""

import contextlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.identifiers import RefundId
from services.workflow.refunds.submission import ContradictionError, SubmissionState, move, submission_id_for

REFUND = RefundId(UUID("018f3c7e-0000-7000-8000-000000000001"))
words = st.sampled_from([SubmissionState.UNKNOWN, SubmissionState.SUBMITTED, SubmissionState.SUCCEEDED])


def end_of(said: list[SubmissionState]) -> SubmissionState:
    state = SubmissionState.CREATED
    for word in said:
        state = move(state, word) or state
    return state


@given(st.lists(words), st.lists(words))
def test_reordered_and_repeated_words_end_in_the_final_record(before: list[SubmissionState], after: list[SubmissionState]) -> None:
    assert end_of([*before, SubmissionState.SUCCEEDED, *after]) is SubmissionState.SUCCEEDED


@given(st.lists(st.sampled_from([state for state in SubmissionState if state is not SubmissionState.REVERSED])))
def test_a_final_record_changes_only_from_paid_to_come_back(said: list[SubmissionState]) -> None:
    state = SubmissionState.CREATED
    for word in said:
        before = state
        with contextlib.suppress(ContradictionError):
            state = move(state, word) or state
        if before.final and state is not before:
            assert (before, state) == (SubmissionState.SUCCEEDED, SubmissionState.REVERSED)


def test_failure_after_success_means_that_the_money_came_back_and_late_news_change_nothing() -> None:
    assert move(SubmissionState.SUCCEEDED, SubmissionState.FAILED) is SubmissionState.REVERSED
    assert move(SubmissionState.REVERSED, SubmissionState.FAILED) is None
    assert move(SubmissionState.REVERSED, SubmissionState.SUCCEEDED) is None


def test_success_after_failure_is_a_contradiction_for_a_person() -> None:
    with pytest.raises(ContradictionError):
        move(SubmissionState.FAILED, SubmissionState.SUCCEEDED)


def test_not_knowing_is_not_failing() -> None:
    assert not SubmissionState.UNKNOWN.final
    assert move(SubmissionState.SUBMITTED, SubmissionState.UNKNOWN) is None


def test_the_key_of_an_attempt_is_the_same_whoever_derives_it() -> None:
    assert submission_id_for(REFUND, "p1", 1) == submission_id_for(REFUND, "p1", 1)
    keys = {submission_id_for(REFUND, payment, attempt) for payment in ("p1", "1/p1", "p2") for attempt in (1, 11, 2)}
    assert len(keys) == 9
