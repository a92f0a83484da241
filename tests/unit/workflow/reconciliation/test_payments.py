"""Our payments against a provider's file, case by case: who has what, when, how often."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.identifiers import SubmissionId
from services.workflow.ports import SettlementKind, SettlementLine
from services.workflow.reconciliation.breaks import REASONS, BreakKind, break_id_of
from services.workflow.reconciliation.payments import Days, FiledLine, Matched, OurPayment, match_payments

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = Days(date(2026, 3, 10), date(2026, 3, 10))
ONE = UUID(int=1)


def ours(submission_id: UUID = ONE, **changes: Any) -> OurPayment:
    fields: dict[str, Any] = {
        "submission_id": submission_id,
        "refund_id": uuid4(),
        "case_id": uuid4(),
        "merchant_id": "demo-shop",
        "amount_minor": 425,
        "currency": "GBP",
        "paid_at": NOON,
        "reversed_at": None,
    }
    return OurPayment(**(fields | changes))


def theirs(submission_id: UUID | None = ONE, day: date | None = None, **changes: Any) -> FiledLine:
    fields: dict[str, Any] = {
        "reference": "s1",
        "kind": SettlementKind.REFUND,
        "provider_refund_id": "re_1",
        "submission_id": SubmissionId(submission_id) if submission_id else None,
        "amount_minor": 425,
        "currency": "GBP",
        "settled_at": NOON,
    }
    line = SettlementLine(**(fields | changes))
    return FiledLine(day or line.settled_at.date(), line)


def kinds(matched: Matched) -> list[BreakKind]:
    return [each.kind for each in matched.breaks]


@pytest.mark.parametrize(
    ("our", "their", "found"),
    [
        ([ours()], [theirs()], []),
        ([], [theirs()], [BreakKind.UNKNOWN_HERE]),
        ([], [theirs(None)], [BreakKind.UNKNOWN_HERE]),
        ([], [theirs(None, kind=SettlementKind.REVERSAL)], [BreakKind.REVERSAL_UNKNOWN_HERE]),
        ([ours()], [], [BreakKind.MISSING_AT_PROVIDER]),
        ([ours(paid_at=None)], [theirs()], [BreakKind.NOT_SETTLED_HERE]),
        ([ours()], [theirs(amount_minor=424)], [BreakKind.AMOUNT_DIFFERS]),
        ([ours()], [theirs(currency="EUR")], [BreakKind.CURRENCY_DIFFERS]),
        ([ours()], [theirs(), theirs(reference="s2")], [BreakKind.DUPLICATE]),
        ([ours()], [theirs(), theirs(reference="s2"), theirs(reference="s3")], [BreakKind.DUPLICATE, BreakKind.DUPLICATE]),
        ([ours(paid_at=NOON - timedelta(days=2))], [theirs()], [BreakKind.SETTLED_LATE]),
        ([ours(paid_at=NOON - timedelta(days=1))], [theirs()], []),
        ([ours(paid_at=NOON - timedelta(days=9))], [], []),
        ([ours(reversed_at=NOON)], [theirs()], [BreakKind.REVERSAL_MISSING_AT_PROVIDER]),
        ([ours()], [theirs(), theirs(reference="r1", kind=SettlementKind.REVERSAL)], [BreakKind.REVERSAL_UNKNOWN_HERE]),
        ([ours(reversed_at=NOON)], [theirs(), theirs(reference="r1", kind=SettlementKind.REVERSAL)], []),
    ],
)
def test_each_difference_has_its_name(our: list[OurPayment], their: list[FiledLine], found: list[BreakKind]) -> None:
    assert kinds(match_payments("sandbox", TODAY, our, their)) == found


def test_a_line_of_the_day_before_answers_for_a_payment_around_midnight() -> None:
    assert kinds(match_payments("sandbox", TODAY, [ours()], [theirs(day=date(2026, 3, 9))])) == []


def test_a_second_line_of_a_later_day_is_a_duplicate_of_that_day_alone() -> None:
    lines = [theirs(), theirs(reference="s2", day=date(2026, 3, 20))]
    assert kinds(match_payments("sandbox", TODAY, [ours()], lines)) == []
    later = Days(date(2026, 3, 20), date(2026, 3, 20))
    assert kinds(match_payments("sandbox", later, [ours()], lines)) == [BreakKind.DUPLICATE]


def test_a_late_settlement_rules_out_that_it_is_missing_whatever_else_is_wrong_with_it() -> None:
    missing = break_id_of("sandbox", BreakKind.MISSING_AT_PROVIDER, str(ONE))
    for line in (theirs(), theirs(amount_minor=424)):
        assert missing in match_payments("sandbox", TODAY, [ours(paid_at=NOON - timedelta(days=3))], [line]).over


def test_a_late_reversal_rules_out_that_it_is_missing() -> None:
    back = ours(reversed_at=NOON - timedelta(days=3), paid_at=NOON - timedelta(days=9))
    lines = [theirs(day=date(2026, 3, 1)), theirs(reference="r1", kind=SettlementKind.REVERSAL)]
    matched = match_payments("sandbox", TODAY, [back], lines)
    assert kinds(matched) == [BreakKind.SETTLED_LATE]
    assert break_id_of("sandbox", BreakKind.REVERSAL_MISSING_AT_PROVIDER, str(ONE)) in matched.over


def test_a_duplicate_is_never_ruled_out_by_looking_at_its_first_day_again() -> None:
    lines = [theirs(), theirs(reference="s2", day=date(2026, 3, 20))]
    (duplicate,) = match_payments("sandbox", Days(date(2026, 3, 20), date(2026, 3, 20)), [ours()], lines).breaks
    assert duplicate.break_id not in match_payments("sandbox", TODAY, [ours()], lines).over


def test_what_the_provider_listed_at_once_and_took_back_when_it_failed_is_no_break() -> None:
    lines = [theirs(), theirs(reference="r1", kind=SettlementKind.REVERSAL)]
    matched = match_payments("sandbox", TODAY, [ours(paid_at=None)], lines)
    assert matched.breaks == ()
    assert break_id_of("sandbox", BreakKind.NOT_SETTLED_HERE, str(ONE)) in matched.over


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 10_000)), unique_by=lambda pair: pair[0], max_size=30))
def test_what_both_have_alike_agrees_whatever_the_order(pairs: list[tuple[int, int]]) -> None:
    payments = [ours(UUID(int=number), amount_minor=amount) for number, amount in pairs]
    lines = [theirs(UUID(int=number), amount_minor=amount, reference=str(number)) for number, amount in reversed(pairs)]
    matched = match_payments("sandbox", TODAY, payments, lines)
    assert (matched.agreed, matched.breaks) == (len(pairs), ())


def test_a_break_keeps_its_name_however_often_it_is_found_and_has_a_reason() -> None:
    first, again = (match_payments("sandbox", TODAY, [ours()], []).breaks[0] for _ in range(2))
    assert first.break_id == again.break_id
    assert set(REASONS) == set(BreakKind)
