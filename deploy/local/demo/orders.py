"""Invoices as orders: lines, freight, discount, one card payment of the whole; and a reason for every row that is part of none.

``POST`` and carriage rows are freight, ``D`` rows an order discount, everything else that was bought is a line whose id is its data row. Every
invoice becomes an order: one without any purchase (stock written off under an invoice number, say) is an order that nothing came of. An invoice
that names several customers is an order of each.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from deploy.local.demo.dataset import LARGEST_QUANTITY, Row, invoices, other_rows

MOST_LINES = 2_000
"""An order snapshot has no more lines."""
UNKNOWN_CUSTOMER = "unknown"


class RowProblem(StrEnum):
    """Why a row outside the credit notes was not sold."""

    NEITHER_ORDER_NOR_CREDIT = "neither_order_nor_credit"
    NO_CUSTOMER = "no_customer"
    NO_PRICE = "no_price"
    NO_QUANTITY = "no_quantity"
    TOO_MANY_UNITS = "too_many_units"
    TOO_MANY_LINES = "too_many_lines"
    DISCOUNT_TOO_LARGE = "discount_too_large"


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row outside the credit notes that was not sold, and why."""

    row: Row
    reason: RowProblem


@dataclass(slots=True)
class DemoOrder:
    """An invoice as an order. ``discount_minor`` and ``freight`` are of the order as a whole; rows keep their place in the file.

    ``unsold`` are the rows of an order that nothing came of; an order has either these or ``lines``.
    """

    number: str
    customer: str
    country: str
    moment: datetime
    lines: list[Row] = field(default_factory=list)
    freight: list[Row] = field(default_factory=list)
    unsold: list[Row] = field(default_factory=list)
    discount_minor: int = 0

    @property
    def units(self) -> int:
        """How many units were sold."""
        return sum(row.quantity for row in self.lines)

    @property
    def goods_minor(self) -> int:
        """The lines before the order's discount."""
        return sum(row.total_minor for row in self.lines)

    @property
    def total_minor(self) -> int:
        """What the card was charged."""
        return self.goods_minor + sum(row.total_minor for row in self.freight) - self.discount_minor


def read_orders(rows: list[Row]) -> tuple[list[DemoOrder], list[RejectedRow]]:
    """The orders of a file, and every row outside the credit notes that was not sold."""
    orders: list[DemoOrder] = []
    rejected = [RejectedRow(row, RowProblem.NEITHER_ORDER_NOR_CREDIT) for row in other_rows(rows)]
    for number, of_invoice in invoices(rows):
        named = list(dict.fromkeys(row.customer for row in of_invoice if row.customer)) or [""]
        rejected += [RejectedRow(row, RowProblem.NO_CUSTOMER) for row in of_invoice if not row.customer]
        for position, customer in enumerate(named):
            mine = [row for row in of_invoice if row.customer == customer]
            order = DemoOrder(number if position == 0 else f"{number}.{position + 1}", customer, mine[0].country, mine[0].moment)
            rejected += _fill(order, mine)
            orders.append(order)
    return orders, rejected


def _fill(order: DemoOrder, rows: list[Row]) -> list[RejectedRow]:
    """Put the rows of one customer where they belong; those that were not sold come back with a reason."""
    rejected: list[RejectedRow] = []
    for row in rows:
        problem = _problem(row) or (RowProblem.TOO_MANY_LINES if len(order.lines) == MOST_LINES else None)
        if problem is not None:
            rejected.append(RejectedRow(row, problem))
        elif not row.is_discount:
            (order.freight if row.is_freight else order.lines).append(row)
    if not order.lines:
        # An invoice of freight alone is still an order: its freight is what was bought.
        order.lines, order.freight = order.freight, []
    for row in rows:
        if not row.is_discount or _problem(row) is not None:
            continue
        if order.discount_minor + abs(row.total_minor) > order.goods_minor:
            rejected.append(RejectedRow(row, RowProblem.DISCOUNT_TOO_LARGE))
        else:
            order.discount_minor += abs(row.total_minor)
    if not order.lines:
        order.unsold = rows
    return [one for one in rejected if one.row.customer]


def _problem(row: Row) -> RowProblem | None:
    """Why a row was not sold. A discount may be written with a negative quantity."""
    if not row.customer:
        return RowProblem.NO_CUSTOMER
    if row.unit_price <= 0:
        return RowProblem.NO_PRICE
    if row.quantity <= 0 and not row.is_discount:
        return RowProblem.NO_QUANTITY
    return RowProblem.TOO_MANY_UNITS if abs(row.quantity) > LARGEST_QUANTITY else None
