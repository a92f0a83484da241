"""What a case gets besides options: the invoice that is due, what the warranty says, and the case that a question turns into."""

from datetime import timedelta

from contracts.decision_result import FreightPayer, InvoiceAnswer, WarrantyAnswer
from contracts.scenes import Scene
from services.workflow.policy.errors import FactsError
from services.workflow.policy.findings import parcel_lost
from services.workflow.policy.situation import Situation
from services.workflow.policy.windows import first_delivery, warranty_end
from services.workflow.policy.working_days import end_of_working_day

QUESTIONS = frozenset({Scene.ORDER_QUERY, Scene.LOGISTICS_QUERY, Scene.ORDER_EXPEDITE})
WARRANTY_SCENES = frozenset({Scene.WARRANTY_REPAIR, Scene.QUALITY_MALFUNCTION, Scene.QUALITY_DEFECT})


def invoice_answer(situation: Situation) -> InvoiceAnswer | None:
    """The invoice: paid less refunded at the time of issue, free of charge, sent in so many working days or on the promised day (R-INV-01 to R-INV-11)."""
    facts, trace, calendar = situation.facts, situation.trace, situation.policy.settings.calendar
    if situation.scene.group != "invoice" or calendar is None:
        return None
    if not situation.order.payments:
        raise FactsError("order.payments", "is empty", "an invoice can be asked for from payment on (R-INV-09): send the payments")
    paid = sum(payment.captured_minor - payment.refunded_elsewhere_minor for payment in situation.order.payments)
    amount = paid - sum(each.refunded_minor for each in facts.prior.payments)
    due = end_of_working_day(facts.requested_at, situation.number("invoice.working_days"), calendar, situation.zone)
    trace.note("R-INV-01", "every sold item gets its invoice, from the first minor unit on", amount_minor=amount)
    trace.note("R-INV-02", "no condition, no charge, no tax asked of the customer", customer_pays_minor=0)
    trace.note("R-INV-03", "the merchant pays for sending it")
    trace.note("R-INV-05", "the invoice says what was really ordered")
    trace.note("R-INV-06", "no time limit for asking", requested_at=facts.requested_at.isoformat())
    trace.note("R-INV-09", "so many working days from the application", source="invoice.working_days", due_at=due.isoformat())
    trace.note("R-INV-11", "paid less refunded at the time of issue", paid_minor=paid, amount_minor=amount)
    if situation.scene is Scene.INVOICE_REISSUE:
        trace.note("R-INV-10", "a wrong or lost invoice is issued again, free and in the same time")
    if facts.invoice is not None:
        trace.note("R-INV-08", "any kind of invoice will do", kind=facts.invoice.kind)
        if facts.invoice.promised_at is not None and not facts.invoice.possible_now:
            trace.note("R-INV-07", "not possible now: the promised date is watched", promised_at=facts.invoice.promised_at.isoformat())
            due = facts.invoice.promised_at
        if facts.invoice.amount_minor not in (None, amount):
            raise FactsError(
                "invoice.amount_minor", f"{facts.invoice.amount_minor} is not what was paid less refunded ({amount})", "use that"
            )
    return InvoiceAnswer(amount_minor=amount, due_at=due)


def warranty_answer(situation: Situation) -> WarrantyAnswer | None:
    """Whether the goods are in warranty and who pays for a repair (R-WAR-01, R-WAR-03, R-WAR-04)."""
    facts = situation.facts
    if situation.scene not in WARRANTY_SCENES or situation.policy.settings.warranty is None or not facts.affected:
        return None
    end = warranty_end(situation)
    inside = facts.requested_at <= end
    human = facts.warranty is not None and bool(facts.warranty.human_caused)
    free = inside and not human
    situation.trace.note(
        "R-WAR-01",
        "delivery compared with the warranty",
        delivered_at=first_delivery(situation).isoformat(),
        ends_at=end.isoformat(),
        inside=inside,
    )
    situation.trace.note("R-WAR-04", "free in warranty unless a person caused it; otherwise quoted first", free=free)
    if facts.warranty is not None and facts.warranty.extension_months:
        situation.trace.note("R-WAR-06", "extended as a benefit", months=facts.warranty.extension_months)
    began = facts.warranty.repair_began_at if facts.warranty else None
    return WarrantyAnswer(
        in_warranty=inside,
        ends_at=end,
        free=free,
        freight_payer=FreightPayer.MERCHANT if free else FreightPayer.CUSTOMER,
        repair_due_at=began + situation.duration("repair.target") if began else None,
    )


def opened_scene(situation: Situation) -> Scene | None:
    """The case that a question about an order turns into, where the parcel is late, silent, lost or damaged (R-SCN-04)."""
    delivery = situation.facts.delivery
    if situation.scene not in QUESTIONS or delivery is None or situation.policy.settings.logistics is None:
        return None
    moment = situation.facts.moment
    silent = moment - delivery.last_scan_at if delivery.last_scan_at else timedelta(0)
    late = delivery.promised_at is not None and moment > delivery.promised_at + situation.duration("logistics.delay")
    if parcel_lost(situation, delivery):
        scene = Scene.LOGISTICS_LOST
    elif delivery.found_damaged:
        scene = Scene.LOGISTICS_DAMAGE
    elif silent >= situation.duration("logistics.stuck"):
        scene = Scene.LOGISTICS_STUCK
    elif late:
        scene = Scene.LOGISTICS_DELAY
    else:
        return None
    situation.trace.note("R-SCN-04", "the question shows a problem: a case is opened", opens=scene.value)
    return scene
