"""Random requests that can be granted on what is left of an order."""

from typing import Literal

from contracts.fees import Fee, FeeTax
from contracts.order_v1 import Order
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
from services.workflow.money.errors import OverlappingItemsError
from services.workflow.money.overlaps import check_overlaps
from services.workflow.money.rounding import Rounding
from services.workflow.money.runs import kept, within
from services.workflow.money.shipments import charges_of, units_in
from services.workflow.money.worksheet import Worksheet, everything, worksheet
from tests.unit.workflow.money.choices import Choices, boolean, one_of, several

RULES: tuple[DiscountRule, ...] = ("stays", "moves_to_kept", "recomputed")
ROUNDINGS: tuple[Rounding, ...] = ("down", "half_up", "up")
REASONS: tuple[Literal["compensation", "price_difference"], ...] = ("compensation", "price_difference")


def a_request(choose: Choices, order: Order, prior: PriorRefunds, *, charges: bool = True) -> RefundRequest | None:
    """One to three items of any kind, with fees and deductions if wanted; None where nothing is left."""
    sheet = worksheet(order, prior)
    items: list[RefundItem] = []
    for _ in range(choose.integer(1, 3)):
        if not everything(sheet):
            break
        item = _item(choose, sheet)
        try:
            check_overlaps(order, [*items, item])
        except OverlappingItemsError:
            break
        items.append(item)
        sheet.take(item)
    if not items:
        return None
    return RefundRequest(
        currency=order.currency,
        items=tuple(items),
        deductions=tuple(several(choose, 2, _deduction)) if charges else (),
        fees=tuple(several(choose, 2, _fee)) if charges else (),
        discount_rule=one_of(choose, RULES),
    )


def _item(choose: Choices, sheet: Worksheet) -> RefundItem:
    kind = one_of(choose, ("plain", "plain", "compensation", "shipment"))
    if kind == "compensation":
        return _compensation(choose, sheet)
    return (_of_a_shipment(choose, sheet) if kind == "shipment" else None) or _units_or_freight(choose, sheet)


def _units_or_freight(choose: Choices, sheet: Worksheet) -> RefundItem:
    """Something of everything that is left, all of it or a part; now and then less than it is worth, as agreed."""
    item = one_of(choose, everything(sheet))
    if isinstance(item, RefundUnits):
        return item.model_copy(update={"quantity": choose.integer(1, item.quantity)})
    if isinstance(item, RefundFreight) and boolean(choose):
        return item.model_copy(update={"amount_minor": choose.integer(1, sheet.freight[item.freight_id].left_minor)})
    return item


def _compensation(choose: Choices, sheet: Worksheet) -> RefundItem:
    """Money for units that are kept, one by one or over a shipment or the order."""
    kind = one_of(choose, ("units", "shipment", "order"))
    states = [state for state in sheet.lines.values() if state.units_left]
    if kind == "shipment" and sheet.order.shipments:
        return _on_a_shipment(choose, sheet)
    if kind == "order" or not states:
        with_freight = boolean(choose)
        room = sum(state.room_minor(state.runs) for state in sheet.lines.values())
        room += sum(state.left_minor for state in sheet.freight.values()) if with_freight else 0
        return CompensateOrder(amount_minor=choose.integer(0, room), with_freight=with_freight)
    state = one_of(choose, states)
    quantity = choose.integer(1, state.units_left)
    highest = max(run.compensated_minor for run in state.runs)
    room = min(quantity * max(0, state.paid.unit_minor - highest), state.left_minor)
    amount, reason = choose.integer(0, room), one_of(choose, REASONS)
    return CompensateUnits(line_id=state.paid.line.line_id, quantity=quantity, amount_minor=amount, reason=reason)


def _on_a_shipment(choose: Choices, sheet: Worksheet) -> RefundItem:
    shipment_id, with_freight = one_of(choose, sheet.order.shipments).shipment_id, boolean(choose)
    parts = [(sheet.lines[line_id], windows) for line_id, windows in units_in(sheet.order, shipment_id).items()]
    room = sum(state.room_minor(within(state.runs, windows)) for state, windows in parts)
    room += sum(sheet.freight[each.freight_id].left_minor for each in charges_of(sheet.order, shipment_id)) if with_freight else 0
    return CompensateShipment(shipment_id=shipment_id, amount_minor=choose.integer(0, room), with_freight=with_freight)


def _of_a_shipment(choose: Choices, sheet: Worksheet) -> RefundItem | None:
    """Units or the freight of one shipment; None where it has nothing left."""
    order = sheet.order
    if not order.shipments:
        return None
    shipment_id = one_of(choose, order.shipments).shipment_id
    if boolean(choose) and charges_of(order, shipment_id):
        return RefundShipmentFreight(shipment_id=shipment_id)
    left = {line_id: kept(within(sheet.lines[line_id].runs, windows)) for line_id, windows in units_in(order, shipment_id).items()}
    candidates = sorted(line_id for line_id, units in left.items() if units)
    if not candidates:
        return None
    line_id = one_of(choose, candidates)
    return RefundUnits(line_id=line_id, quantity=choose.integer(1, left[line_id]), shipment_id=shipment_id)


def _fee(choose: Choices) -> Fee:
    """Restocking as a percentage or per unit, or freight as one amount; taxed or not."""
    tax = one_of(choose, (None, FeeTax(code="T0", rate_ppm=200_000)))
    kind = one_of(choose, ("rate", "per_unit", "fixed"))
    if kind == "rate":
        return Fee(code="restocking", rule="policy", rate_ppm=choose.integer(0, 300_000), rounding=one_of(choose, ROUNDINGS), tax=tax)
    return Fee(code="return_freight", rule="R-FRT-07", amount_minor=choose.integer(0, 900), per_unit=kind == "per_unit", tax=tax)


def _deduction(choose: Choices) -> Deduction:
    return Deduction(code="intercept", rule="R-FRT-09", amount_minor=choose.integer(0, 900))
