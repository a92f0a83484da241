"""Which purchases a credit line gives back."""

from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from deploy.local.demo.command import DATA
from deploy.local.demo.dataset import read_rows
from deploy.local.demo.matching import CreditLine, Rejection, match_credit_lines
from deploy.local.demo.orders import read_orders
from tests.support.demo_files import a_row, drawn_files, write_file


def match(tmp_path: Path, *rows: list[str]) -> list[CreditLine]:
    read = read_rows(write_file(tmp_path / "f.csv", rows))
    return match_credit_lines(read, read_orders(read)[0])


def shape(line: CreditLine) -> list[tuple[int, int]]:
    return [(one.purchase.index, one.quantity) for one in line.matches]


def test_the_file_of_the_project_has_447_lines_that_match() -> None:
    rows = read_rows(DATA)
    lines = match_credit_lines(rows, read_orders(rows)[0])
    assert len(lines) == 651
    assert sum(bool(line.matches) for line in lines) == 447
    assert Counter(line.rejection for line in lines if line.rejection) == {
        Rejection.NO_PURCHASE: 167,
        Rejection.NO_ARTICLE: 34,
        Rejection.NOT_ENOUGH_UNITS: 2,
        Rejection.NO_CUSTOMER: 1,
    }


def test_the_latest_invoice_comes_first_and_in_it_the_later_row(tmp_path: Path) -> None:
    rows = [a_row("1", quantity=5), a_row("2", quantity=2, day=1), a_row("2", quantity=1, day=1), a_row("C3", quantity=-4, day=2)]
    assert shape(match(tmp_path, *rows)[0]) == [(2, 1), (1, 2), (0, 1)]


def test_only_purchases_up_to_that_moment_count(tmp_path: Path) -> None:
    (line,) = match(tmp_path, a_row("C1", quantity=-1, day=1), a_row("2", day=2))
    assert line.rejection is Rejection.NO_PURCHASE


def test_a_purchase_of_the_same_moment_counts(tmp_path: Path) -> None:
    assert shape(match(tmp_path, a_row("1"), a_row("C2", quantity=-1))[0]) == [(0, 1)]


def test_units_come_back_once(tmp_path: Path) -> None:
    first, second = match(tmp_path, a_row("1", quantity=3), a_row("C2", quantity=-2, day=1), a_row("C3", quantity=-2, day=2))
    assert shape(first) == [(0, 2)]
    assert second.rejection is Rejection.NOT_ENOUGH_UNITS


def test_a_line_that_does_not_match_whole_leaves_the_units_to_others(tmp_path: Path) -> None:
    first, second = match(tmp_path, a_row("1", quantity=3), a_row("C2", quantity=-4, day=1), a_row("C3", quantity=-3, day=2))
    assert first.rejection is Rejection.NOT_ENOUGH_UNITS
    assert shape(second) == [(0, 3)]


def test_another_customer_or_article_does_not_count(tmp_path: Path) -> None:
    rows = [a_row("1", customer="1"), a_row("2", "22423"), a_row("C3", quantity=-1, day=1)]
    assert match(tmp_path, *rows)[0].rejection is Rejection.NO_PURCHASE


def test_lines_that_are_no_return_say_why(tmp_path: Path) -> None:
    rows = [
        a_row("C1", "POST", -1),
        a_row("C1", quantity=-1, customer=""),
        a_row("C1", quantity=-1, price="0"),
        a_row("C1", quantity=1),
    ]
    reasons = [line.rejection for line in match(tmp_path, *rows)]
    assert reasons == [Rejection.NO_ARTICLE, Rejection.NO_CUSTOMER, Rejection.NO_PRICE, Rejection.NOT_A_RETURN]


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=drawn_files())
def test_whatever_the_file_no_unit_comes_back_twice_and_every_line_is_answered(tmp_path: Path, rows: list[list[str]]) -> None:
    lines = match(tmp_path, *rows)
    assert len(lines) == sum(row[0].startswith("C") for row in rows)
    back: Counter[int] = Counter()
    for line in lines:
        assert (line.rejection is None) == bool(line.matches)
        if line.matches:
            assert sum(one.quantity for one in line.matches) == line.quantity
        for one in line.matches:
            assert one.purchase.customer == line.row.customer != ""
            assert one.purchase.stock_code == line.row.stock_code
            assert one.purchase.moment <= line.row.moment
            assert one.purchase.unit_price > 0
            back[one.purchase.index] += one.quantity
    assert all(units <= int(rows[index][3]) for index, units in back.items())
