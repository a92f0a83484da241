"""Invoices as orders, and the snapshots that tell of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.storefront_v1 import OrderSnapshot
from deploy.local.demo.command import DATA
from deploy.local.demo.dataset import read_rows
from deploy.local.demo.orders import DemoOrder, RejectedRow, RowProblem, read_orders
from deploy.local.demo.snapshots import arrival, snapshots
from tests.support.demo_files import a_row, write_file

SHIFT = timedelta(days=5000)


def read(tmp_path: Path, *rows: list[str]) -> tuple[list[DemoOrder], list[RejectedRow]]:
    return read_orders(read_rows(write_file(tmp_path / "f.csv", rows)))


def life(order: DemoOrder, no_later: datetime | None = None) -> list[OrderSnapshot]:
    delivered = arrival(order, no_later or order.moment + timedelta(days=30))
    return [OrderSnapshot.model_validate(one) for one in snapshots(order, order.number, SHIFT, "pay_1", delivered)]


def test_every_invoice_of_the_project_is_an_order_and_every_snapshot_is_valid() -> None:
    rows = read_rows(DATA)
    orders, rejected = read_orders(rows)
    assert len({order.number for order in orders}) == 698
    told = [row.index for order in orders for row in (*order.lines, *order.freight)] + [one.row.index for one in rejected]
    assert sorted(told) == [row.index for row in rows if not row.is_credit]
    assert all(len(life(order)) == (4 if order.lines else 2) for order in orders)


def test_postage_is_freight_and_a_discount_is_the_orders(tmp_path: Path) -> None:
    rows = [a_row("1", quantity=10), a_row("1", "POST", price="4.00"), a_row("1", "D", -1, price="5.50")]
    (order,), rejected = read(tmp_path, *rows)
    assert (order.goods_minor, order.discount_minor, order.total_minor, rejected) == (2550, 550, 2400, [])
    delivered = life(order)[-1]
    assert [charge.amount_minor for charge in delivered.freight] == [400]
    assert [discount.amount_minor for discount in delivered.discounts] == [550]
    assert delivered.payments[0].captured_minor == 2400


def test_a_discount_that_stands_before_its_goods_counts(tmp_path: Path) -> None:
    (order,), rejected = read(tmp_path, a_row("1", "D", -1, price="5.50"), a_row("1", quantity=10))
    assert (order.discount_minor, rejected) == (550, [])


def test_a_discount_larger_than_the_goods_is_rejected(tmp_path: Path) -> None:
    (order,), rejected = read(tmp_path, a_row("1"), a_row("1", "D", -1, price="2.56"))
    assert order.discount_minor == 0
    assert [one.reason for one in rejected] == [RowProblem.DISCOUNT_TOO_LARGE]


def test_an_invoice_of_postage_alone_is_an_order_of_postage(tmp_path: Path) -> None:
    (order,), _ = read(tmp_path, a_row("1", "POST", price="18.00"))
    assert (len(order.lines), order.freight, order.total_minor) == (1, [], 1800)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (a_row("1", customer="", quantity=-15, price="0"), RowProblem.NO_CUSTOMER),
        (a_row("1", price="0"), RowProblem.NO_PRICE),
        (a_row("1", quantity=-2), RowProblem.NO_QUANTITY),
        (a_row("1", quantity=2_000_000), RowProblem.TOO_MANY_UNITS),
    ],
)
def test_an_invoice_without_any_sale_is_an_order_that_nothing_came_of(tmp_path: Path, row: list[str], reason: RowProblem) -> None:
    (order,), rejected = read(tmp_path, row)
    assert [one.reason for one in rejected] == [reason]
    placed, cancelled = life(order)
    assert (placed.status, cancelled.status, cancelled.payments, cancelled.lines[0].amount_minor) == ("placed", "cancelled", (), 0)


def test_an_invoice_of_two_customers_is_an_order_of_each(tmp_path: Path) -> None:
    orders, _ = read(tmp_path, a_row("7", customer="1"), a_row("7", customer="2"), a_row("7", customer="1"))
    assert [(order.number, order.customer, len(order.lines)) for order in orders] == [("7", "1", 2), ("7.2", "2", 1)]


def test_a_number_that_is_neither_is_rejected(tmp_path: Path) -> None:
    orders, rejected = read(tmp_path, a_row("A563185"))
    assert (orders, [one.reason for one in rejected]) == ([], [RowProblem.NEITHER_ORDER_NOR_CREDIT])


def test_an_order_arrives_before_its_first_goods_come_back(tmp_path: Path) -> None:
    (order,), _ = read(tmp_path, a_row("1"))
    delivered = life(order, no_later=order.moment + timedelta(hours=3))[-1].shipments[0].delivered_at
    assert delivered == order.moment.replace(tzinfo=UTC) + SHIFT + timedelta(hours=3)
    assert life(order, no_later=order.moment - timedelta(days=1))[-1].shipments[0].delivered_at == order.moment.replace(tzinfo=UTC) + SHIFT


def test_odd_customer_names_make_valid_contacts(tmp_path: Path) -> None:
    (order,), _ = read(tmp_path, a_row("1", customer="Möbel & Söhne / 7"))
    contact = life(order)[0].contact
    assert contact is not None
    assert contact.email is not None
    assert contact.email.isascii()
    assert contact.phone == "+447700900007"
