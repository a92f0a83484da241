"""When the outbound freight that the customer paid is given back with the goods (R-FRT-12)."""

from collections.abc import Mapping

from contracts.case_state import OptionCode
from contracts.order_v1 import FreightCharge
from contracts.quote import RefundFreight
from contracts.scenes import Scene
from services.workflow.money.freight import freight_given
from services.workflow.money.freight_share import outbound_share_minor
from services.workflow.money.paid import freight_paid_minor
from services.workflow.policy.situation import Situation

LOST_PARCEL = frozenset({Scene.LOGISTICS_LOST, Scene.LOGISTICS_EMPTY_PARCEL})
NEVER_SHIPPED = frozenset({OptionCode.REFUND_FULL})


def outbound_freight(situation: Situation, code: OptionCode | None = None) -> list[RefundFreight]:
    """The charges that go with a refund of the affected units.

    All that is left once every unit of the order is given up before it left (or was meant to leave: R-FRT-16), or is refunded for the merchant's fault;
    of a lost or empty parcel its share by units.
    """
    settings = situation.policy.settings.freight
    fault = situation.merchant_fault
    switch = settings.outbound_refund_merchant_fault if fault else settings.outbound_refund_no_reason
    if code in NEVER_SHIPPED and (not situation.order.shipments or situation.found == "before_shipping"):
        switch, whole = settings.outbound_refund_merchant_fault, _every_unit(situation, fault=False)
    else:
        whole = _every_unit(situation, fault=fault)
    if switch == "never" or not situation.order.freight:
        return []
    if whole:
        return _all_left(situation, fault=fault)
    return _parcel_share(situation) if situation.scene in LOST_PARCEL else []


def _all_left(situation: Situation, *, fault: bool) -> list[RefundFreight]:
    given = freight_given(situation.order, situation.facts.prior)
    charges = [
        RefundFreight(freight_id=charge.freight_id)
        for charge in situation.order.freight
        if freight_paid_minor(situation.order, charge) > given[charge.freight_id]
    ]
    if charges:
        situation.trace.note("R-FRT-12", "every unit of the order is refunded, so its freight is", source="freight", merchant_fault=fault)
    return charges


def _parcel_share(situation: Situation) -> list[RefundFreight]:
    """The parcel's share of each charge by unit count, rounded down; never more than is left of the charge. Its own freight is all its own."""
    order = situation.order
    given = freight_given(order, situation.facts.prior)
    parcel = situation.facts.delivery.parcel_units if situation.facts.delivery else {}
    affected = {each.line_id: each.quantity for each in situation.facts.affected}
    lost = parcel if any(parcel.values()) else affected
    shares = []
    for charge in order.freight:
        paid = freight_paid_minor(order, charge)
        units, every = _units_of(situation, charge, lost)
        share = min(outbound_share_minor(paid, min(units, every), every), paid - given[charge.freight_id])
        if share > 0:
            situation.trace.note("R-FRT-12", "the lost parcel's share of the freight", freight_minor=paid, share_minor=share, units=units)
            shares.append(RefundFreight(freight_id=charge.freight_id, amount_minor=share))
    return shares


def _units_of(situation: Situation, charge: FreightCharge, lost: Mapping[str, int]) -> tuple[int, int]:
    """The lost and all units that a charge was paid for: those of its own shipment, or of the whole order.

    A parcel counts as lost from the shipments that can be meant, the last sent first: those on their way, or for an empty parcel those that arrived.
    """
    order = situation.order
    own = [each for each in order.shipments if each.shipment_id == charge.shipment_id]
    if not own:
        return sum(lost.values()), sum(line.quantity for line in order.lines)
    arrived = situation.scene is Scene.LOGISTICS_EMPTY_PARCEL
    meant = [each for each in order.shipments if (each.delivered_at is not None) == arrived]
    open_units, units = dict(lost), 0
    for shipment in sorted(meant, key=lambda each: (each.shipped_at, each.shipment_id), reverse=True):
        for part in shipment.lines:
            here = min(open_units.get(part.line_id, 0), part.quantity)
            open_units[part.line_id] = open_units.get(part.line_id, 0) - here
            units += here if shipment in own else 0
    return units, sum(part.quantity for part in own[0].lines)


def _every_unit(situation: Situation, *, fault: bool) -> bool:
    now = {each.line_id: each.quantity for each in situation.facts.affected}
    for line_id, state in situation.states.items():
        quantity = state.paid.line.quantity
        before = situation.facts.merchant_fault_refunded.get(line_id, 0) if fault else quantity - state.units_left
        if before + now.get(line_id, 0) < quantity:
            return False
    return True
