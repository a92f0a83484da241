"""Compliance risks: which violation of the catalogue a plan or a case touches, what it costs, and whether it is blocked (rules, section 21)."""

from collections.abc import Iterator
from datetime import datetime

from contracts.case_state import OptionCode
from contracts.decision_circumstances import Breach, PlannedAction, PlannedKind
from contracts.decision_facts import SpecialApproval
from contracts.decision_result import ComplianceRisk
from contracts.scenes import Scene
from services.workflow.policy.compensation import promise_ceiling_minor
from services.workflow.policy.option_money import option_money
from services.workflow.policy.situation import Situation
from services.workflow.policy.table import Row
from services.workflow.policy.windows import months_later

DELISTED = frozenset({"R-VIO-10", "R-VIO-11"})
"""Violations whose repetition takes the listing off sale."""
TRIAL_BREACHES = frozenset({Breach.LATE_SHIPMENT, Breach.STOCKOUT_CLOSING, Breach.PRICE, Breach.FREIGHT, Breach.OTHER})
"""The broken promises that a free trial is about: it was not sent, or cost extra."""


def risks(situation: Situation) -> tuple[ComplianceRisk, ...]:
    """Every risk that the plans and the circumstances raise, in the order in which they were planned."""
    table = situation.policy.tables.get("violations")
    if table is None:
        return ()
    terms = situation.facts.terms
    found: list[ComplianceRisk] = []
    for planned in (*situation.facts.planned, *_implied(situation)):
        rows = table.matching(
            action=planned.kind.value,
            cash_on_delivery="yes" if terms.cash_on_delivery else "no",
            free_shipping="yes" if terms.free_shipping else "no",
            agreed="yes" if planned.agreed else "no",
            shipping_promise="yes" if planned.promise is Breach.LATE_SHIPMENT else "no",
        )
        found.extend(_risk(situation, row, planned) for row in rows)
    return tuple(found)


def _implied(situation: Situation) -> Iterator[PlannedAction]:
    """What the case itself shows, though nobody plans it."""
    facts = situation.facts
    if facts.stockout is not None and facts.stockout.listing_active:
        yield PlannedAction(kind=PlannedKind.LIST_WITHOUT_STOCK)
    if facts.stockout is not None and facts.stockout.substitute_unit_minor is not None and _dearer(situation):
        yield PlannedAction(kind=PlannedKind.RAISE_PRICE, agreed=facts.stockout.agreed_to_pay_more)
    if facts.terms.trial and _about_trial(situation):
        yield PlannedAction(kind=PlannedKind.BREAK_TRIAL)
    invoice = facts.invoice
    if invoice is not None and not invoice.possible_now and invoice.promised_at is None:
        situation.trace.note("R-INV-07", "an invoice that must wait needs a date")
        yield PlannedAction(kind=PlannedKind.CONDITION_INVOICE)
    if invoice is not None and invoice.issuer is not None and invoice.seller not in (None, invoice.issuer):
        situation.trace.note("R-INV-04", "the seller issues the invoice, nobody else")
        yield PlannedAction(kind=PlannedKind.INVOICE_BY_OTHER_COMPANY)
    for promise in facts.promises:
        late = (promise.kept_at or facts.moment) > promise.due_at
        if promise.commercial is not None and late:
            yield PlannedAction(kind=PlannedKind.BREAK_PROMISE, promise=promise.commercial)
    if situation.scene is Scene.ORDER_PRESALE_DEPOSIT and facts.deposit is not None and _deposit_refused_or_late(situation):
        yield PlannedAction(kind=PlannedKind.REFUSE_DEPOSIT)


def _dearer(situation: Situation) -> bool:
    """Whether the substitute costs more than was paid, its discount taken off (R-STK-06)."""
    means = situation.policy.tables["options"].find(option=OptionCode.SUBSTITUTE.value)
    return means is not None and option_money(situation, OptionCode.SUBSTITUTE, means.word("money"), {}).collect_minor > 0


def _about_trial(situation: Situation) -> bool:
    """Whether a complaint is that a trial was not sent or cost more than its postage, as far as anybody has said (R-VIO-12)."""
    breach = situation.facts.complaint.breach if situation.facts.complaint else None
    if breach is None:
        return situation.scene is Scene.COMPLAINT_PROMISE_BREACH
    return situation.scene.group == "complaint" and breach in TRIAL_BREACHES


def _deposit_refused_or_late(situation: Situation) -> bool:
    facts = situation.facts
    accepted, done = facts.clocks.accepted_at, facts.clocks.met.get("R-SLA-14", facts.moment)
    late = accepted is not None and done > accepted + situation.duration("refund.submit")
    return late or facts.special_approval is SpecialApproval.DECLINED


def _risk(situation: Situation, row: Row, planned: PlannedAction) -> ComplianceRisk:
    facts = situation.facts
    violation = row.word("violation")
    months = situation.number("violation.repeat_months")
    since = _months_before(situation, months)
    before = [each for each in facts.prior_violations if each.rule == violation and not each.blocked and each.at >= since]
    repeated = bool(before) and bool(row.says["repeat points"])
    points = row.word("repeat points" if repeated else "points")
    exposure = promise_ceiling_minor(situation) if row.word("exposure") == "yes" and facts.order is not None else None
    blocked = row.word("block") == "yes"
    situation.trace.note(
        violation,
        f"raised by {planned.kind.value}",
        source=row.source,
        points=int(points) if points else None,
        repeated=repeated,
        blocked=blocked,
    )
    if row.says["repeat points"]:
        situation.trace.note(
            "R-VIO-16", "repeated is a second one on the listing within the time", source="violation.repeat_months", before=len(before)
        )
    if exposure is not None:
        situation.trace.note("R-VIO-14", "the most that compensation can come to", exposure_minor=exposure)
    if blocked and violation in {"R-VIO-01", "R-VIO-04", "R-VIO-05", "R-VIO-10"}:
        situation.trace.note("R-NOT-07", "nothing is closed or refused without the customer's consent")
    return ComplianceRisk(
        violation=violation,
        raised_by=planned.kind.value,
        points=int(points) if points else None,
        repeated=repeated,
        delisting=repeated and violation in DELISTED,
        blocked=blocked,
        exposure_minor=exposure,
    )


def _months_before(situation: Situation, months: int) -> datetime:
    """The same local time of day so many months ago, on the last day of a shorter month."""
    now = situation.facts.moment.astimezone(situation.zone)
    return datetime.combine(months_later(now.date(), -months), now.time(), tzinfo=situation.zone)
