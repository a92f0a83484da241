"""What the customer paid for each line and freight charge, after every discount and with the taxes charged on top."""

from dataclasses import dataclass, field

from contracts.order_v1 import FreightCharge, Order, OrderLine, Tax
from services.workflow.money.errors import OrderMoneyError
from services.workflow.money.proration import prorate


@dataclass(slots=True)
class LinePaid:
    """What was paid for a line, in minor units of the order's currency.

    ``paid_minor`` is list amount less own discount less share of the order discounts, plus ``on_top_minor`` of taxes where prices exclude them.
    ``unit_minor`` is the unit paid price, rounded down; the last unit that is given back gets the rest (R-RFD-06).
    """

    line: OrderLine
    order_discount_minor: int
    on_top_minor: int
    paid_minor: int = field(init=False)
    unit_minor: int = field(init=False)

    def __post_init__(self) -> None:
        self.paid_minor = self.line.amount_minor - self.line.discount_minor - self.order_discount_minor + self.on_top_minor
        self.unit_minor = self.paid_minor // self.line.quantity

    def due_minor(self, units: int) -> int:
        """What the first ``units`` units that are given back come to together (R-RFD-06)."""
        return self.paid_minor if units == self.line.quantity else units * self.unit_minor


def _tax_sum(taxes: tuple[Tax, ...]) -> int:
    return sum(tax.amount_minor for tax in taxes)


def lines_paid(order: Order) -> dict[str, LinePaid]:
    """What was paid for every line; order discounts are prorated over the lines' amounts after their own discounts (R-RFD-05).

    The order discounts are prorated as one sum: each by itself could, by its rounding, take more from a line than the line is worth.
    Raises ``OrderMoneyError`` where discounts exceed the goods, or taxes inside a line exceed its price.
    """
    weights = [line.amount_minor - line.discount_minor for line in order.lines]
    discount = sum(each.amount_minor for each in order.discounts)
    if discount > sum(weights):
        raise OrderMoneyError(
            f"order {order.number}: discounts of {discount} are more than its goods cost ({sum(weights)}): send the order with its right amounts"
        )
    paid = {}
    for line, share in zip(order.lines, prorate(discount, weights), strict=True):
        on_top = 0 if order.tax_included else _tax_sum(line.taxes)
        entry = LinePaid(line=line, order_discount_minor=share, on_top_minor=on_top)
        if _tax_sum(line.taxes) > entry.paid_minor:
            raise OrderMoneyError(f"line {line.line_id}: its taxes are more than was paid for it: taxes are stated after every discount")
        paid[line.line_id] = entry
    return paid


def freight_paid_minor(order: Order, charge: FreightCharge) -> int:
    """What was paid for a freight charge: its amount less its discount, plus taxes on top where prices exclude them."""
    on_top = 0 if order.tax_included else _tax_sum(charge.taxes)
    paid = charge.amount_minor - charge.discount_minor + on_top
    if paid < 0 or _tax_sum(charge.taxes) > paid:
        raise OrderMoneyError(
            f"freight {charge.freight_id}: its discount or its taxes are more than it cost: send the order with its right amounts"
        )
    return paid
