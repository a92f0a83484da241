"""Where a case stands: what every state says about who acts, until when and what then."""

import pytest

from contracts.case_state import CANCELLABLE, ENDED, CaseOutcome, CaseStatus, OptionCode
from contracts.progress import Then, WaitingFor
from contracts.roles import Role
from services.workflow.cases import standing
from services.workflow.workflows.wording import THEN, WAITS, moment
from tests.support.builders import OPENED_AT


@pytest.mark.parametrize("outcome", CaseOutcome)
def test_every_outcome_is_an_end(outcome: CaseOutcome) -> None:
    assert standing.ended(outcome).status in ENDED


def test_silence_on_the_last_request_ends_the_claim() -> None:
    """R-EVD-09."""
    assert standing.evidence_pending(OPENED_AT, last=False).then is Then.ASK_AGAIN
    assert standing.evidence_pending(OPENED_AT, last=True).then is Then.REJECT


def test_new_goods_can_be_withdrawn_until_the_carrier_has_them_and_money_never() -> None:
    """R-CASE-05."""
    assert standing.reshipping(OPENED_AT, shipped=False).status in CANCELLABLE
    assert standing.reshipping(OPENED_AT, shipped=True).status not in CANCELLABLE
    assert standing.agreed(OptionCode.RETURN_REFUND).status in CANCELLABLE
    assert standing.agreed(OptionCode.REFUND_NO_RETURN).status not in CANCELLABLE
    assert standing.agreed(OptionCode.COMPENSATE_KEEP).status not in CANCELLABLE


def test_a_missed_limit_keeps_the_wait_and_raises_its_owner() -> None:
    before = standing.return_received(OPENED_AT)
    after = standing.overdue(before, Role.SUPERVISOR, OPENED_AT)
    assert (after.status, after.waiting_for, after.who) == (CaseStatus.RETURN_RECEIVED, WaitingFor.INSPECTION, Role.SUPERVISOR)


def test_the_screen_has_words_for_everything_a_case_can_wait_for() -> None:
    assert set(WAITS) == set(WaitingFor)
    assert set(THEN) == set(Then)


def test_a_moment_is_told_in_utc_and_in_the_merchants_time() -> None:
    assert moment(OPENED_AT, "Asia/Shanghai") == "2026-03-07 09:30:00 UTC (2026-03-07 17:30 Asia/Shanghai)"
