"""What is claimed from a carrier that lost or damaged goods (R-CLM-03)."""

from collections.abc import Mapping

from contracts.order_v1 import Order
from contracts.quote import QuoteStep
from services.workflow.money.errors import QuantityExceededError, UnknownItemError
from services.workflow.money.freight_share import outbound_share_minor
from services.workflow.money.paid import freight_paid_minor, lines_paid
from services.workflow.money.shipments import charges_of, shipment_of


def carrier_claim(order: Order, shipment_id: str, affected: Mapping[str, int]) -> tuple[QuoteStep, ...]:
    """The claim for ``affected`` units by line id of one shipment; its amount, in minor units, is the sum of the steps.

    Goods count with what was paid for them, a whole line to the cent, else each unit rounded down (R-RFD-06). Freight counts by number of units,
    rounded down (R-FRT-12): of the shipment's own charges, and of those of the whole order. What the customer was given back does not matter
    (R-CLM-06). Raises ``UnknownItemError``, ``QuantityExceededError``.
    """
    shipped = {part.line_id: part.quantity for part in shipment_of(order, shipment_id, "shipment_id").lines}
    paid = lines_paid(order)
    steps = []
    for line_id, units in affected.items():
        if line_id not in shipped:
            raise UnknownItemError("line of the shipment", line_id, "affected")
        if units > shipped[line_id]:
            raise QuantityExceededError(line_id, units, shipped[line_id], shipment_id)
        steps.append((f"goods paid: {units} of line {line_id}", paid[line_id].due_minor(units)))
    count = sum(affected.values())
    for charge in order.freight:
        if charge.shipment_id not in (None, shipment_id):
            continue
        of = sum(shipped.values()) if charge in charges_of(order, shipment_id) else sum(line.quantity for line in order.lines)
        share = outbound_share_minor(freight_paid_minor(order, charge), count, of)
        steps.append((f"share of freight {charge.freight_id}: {count} of {of} units", share))
    return tuple(QuoteStep(label=label, rule="R-CLM-03", amount_minor=amount) for label, amount in steps if amount)


def carrier_claim_minor(steps: tuple[QuoteStep, ...]) -> int:
    """What a claim comes to."""
    return sum(step.amount_minor for step in steps)
