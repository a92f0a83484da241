"""When the outbound freight that the customer paid is given back with the goods (R-FRT-12)."""

from contracts.quote import RefundFreight
from services.workflow.money.freight import freight_given
from services.workflow.money.paid import freight_paid_minor
from services.workflow.policy.situation import Situation


def outbound_freight(situation: Situation) -> list[RefundFreight]:
    """The charges that go with a refund of the affected units: all that is left, once every unit of the order is refunded for this cause."""
    facts, settings = situation.facts, situation.policy.settings.freight
    fault = facts.scene.merchant_fault
    switch = settings.outbound_refund_merchant_fault if fault else settings.outbound_refund_no_reason
    if switch == "never" or not facts.order.freight or not _every_unit(situation, fault=fault):
        return []
    given = freight_given(facts.order, facts.prior)
    charges = [
        RefundFreight(freight_id=charge.freight_id)
        for charge in facts.order.freight
        if freight_paid_minor(facts.order, charge) > given[charge.freight_id]
    ]
    if charges:
        situation.trace.note("R-FRT-12", "every unit of the order is refunded, so its freight is", source="freight", merchant_fault=fault)
    return charges


def _every_unit(situation: Situation, *, fault: bool) -> bool:
    now = {each.line_id: each.quantity for each in situation.facts.affected}
    for line_id, state in situation.states.items():
        quantity = state.paid.line.quantity
        before = situation.facts.merchant_fault_refunded.get(line_id, 0) if fault else quantity - state.units_left
        if before + now.get(line_id, 0) < quantity:
            return False
    return True
