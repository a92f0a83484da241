"""Random orders whose payments cover exactly what they cost."""

from datetime import timedelta

from hypothesis import strategies as st

from contracts.order_v1 import FreightCharge, Order, OrderDiscount, OrderLine, Payment, Tax
from tests.support.builders import PLACED_AT, a_payment, an_order

RATES_PPM = (0, 50_000, 60_000, 130_000, 200_000)


@st.composite
def taxes(draw: st.DrawFn, gross_minor: int) -> tuple[Tax, ...]:
    count = draw(st.integers(0, 2))
    rates = draw(st.lists(st.sampled_from(RATES_PPM), min_size=count, max_size=count))
    return tuple(
        Tax(code=f"T{place}", rate_ppm=rate, amount_minor=gross_minor * rate // (1_000_000 + 2 * rate)) for place, rate in enumerate(rates)
    )


@st.composite
def lines(draw: st.DrawFn, line_id: str) -> OrderLine:
    amount = draw(st.integers(0, 5000))
    discount = draw(st.integers(0, amount // 2))
    return OrderLine(
        line_id=line_id,
        sku=f"sku-{line_id}",
        quantity=draw(st.integers(1, 7)),
        amount_minor=amount,
        discount_minor=discount,
        taxes=draw(taxes((amount - discount) // 3)),
    )


def _total(order_lines: tuple[OrderLine, ...], discount: int, freight: tuple[FreightCharge, ...], *, tax_included: bool) -> int:
    total = sum(line.amount_minor - line.discount_minor for line in order_lines) - discount
    total += sum(charge.amount_minor - charge.discount_minor for charge in freight)
    if not tax_included:
        charged = [line.taxes for line in order_lines] + [charge.taxes for charge in freight]
        total += sum(tax.amount_minor for each in charged for tax in each)
    return total


@st.composite
def payments(draw: st.DrawFn, total: int) -> tuple[Payment, ...]:
    cuts = sorted(draw(st.lists(st.integers(0, total), max_size=2)))
    parts = [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]
    return tuple(
        a_payment(part, payment_id=f"p{place}", provider_reference=f"pay_{place}", captured_at=PLACED_AT + timedelta(minutes=place % 2))
        for place, part in enumerate(parts)
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    order_lines = tuple(draw(lines(str(place))) for place in range(1, draw(st.integers(1, 4)) + 1))
    goods = sum(line.amount_minor - line.discount_minor for line in order_lines)
    # Half of the goods at most, so that the taxes inside stay below what was paid.
    discount = draw(st.integers(0, goods // 2))
    freight = tuple(
        FreightCharge(freight_id=f"f{place}", amount_minor=amount, discount_minor=amount // 4, taxes=draw(taxes(amount // 3)))
        for place, amount in enumerate(draw(st.lists(st.integers(0, 900), max_size=2)))
    )
    tax_included = draw(st.booleans())
    discounts = (
        (
            OrderDiscount(discount_id="d1", amount_minor=discount // 3),
            OrderDiscount(discount_id="d2", amount_minor=discount - discount // 3),
        )
        if discount
        else ()
    )
    return an_order(
        lines=order_lines,
        discounts=discounts,
        freight=freight,
        tax_included=tax_included,
        payments=draw(payments(_total(order_lines, discount, freight, tax_included=tax_included))),
    )
