"""Random orders whose payments cover exactly what they cost, and random requests about them."""

from datetime import timedelta
from typing import Literal

from hypothesis import strategies as st

from contracts.fees import Fee, FeeTax
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
from contracts.quote import (
    CompensateOrder,
    CompensateShipment,
    CompensateUnits,
    Deduction,
    DiscountRule,
    PriorRefunds,
    RefundFreight,
    RefundItem,
    RefundRequest,
    RefundShipmentFreight,
    RefundUnits,
)
from services.workflow.money.rounding import Rounding
from services.workflow.money.runs import kept, within
from services.workflow.money.shipments import charges_of, units_in
from services.workflow.money.worksheet import Worksheet, everything, worksheet
from tests.support.builders import PLACED_AT, a_payment, an_order

RATES_PPM = (0, 50_000, 60_000, 130_000, 200_000)
ALONE = (CompensateOrder, CompensateShipment, RefundShipmentFreight, RefundFreight)
"""Items that may overlap with others, and so make a request of their own here."""
RULES: tuple[DiscountRule, ...] = ("stays", "moves_to_kept", "recomputed")
ROUNDINGS: tuple[Rounding, ...] = ("down", "half_up", "up")
REASONS: tuple[Literal["compensation", "price_difference"], ...] = ("compensation", "price_difference")
CURRENCIES = ("JPY", "GBP", "KWD")
"""One of each exponent: 0, 2 and 3."""


@st.composite
def taxes(draw: st.DrawFn, gross_minor: int) -> tuple[Tax, ...]:
    count = draw(st.integers(0, 3))
    rates = draw(st.lists(st.sampled_from(RATES_PPM), min_size=count, max_size=count))
    return tuple(
        Tax(code=f"T{place}", rate_ppm=rate, amount_minor=gross_minor * rate // (1_000_000 + 3 * rate)) for place, rate in enumerate(rates)
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
def shipments(draw: st.DrawFn, order_lines: tuple[OrderLine, ...]) -> tuple[Shipment, ...]:
    """Up to three parcels; some units may not have been shipped at all."""
    count = draw(st.integers(0, 3))
    rest = {line.line_id: line.quantity for line in order_lines}
    parcels = []
    for place in range(count):
        parts = {line_id: draw(st.integers(0, units)) for line_id, units in rest.items()}
        rest = {line_id: rest[line_id] - units for line_id, units in parts.items()}
        packed = tuple(ShippedLine(line_id=line_id, quantity=units) for line_id, units in parts.items() if units)
        parcels.append(Shipment(shipment_id=f"s{place}", shipped_at=PLACED_AT + timedelta(days=place % 2), lines=packed))
    return tuple(parcels)


@st.composite
def discounts(draw: st.DrawFn, amount: int, order_lines: tuple[OrderLine, ...]) -> tuple[OrderDiscount, ...]:
    if not amount:
        return ()
    cut = draw(st.integers(0, amount))
    return tuple(
        OrderDiscount(discount_id=f"d{place}", amount_minor=part, percentage=draw(st.booleans()), condition=draw(conditions(order_lines)))
        for place, part in enumerate((cut, amount - cut))
    )


@st.composite
def conditions(draw: st.DrawFn, order_lines: tuple[OrderLine, ...]) -> DiscountCondition | None:
    if draw(st.booleans()):
        return None
    counting = draw(st.lists(st.sampled_from(order_lines), unique_by=lambda line: line.line_id, max_size=2)) or list(order_lines)
    goods = draw(st.integers(0, sum(line.amount_minor - line.discount_minor for line in counting)))
    quantity = draw(st.integers(1, sum(line.quantity for line in counting)))
    tiers = (
        DiscountTier(minimum_goods_minor=goods // 2, rate_ppm=draw(st.integers(0, 300_000))),
        DiscountTier(minimum_quantity=1, amount_minor=draw(st.integers(0, 300))),
    )
    return DiscountCondition(
        minimum_goods_minor=draw(st.sampled_from((None, goods))),
        minimum_quantity=draw(st.sampled_from((None, quantity))),
        line_ids=() if len(counting) == len(order_lines) else tuple(line.line_id for line in counting),
        tiers=tiers[: draw(st.integers(0, 2))],
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    order_lines = tuple(draw(lines(str(place))) for place in range(1, draw(st.integers(1, 6)) + 1))
    goods = sum(line.amount_minor - line.discount_minor for line in order_lines)
    # Half of the goods at most, so that the taxes inside stay below what was paid.
    discount = draw(st.integers(0, goods // 2))
    parcels = draw(shipments(order_lines))
    freight = tuple(
        FreightCharge(
            freight_id=f"f{place}",
            shipment_id=draw(st.sampled_from((None, *(parcel.shipment_id for parcel in parcels)))),
            amount_minor=amount,
            discount_minor=amount // 4,
            taxes=draw(taxes(amount // 3)),
        )
        for place, amount in enumerate(draw(st.lists(st.integers(0, 900), max_size=3)))
    )
    tax_included = draw(st.booleans())
    return an_order(
        currency=draw(st.sampled_from(CURRENCIES)),
        lines=order_lines,
        discounts=draw(discounts(discount, order_lines)),
        freight=freight,
        shipments=parcels,
        tax_included=tax_included,
        payments=draw(payments(_total(order_lines, discount, freight, tax_included=tax_included))),
    )


@st.composite
def fees(draw: st.DrawFn) -> Fee:
    """Restocking as a percentage or per unit, or freight as one amount; taxed or not."""
    tax = draw(st.sampled_from((None, FeeTax(code="T0", rate_ppm=200_000))))
    kind = draw(st.sampled_from(("rate", "per_unit", "fixed")))
    if kind == "rate":
        rounding = draw(st.sampled_from(ROUNDINGS))
        return Fee(code="restocking", rule="policy", rate_ppm=draw(st.integers(0, 300_000)), rounding=rounding, tax=tax)
    return Fee(code="return_freight", rule="R-FRT-07", amount_minor=draw(st.integers(0, 900)), per_unit=kind == "per_unit", tax=tax)


def held_back() -> st.SearchStrategy[tuple[Deduction, ...]]:
    amounts = st.lists(st.integers(0, 900), max_size=2)
    return amounts.map(lambda each: tuple(Deduction(code="intercept", rule="R-FRT-09", amount_minor=amount) for amount in each))


@st.composite
def units_or_freight(draw: st.DrawFn, sheet: Worksheet) -> RefundItem:
    """Something of everything that is left, all of it or a part."""
    item = draw(st.sampled_from(everything(sheet)))
    if isinstance(item, RefundUnits):
        return item.model_copy(update={"quantity": draw(st.integers(1, item.quantity))})
    if isinstance(item, RefundFreight) and draw(st.booleans()):
        return item.model_copy(update={"amount_minor": draw(st.integers(1, sheet.freight[item.freight_id].left_minor))})
    return item


@st.composite
def compensations(draw: st.DrawFn, sheet: Worksheet) -> RefundItem | None:
    """Money for units that are kept, one by one or over a shipment or the order; None where nothing can be given."""
    kind = draw(st.sampled_from(("units", "shipment", "order")))
    with_freight = draw(st.booleans())
    if kind == "order":
        room = sum(state.room_minor(state.runs) for state in sheet.lines.values())
        room += sum(state.left_minor for state in sheet.freight.values()) if with_freight else 0
        return CompensateOrder(amount_minor=draw(st.integers(0, room)), with_freight=with_freight)
    if kind == "shipment" and sheet.order.shipments:
        shipment_id = draw(st.sampled_from(sheet.order.shipments)).shipment_id
        parts = [(sheet.lines[line_id], windows) for line_id, windows in units_in(sheet.order, shipment_id).items()]
        room = sum(state.room_minor(within(state.runs, windows)) for state, windows in parts)
        room += sum(sheet.freight[each.freight_id].left_minor for each in charges_of(sheet.order, shipment_id)) if with_freight else 0
        return CompensateShipment(shipment_id=shipment_id, amount_minor=draw(st.integers(0, room)), with_freight=with_freight)
    states = [state for state in sheet.lines.values() if state.units_left]
    if not states:
        return None
    state = draw(st.sampled_from(states))
    quantity = draw(st.integers(1, state.units_left))
    highest = max(run.compensated_minor for run in state.runs)
    room = min(quantity * max(0, state.paid.unit_minor - highest), state.left_minor)
    reason = draw(st.sampled_from(REASONS))
    return CompensateUnits(line_id=state.paid.line.line_id, quantity=quantity, amount_minor=draw(st.integers(0, room)), reason=reason)


@st.composite
def of_a_shipment(draw: st.DrawFn, sheet: Worksheet) -> RefundItem | None:
    """Units or the freight of one shipment; None where it has nothing left."""
    order = sheet.order
    if not order.shipments:
        return None
    shipment_id = draw(st.sampled_from(order.shipments)).shipment_id
    if draw(st.booleans()) and charges_of(order, shipment_id):
        return RefundShipmentFreight(shipment_id=shipment_id)
    left = {line_id: kept(within(sheet.lines[line_id].runs, windows)) for line_id, windows in units_in(order, shipment_id).items()}
    candidates = sorted(line_id for line_id, units in left.items() if units)
    if not candidates:
        return None
    line_id = draw(st.sampled_from(candidates))
    return RefundUnits(line_id=line_id, quantity=draw(st.integers(1, left[line_id])), shipment_id=shipment_id)


@st.composite
def requests(draw: st.DrawFn, order: Order, prior: PriorRefunds, *, charges: bool = True) -> RefundRequest | None:
    """A request that can be granted, of one or several items; None where nothing is left."""
    if not everything(worksheet(order, prior)):
        return None
    items: list[RefundItem] = []
    sheet = worksheet(order, prior)
    for _ in range(draw(st.integers(1, 2))):
        if not everything(sheet):
            break
        kind = draw(st.sampled_from(("plain", "plain", "compensation", "shipment")))
        item = draw(compensations(sheet) if kind == "compensation" else of_a_shipment(sheet)) if kind != "plain" else None
        item = item or draw(units_or_freight(sheet))
        if items and (isinstance(item, ALONE) or (isinstance(items[-1], CompensateUnits) and isinstance(item, RefundUnits))):
            break
        items.append(item)
        sheet.take(item)
        if isinstance(item, ALONE):
            break
    return RefundRequest(
        currency=order.currency,
        items=tuple(items),
        deductions=draw(held_back()) if charges else (),
        fees=tuple(draw(st.lists(fees(), max_size=2))) if charges else (),
        discount_rule=draw(st.sampled_from(RULES)),
    )
