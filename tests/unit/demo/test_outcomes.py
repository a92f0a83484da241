"""What became of every match: shared out to the penny."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.case_state import CaseOutcome
from deploy.local.demo.cases import DemoCase
from deploy.local.demo.outcomes import LineRefund, refunds_by_line, results_of, share_out
from deploy.local.demo.scope import read_scope
from deploy.local.demo.scripts import Outcome
from tests.support.demo_files import a_row, write_file
from tests.support.demo_runs import a_settled_refund, an_id

CASE_ID = str(an_id("case"))


def a_case(tmp_path: Path, *rows: list[str]) -> DemoCase:
    (case,) = read_scope(write_file(tmp_path / "f.csv", rows)).cases
    return case


def test_two_credit_lines_of_one_note_share_what_was_paid_for_their_purchase(tmp_path: Path) -> None:
    case = a_case(tmp_path, a_row("1", quantity=7, price="0.145"), a_row("C2", quantity=-2, day=1), a_row("C2", quantity=-5, day=1))
    results = results_of(case, CaseOutcome.REFUNDED, {0: LineRefund(7, 102)})
    assert [(one.quantity_refunded, one.refund_minor, one.outcome) for one in results] == [
        (2, 29, Outcome.REFUNDED),
        (5, 73, Outcome.REFUNDED),
    ]


def test_of_a_short_parcel_the_first_lines_are_whole(tmp_path: Path) -> None:
    case = a_case(tmp_path, a_row("1", quantity=7, price="1.00"), a_row("C2", quantity=-4, day=1), a_row("C2", quantity=-3, day=1))
    results = results_of(case, CaseOutcome.PARTLY_REFUNDED, {0: LineRefund(5, 500)})
    assert [(one.quantity_refunded, one.outcome) for one in results] == [(4, Outcome.REFUNDED), (1, Outcome.PARTLY_REFUNDED)]


@pytest.mark.parametrize(
    ("ended", "outcome"),
    [
        (CaseOutcome.RESHIPPED, Outcome.RESHIPPED),
        (CaseOutcome.WITHDRAWN, Outcome.WITHDRAWN),
        (CaseOutcome.GOODS_TAKEN_BACK, Outcome.DECLINED),
        (CaseOutcome.DECLINED, Outcome.DECLINED),
        (CaseOutcome.NO_RESPONSE, Outcome.DECLINED),
        (None, Outcome.DECLINED),
    ],
)
def test_where_nothing_was_paid_the_end_of_the_case_says_why(tmp_path: Path, ended: CaseOutcome | None, outcome: Outcome) -> None:
    case = a_case(tmp_path, a_row("1"), a_row("C2", quantity=-1))
    (result,) = results_of(case, ended, {})
    assert (result.outcome, result.quantity_refunded, result.refund_minor) == (outcome, 0, 0)


def test_goods_worth_nothing_count_as_refunded_where_their_case_did(tmp_path: Path) -> None:
    case = a_case(tmp_path, a_row("1", price="0.004"), a_row("C2", quantity=-1, price="0.004"))
    (result,) = results_of(case, CaseOutcome.REFUNDED, {})
    assert (result.outcome, result.quantity_refunded, result.refund_minor) == (Outcome.REFUNDED, 1, 0)


def test_several_refunds_of_a_case_add_up_by_line() -> None:
    events = [a_settled_refund(CASE_ID, {3: (1, 100), 4: (2, 30)}), a_settled_refund(CASE_ID, {3: (2, 201)}, "second")]
    assert refunds_by_line(events) == {CASE_ID: {3: LineRefund(3, 301), 4: LineRefund(2, 30)}}


@given(quantities=st.lists(st.integers(1, 50), min_size=1, max_size=6), data=st.data())
def test_sharing_loses_and_invents_no_unit_and_no_penny(quantities: list[int], data: st.DataObject) -> None:
    units = data.draw(st.integers(0, sum(quantities)))
    pence = data.draw(st.integers(0, 10_000)) if units else 0
    shares = share_out(quantities, LineRefund(units, pence))
    assert sum(share.units for share in shares) == units
    assert sum(share.amount_minor for share in shares) == pence
    assert all(0 <= share.units <= quantity and share.amount_minor >= 0 for share, quantity in zip(shares, quantities, strict=True))
