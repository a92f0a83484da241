"""What was found out about a claim beyond its goods, as one word that the decision table asks for: a parcel is lost, a payment was double, and so on.

Silence is never a finding: where nobody has said, the word is ``open``, and the table sends somebody to find out.
"""

from collections.abc import Callable

from contracts.decision_circumstances import Breach, DeliveryFacts, Party, Verification
from contracts.scenes import Scene
from services.workflow.policy.situation import Situation
from services.workflow.policy.windows import first_delivery, warranty_end

OPEN = "open"
NOT_SETTLED_BY_MONEY = frozenset({Breach.LATE_SHIPMENT, Breach.STOCKOUT_CLOSING})
"""The breaches that giving money back does not settle: the manager decides beyond it (R-COMP-10)."""


def finding(situation: Situation) -> str:
    """The word for this claim, one of :data:`services.workflow.policy.vocabulary.FINDINGS`."""
    look = _BY_SCENE.get(situation.scene) or _BY_GROUP.get(situation.scene.group)
    return look(situation) if look else OPEN


def parcel_lost(situation: Situation, delivery: DeliveryFacts) -> bool:
    """Whether a parcel counts as lost: the carrier says so, or it was silent for too long (R-LOG-05). One that arrived is scanned no more."""
    if delivery.confirmed_lost:
        return True
    if parcels_arrived(situation):
        return False
    silent = None if delivery.last_scan_at is None else situation.facts.moment - delivery.last_scan_at
    return silent is not None and silent >= situation.duration("logistics.lost")


def parcels_arrived(situation: Situation) -> bool:
    """Whether all that was sent of the affected lines, of the whole order where none is named, has been delivered."""
    affected = {each.line_id for each in situation.facts.affected}
    shipments = situation.facts.order.shipments if situation.facts.order else ()
    meant = [each for each in shipments if not affected or affected & {part.line_id for part in each.lines}]
    return bool(meant) and all(shipment.delivered_at is not None for shipment in meant)


def _lost(situation: Situation) -> str:
    delivery = situation.facts.delivery
    lost = delivery is not None and parcel_lost(situation, delivery)
    situation.trace.note("R-LOG-05", "lost is what the carrier confirms, or was silent for too long", source="logistics.lost", lost=lost)
    return "confirmed" if lost else OPEN


def _empty(situation: Situation) -> str:
    responsible = situation.facts.delivery.responsible if situation.facts.delivery else None
    if responsible in (Party.WAREHOUSE, Party.CARRIER):
        return "confirmed"
    return "customer_fault" if responsible is Party.CUSTOMER else OPEN


def _malfunction(situation: Situation) -> str:
    """Where the search for the fault stands (R-DEC-23, R-DEC-24); a fault that is no confirmed defect is repaired as the warranty says (R-WAR-04)."""
    if _overdue(situation):
        return "overdue"
    facts = situation.facts.troubleshooting
    if facts is None or (facts.solved is None and facts.quality_confirmed is None):
        return OPEN
    if facts.solved:
        return "solved"
    return "confirmed" if facts.quality_confirmed else _by_warranty(situation)


def _delivery_failure(situation: Situation) -> str:
    """Whose fault a failed delivery is, and whether the carrier's record proves it (R-FRT-13, R-FRT-15)."""
    delivery = situation.facts.delivery
    if delivery is None:
        return "unproven"
    right = delivery.address_was_right and situation.scene is Scene.DELIVERY_FAILURE_WRONG_ADDRESS
    if delivery.refused_for_fault or right:
        situation.trace.note("R-FRT-13", "the delivery did not fail through the customer")
        return "merchant_fault"
    record = [each for each in delivery.failed_attempts if each.reason.strip()]
    calls = sum(each.calls for each in record)
    wanted = situation.number("delivery.min_call_attempts") if situation.scene is Scene.DELIVERY_FAILURE_UNREACHABLE else 0
    proven = bool(record) and calls >= wanted and not delivery.disputed and delivery.customer_told_minor is not None
    situation.trace.note(
        "R-FRT-15",
        "a deduction needs the carrier's record and notice of the amount",
        attempts=len(record),
        calls=calls,
        calls_wanted=wanted,
        told_minor=delivery.customer_told_minor,
        disputed=delivery.disputed,
        proven=proven,
    )
    return "proven" if proven else "unproven"


def _deposit(situation: Situation) -> str:
    deposit = situation.facts.deposit
    if deposit is None or deposit.merchant_caused is None:
        return OPEN
    return "merchant_caused" if deposit.merchant_caused else "customer_caused"


def _duplicate(situation: Situation) -> str:
    payment = situation.facts.payment
    if payment is None or payment.confirmed is None:
        return OPEN
    return "confirmed" if payment.confirmed else "not_confirmed"


def _promise(situation: Situation) -> str:
    """What follows from a broken promise that was verified (R-DEC-43)."""
    complaint = situation.facts.complaint
    if complaint is None or complaint.verification is None:
        return OPEN
    if complaint.verification is Verification.NOT_CONFIRMED:
        return "not_confirmed"
    if complaint.promise_possible:
        delivered = any(situation.order.delivered_quantity(each.line_id) for each in situation.facts.affected)
        return "possible_delivered" if delivered else "possible_undelivered"
    settled = complaint.breach is None or (complaint.wrongly_charged_minor and complaint.breach not in NOT_SETTLED_BY_MONEY)
    if complaint.promise_possible is False and not settled:
        return "impossible"
    return "charge_only" if complaint.wrongly_charged_minor else "confirmed"


def _cancel(situation: Situation) -> str:
    """How far the order had come when the customer wanted to cancel it (R-FRT-12, R-FRT-16).

    ``merchant_fault``: delivered all the same, though the customer had cancelled it before it left.
    """
    delivered = all(situation.order.delivered_quantity(each.line_id) >= each.quantity for each in situation.facts.affected)
    delivery = situation.facts.delivery
    handed = delivery.handed_over_at if delivery else None
    shipped = min((each.shipped_at for each in situation.order.shipments), default=None)
    left = handed or shipped
    asked = (delivery.cancel_requested_at if delivery else None) or situation.facts.requested_at
    before = left is None or asked < left
    situation.trace.note("R-FRT-16", "a cancellation before handover leaves all freight with the merchant", before_handover=before)
    if delivered:
        return "merchant_fault" if before else "delivered"
    return "before_shipping" if before else "shipped"


def _on_the_way(situation: Situation) -> str:
    """Whether the parcel arrived meanwhile: then the goods come back before money does (R-LOG-08)."""
    delivery = situation.facts.delivery
    said = delivery is not None and delivery.delivered_meanwhile
    return "delivered" if said or parcels_arrived(situation) else OPEN


def _repair(situation: Situation) -> str:
    """Whether a repair is free, quoted first, or took too long (R-WAR-04, R-WAR-08)."""
    return "overdue" if _overdue(situation) else _by_warranty(situation)


def _overdue(situation: Situation) -> bool:
    facts = situation.facts.warranty
    if facts is None or facts.repair_began_at is None or facts.repaired:
        return False
    due = facts.repair_began_at + situation.duration("repair.target")
    over = situation.facts.moment > due
    situation.trace.note("R-WAR-08", "a repair has so long", source="repair.target", due_at=due.isoformat(), over=over)
    return over


def _by_warranty(situation: Situation) -> str:
    facts = situation.facts.warranty
    human = facts is not None and bool(facts.human_caused)
    inside = situation.facts.requested_at.replace(microsecond=0) <= warranty_end(situation)
    situation.trace.note(
        "R-WAR-04",
        "free in warranty unless a person caused it",
        in_warranty=inside,
        human_caused=human,
        delivered_at=first_delivery(situation).isoformat(),
    )
    return "free" if inside and not human else "quoted"


_BY_SCENE: dict[Scene, Callable[[Situation], str]] = {
    Scene.LOGISTICS_LOST: _lost,
    Scene.LOGISTICS_EMPTY_PARCEL: _empty,
    Scene.LOGISTICS_DELAY: _on_the_way,
    Scene.LOGISTICS_STUCK: _on_the_way,
    Scene.LOGISTICS_UNDELIVERED: _on_the_way,
    Scene.QUALITY_MALFUNCTION: _malfunction,
    Scene.ORDER_PRESALE_DEPOSIT: _deposit,
    Scene.ORDER_CANCEL: _cancel,
    Scene.PAYMENT_DUPLICATE: _duplicate,
    Scene.COMPLAINT_PROMISE_BREACH: _promise,
    Scene.WARRANTY_REPAIR: _repair,
}
_BY_GROUP: dict[str, Callable[[Situation], str]] = {"delivery_failure": _delivery_failure}
