"""The time limits that run for a case at this moment (rules, section 5.2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.case_state import GOODS_COME_BACK, OptionCode
from contracts.decision_circumstances import InspectionResult, ReturnFacts
from contracts.decision_facts import Facts
from contracts.decision_result import NextStep, Priority, TimeLimit
from contracts.order_v1 import OrderStatus
from services.workflow.policy.grading import Grade, carrier_at_fault
from services.workflow.policy.situation import Situation
from services.workflow.policy.table import Row
from services.workflow.policy.timers import dispatch_due
from services.workflow.policy.working_days import end_of_day, end_of_working_day

FIRST_RESPONSES = frozenset({"R-SLA-01", "R-SLA-02", "R-SLA-03"})
PROCESSED = "R-SLA-13"
PROMISE = "R-SLA-24"
CUSTOMERS = frozenset({"R-EVD-09", "R-CASE-04", "R-RTN-02", "R-RTN-05", "R-RSH-04"})
"""The customer's own limits: their rules say what follows once they run out, and the shop has missed nothing (R-SLA-20)."""
REFUNDS = frozenset({"refund", "standard", "raised", "settlement", "less_freight", "extra", "deposit"})
"""The kinds of money of an option (column ``money``) that are given back to the customer."""
WAITS_FOR_PARCEL = GOODS_COME_BACK - {OptionCode.REFUND_NO_WAIT} | {OptionCode.REFUND_AFTER_INTERCEPT}
"""Options whose money waits for a parcel: R-SLA-13 or R-LOG-08 holds instead of R-SLA-14."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A limit before it is compared with what happened: when it began, and when it ends."""

    sla: str
    what: str
    began: datetime
    due: datetime
    waits: bool = False


def time_limits(situation: Situation, given: Grade, step: NextStep) -> tuple[TimeLimit, ...]:
    """Each limit with its due time, in the order of the table, then the times that the customer was promised (R-SLA-24)."""
    facts = situation.facts
    starts = _starts(situation)
    limits = []
    for row in _rows(situation, given, step):
        began = starts[row.word("start")]
        if began is not None:
            limits.append(_limit(situation, _run(situation, row, began), row.source))
    for promise in facts.promises:
        run = _Run(PROMISE, promise.what, facts.recorded_at or facts.moment, promise.due_at)
        limits.append(_limit(situation, run, "promises", met=promise.kept_at))
    if any(limit.breached for limit in limits):
        situation.trace.note("R-SLA-20", "a missed limit decides nothing: the owner is raised, and the customer told a new time")
    return tuple(limits)


def _rows(situation: Situation, given: Grade, step: NextStep) -> list[Row]:
    """The limits of the case. Those that ran before a change to urgent keep running from their start, beside the tighter ones (R-SCN-03)."""
    table, scene = situation.policy.tables["limits"], situation.scene.value
    grades = {given.priority}
    if situation.facts.clocks.urgent_since is not None:
        grades.add(Priority.NORMAL)
    hits = {row.source for grade in grades for row in table.matching(scene=scene, priority=grade.value, next_step=step.value)}
    return [row for row in table.rows if row.source in hits]


def _starts(situation: Situation) -> dict[str, datetime | None]:
    """The moments that limits run from; None where it has not come, so that the limit does not run."""
    facts = situation.facts
    clocks, recorded = facts.clocks, facts.recorded_at or facts.moment
    returned, reship = facts.returned, facts.reship
    return {
        "recorded": recorded,
        "urgent": clocks.urgent_since or recorded,
        "now": facts.moment,
        "requested": facts.requested_at,
        "paid": _paid(situation),
        "received": returned.received_at if returned else None,
        "accepted": clocks.accepted_at,
        "decided": clocks.decided_at or (clocks.accepted_at if _refunded_at_once(situation) else None),
        "transferred": facts.payment.transferred_at if facts.payment else None,
        "attributed": clocks.attributed_at if carrier_at_fault(facts) else None,
        "rated": clocks.rated_at,
        "completed": clocks.completed_at,
        "return_approved": returned.approved_at if returned and _to_be_handed_in(returned) else None,
        "disputed": returned.disputed_at if returned else None,
        "repair_began": facts.warranty.repair_began_at if facts.warranty else None,
        "reservation_failed": reship.reservation_failed_at if reship else None,
        "reship_accepted": reship.accepted_at if reship else None,
        "intercept_requested": facts.delivery.intercept_requested_at if facts.delivery else None,
    }


def _to_be_handed_in(returned: ReturnFacts) -> bool:
    """Whether the parcel is still with a customer who has to send it (R-RTN-02)."""
    return returned.received_at is None and returned.handed_in_at is None and not returned.merchant_arranged


def _paid(situation: Situation) -> datetime | None:
    """When an order was paid of which something has still to leave; cash on delivery counts from the order (R-SLA-10, C-30)."""
    facts, order = situation.facts, situation.facts.order
    if order is None or order.status is OrderStatus.CANCELLED:
        return None
    left = {line_id: state.units_left for line_id, state in situation.states.items()}
    for part in (part for shipment in order.shipments for part in shipment.lines):
        left[part.line_id] -= part.quantity
    if all(units <= 0 for units in left.values()):
        return None
    return order.placed_at if facts.terms.cash_on_delivery else order.paid_at


def _refunded_at_once(situation: Situation) -> bool:
    """Whether the customer agreed to a refund that waits for no parcel (R-SLA-14)."""
    agreed = situation.facts.agreed_option
    means = None if agreed is None else situation.policy.tables["options"].find(option=agreed.value)
    return means is not None and agreed not in WAITS_FOR_PARCEL and means.word("money") in REFUNDS


def _run(situation: Situation, row: Row, began: datetime) -> _Run:
    """The limit of a row that began."""
    settings, zone = situation.policy.settings, situation.zone
    counted, sla, waits = row.word("counted"), row.word("sla"), row.word("waits") == "yes"
    if counted == "working_days" and settings.calendar is not None:
        due = end_of_working_day(began, situation.number("invoice.working_days"), settings.calendar, zone)
    elif counted == "dispatch":
        due = dispatch_due(settings.ship, situation.facts.time_zone, began)
        if len(row.says["sla"]) > 1:
            # Before the cut-off the first of two rules holds, from then on the second (R-SLA-10, R-SLA-11).
            sla = row.says["sla"][began.astimezone(zone).time() >= settings.ship.cutoff_local]
    elif counted == "days":
        due = end_of_day(began, settings.duration(row.word("limit")), zone)
    else:
        due = began + settings.duration(row.word("limit"))
    return _Run(sla, row.word("what"), began, due, waits)


def _limit(situation: Situation, run: _Run, source: str, met: datetime | None = None) -> TimeLimit:
    facts, due, trace = situation.facts, run.due, situation.trace
    paused = False
    if run.waits:
        due, paused = _after_waiting(facts, due)
        trace.note(
            "R-SLA-25", "the clock stops while the customer is waited for", waited_seconds=facts.clocks.waited_seconds, paused=paused
        )
    met_at = met or facts.clocks.met.get(run.sla) or _answered(situation, run.sla) or _mismatch_told(facts, run.sla)
    breached = run.sla not in CUSTOMERS and (met_at or facts.moment) > due
    limit = run.due - run.began
    trace.note(run.sla, f"due {due.isoformat()}", source=source, breached=breached)
    return TimeLimit(
        sla=run.sla,
        due_at=due,
        limit=limit,
        what=run.what,
        started_at=run.began,
        warn_at=_warning(situation, limit, due),
        met_at=met_at,
        paused=paused,
        breached=breached,
    )


def _after_waiting(facts: Facts, due: datetime) -> tuple[datetime, bool]:
    clocks = facts.clocks
    waited = timedelta(seconds=clocks.waited_seconds)
    if clocks.waiting_since is not None:
        waited += max(timedelta(0), facts.moment - clocks.waiting_since)
    return due + waited, clocks.waiting_since is not None


def _answered(situation: Situation, sla: str) -> datetime | None:
    response = situation.facts.clocks.first_response
    if sla not in FIRST_RESPONSES or response is None:
        return None
    meant = not response.automatic or (response.names_matter and response.names_case_number)
    situation.trace.note("R-SLA-22", "an automatic answer counts if it names matter and case number", counts=meant)
    return response.at if meant else None


def _mismatch_told(facts: Facts, sla: str) -> datetime | None:
    """When the notice of a mismatch met the limit of the return; units that did arrive must still be refunded (R-SLA-25, R-RTN-05)."""
    returned = facts.returned
    if sla != PROCESSED or returned is None or returned.result in (None, InspectionResult.MATCH):
        return None
    return None if any(returned.arrived.values()) else returned.disputed_at


def _warning(situation: Situation, limit: timedelta, due: datetime) -> datetime | None:
    settings = situation.policy.settings.sla
    if settings.warn_pct is None or settings.warn_min_limit is None or limit < settings.warn_min_limit:
        return None
    situation.trace.note("R-SLA-21", "the owner is warned before the end", source="sla.warn_pct", percent=settings.warn_pct)
    return due - limit * (100 - settings.warn_pct) / 100
