"""Random orders whose payments cover exactly what they cost."""

from datetime import timedelta

from contracts.order_v1 import (
    DiscountCondition,
    DiscountTier,
    FreightCharge,
    Order,
    OrderDiscount,
    OrderLine,
    Payment,
    Shipment,
    ShippedLine,
    Tax,
)
from tests.support.builders import PLACED_AT, a_payment, an_order
from tests.unit.workflow.money.choices import Choices, boolean, one_of, several

RATES_PPM = (0, 50_000, 60_000, 130_000, 200_000)
CURRENCIES = ("JPY", "GBP", "KWD")
"""One of each exponent: 0, 2 and 3."""


def an_order_of(choose: Choices) -> Order:
    """Up to six lines, tax inside or on top, discounts with conditions, parcels, freight, up to three payments."""
    lines = tuple(_line(choose, str(place)) for place in range(1, choose.integer(1, 6) + 1))
    goods = sum(line.amount_minor - line.discount_minor for line in lines)
    # Half of the goods at most, so that the taxes inside stay below what was paid.
    discount = choose.integer(0, goods // 2)
    parcels = _shipments(choose, lines)
    freight = tuple(_freight(choose, f"f{place}", parcels) for place in range(choose.integer(0, 3)))
    tax_included = boolean(choose)
    return an_order(
        currency=one_of(choose, CURRENCIES),
        lines=lines,
        discounts=_discounts(choose, discount, lines),
        freight=freight,
        shipments=parcels,
        tax_included=tax_included,
        payments=_payments(choose, _total(lines, discount, freight, tax_included=tax_included)),
    )


def refunded_elsewhere(choose: Choices, order: Order) -> Order:
    """The order, after somebody gave a part of its payments back without us."""
    payments = (p.model_copy(update={"refunded_elsewhere_minor": choose.integer(0, p.captured_minor)}) for p in order.payments)
    return order.model_copy(update={"payments": tuple(payments)})


def _taxes(choose: Choices, gross_minor: int) -> tuple[Tax, ...]:
    rates = several(choose, 3, lambda choices: one_of(choices, RATES_PPM))
    return tuple(
        Tax(code=f"T{place}", rate_ppm=rate, amount_minor=gross_minor * rate // (1_000_000 + 3 * rate)) for place, rate in enumerate(rates)
    )


def _line(choose: Choices, line_id: str) -> OrderLine:
    amount = choose.integer(0, 5000)
    discount = choose.integer(0, amount // 2)
    return OrderLine(
        line_id=line_id,
        sku=f"sku-{line_id}",
        quantity=choose.integer(1, 7),
        amount_minor=amount,
        discount_minor=discount,
        taxes=_taxes(choose, (amount - discount) // 3),
    )


def _freight(choose: Choices, freight_id: str, parcels: tuple[Shipment, ...]) -> FreightCharge:
    amount = choose.integer(0, 900)
    return FreightCharge(
        freight_id=freight_id,
        shipment_id=one_of(choose, (None, *(parcel.shipment_id for parcel in parcels))),
        amount_minor=amount,
        discount_minor=amount // 4,
        taxes=_taxes(choose, amount // 3),
    )


def _total(lines: tuple[OrderLine, ...], discount: int, freight: tuple[FreightCharge, ...], *, tax_included: bool) -> int:
    total = sum(line.amount_minor - line.discount_minor for line in lines) - discount
    total += sum(charge.amount_minor - charge.discount_minor for charge in freight)
    if not tax_included:
        charged = [line.taxes for line in lines] + [charge.taxes for charge in freight]
        total += sum(tax.amount_minor for each in charged for tax in each)
    return total


def _payments(choose: Choices, total: int) -> tuple[Payment, ...]:
    cuts = sorted(several(choose, 2, lambda choices: choices.integer(0, total)))
    parts = [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]
    return tuple(
        a_payment(part, payment_id=f"p{place}", provider_reference=f"pay_{place}", captured_at=PLACED_AT + timedelta(minutes=place % 2))
        for place, part in enumerate(parts)
    )


def _shipments(choose: Choices, lines: tuple[OrderLine, ...]) -> tuple[Shipment, ...]:
    """Up to three parcels; some units may not have been shipped at all."""
    rest = {line.line_id: line.quantity for line in lines}
    parcels = []
    for place in range(choose.integer(0, 3)):
        parts = {line_id: choose.integer(0, units) for line_id, units in rest.items()}
        rest = {line_id: rest[line_id] - units for line_id, units in parts.items()}
        packed = tuple(ShippedLine(line_id=line_id, quantity=units) for line_id, units in parts.items() if units)
        parcels.append(Shipment(shipment_id=f"s{place}", shipped_at=PLACED_AT + timedelta(days=place % 2), lines=packed))
    return tuple(parcels)


def _discounts(choose: Choices, amount: int, lines: tuple[OrderLine, ...]) -> tuple[OrderDiscount, ...]:
    if not amount:
        return ()
    cut = choose.integer(0, amount)
    return tuple(
        OrderDiscount(discount_id=f"d{place}", amount_minor=part, percentage=boolean(choose), condition=_condition(choose, lines))
        for place, part in enumerate((cut, amount - cut))
    )


def _condition(choose: Choices, lines: tuple[OrderLine, ...]) -> DiscountCondition | None:
    if boolean(choose):
        return None
    counting = one_of(choose, (lines, lines[:1], lines[-2:]))
    goods = choose.integer(0, sum(line.amount_minor - line.discount_minor for line in counting))
    quantity = choose.integer(1, sum(line.quantity for line in counting))
    tiers = (
        DiscountTier(minimum_goods_minor=goods // 2, rate_ppm=choose.integer(0, 300_000)),
        DiscountTier(minimum_quantity=1, amount_minor=choose.integer(0, 300)),
    )
    return DiscountCondition(
        minimum_goods_minor=one_of(choose, (None, goods)),
        minimum_quantity=one_of(choose, (None, quantity)),
        line_ids=() if len(counting) == len(lines) else tuple(line.line_id for line in counting),
        tiers=tiers[: choose.integer(0, 2)],
    )
