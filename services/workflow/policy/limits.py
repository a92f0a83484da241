"""The time limits that run for a case at this moment (rules, section 5.2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.case_state import GOODS_COME_BACK, OptionCode
from contracts.decision_facts import Facts
from contracts.decision_result import NextStep, TimeLimit
from services.workflow.policy.grading import Grade
from services.workflow.policy.situation import Situation
from services.workflow.policy.table import Row
from services.workflow.policy.timers import dispatch_due
from services.workflow.policy.working_days import end_of_day, end_of_working_day

FIRST_RESPONSES = frozenset({"R-SLA-01", "R-SLA-02", "R-SLA-03"})
PROMISE = "R-SLA-24"


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
    starts = _starts(facts)
    limits = []
    for row in situation.policy.tables["limits"].matching(scene=situation.scene.value, priority=given.priority.value, next_step=step.value):
        began = starts[row.word("start")]
        if began is not None:
            limits.append(_limit(situation, _run(situation, row, began), row.source))
    for promise in facts.promises:
        run = _Run(PROMISE, promise.what, facts.recorded_at or facts.moment, promise.due_at)
        limits.append(_limit(situation, run, "promises", met=promise.kept_at))
    if any(limit.breached for limit in limits):
        situation.trace.note("R-SLA-20", "a missed limit decides nothing: the owner is raised, and the customer told a new time")
    return tuple(limits)


def _starts(facts: Facts) -> dict[str, datetime | None]:
    """The moments that limits run from; None where it has not come, so that the limit does not run."""
    clocks, recorded = facts.clocks, facts.recorded_at or facts.moment
    returned, reship = facts.returned, facts.reship
    return {
        "recorded": recorded,
        "urgent": clocks.urgent_since or recorded,
        "now": facts.moment,
        "requested": facts.requested_at,
        "paid": _paid(facts),
        "received": returned.received_at if returned else None,
        "accepted": clocks.accepted_at,
        "decided": clocks.decided_at or (None if _waits_for_goods(facts) else clocks.accepted_at),
        "transferred": facts.payment.transferred_at if facts.payment else None,
        "attributed": clocks.attributed_at,
        "rated": clocks.rated_at,
        "completed": clocks.completed_at,
        "return_approved": returned.approved_at if returned and returned.received_at is None else None,
        "disputed": returned.disputed_at if returned else None,
        "repair_began": facts.warranty.repair_began_at if facts.warranty else None,
        "reservation_failed": reship.reservation_failed_at if reship else None,
        "reship_accepted": reship.accepted_at if reship else None,
        "intercept_requested": facts.delivery.intercept_requested_at if facts.delivery else None,
    }


def _paid(facts: Facts) -> datetime | None:
    """When an order was paid that has not left yet; cash on delivery counts from the order (R-SLA-10, C-30)."""
    if facts.order is None or facts.order.shipments:
        return None
    return facts.order.placed_at if facts.terms.cash_on_delivery else facts.order.paid_at


def _waits_for_goods(facts: Facts) -> bool:
    """Whether the refund waits for goods to come back: then the limit of the return holds instead (R-SLA-13, R-SLA-14)."""
    return facts.agreed_option is None or facts.agreed_option in GOODS_COME_BACK - {OptionCode.REFUND_NO_WAIT}


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
    met_at = met or facts.clocks.met.get(run.sla) or _answered(situation, run.sla)
    breached = (met_at or facts.moment) > due
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


def _warning(situation: Situation, limit: timedelta, due: datetime) -> datetime | None:
    settings = situation.policy.settings.sla
    if settings.warn_pct is None or settings.warn_min_limit is None or limit < settings.warn_min_limit:
        return None
    situation.trace.note("R-SLA-21", "the owner is warned before the end", source="sla.warn_pct", percent=settings.warn_pct)
    return due - limit * (100 - settings.warn_pct) / 100
