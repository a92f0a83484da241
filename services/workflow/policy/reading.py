"""Reading the facts: what is missing, what contradicts, what belongs to another version. Nothing is guessed, so that no default gives money away."""

from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from iso4217 import Currency

from contracts.decision_facts import Facts
from contracts.scenes import Scene
from services.workflow.money.errors import MoneyError
from services.workflow.money.line_state import LineState, line_states
from services.workflow.policy.errors import FactsError
from services.workflow.policy.policy import Policy
from services.workflow.policy.situation import DEFAULT_UNITS, Situation
from services.workflow.policy.table import Row
from services.workflow.policy.trace import Trace

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far apart the clocks of two machines may be before facts contradict each other."""

FALLBACK = Scene.SERVICE_INQUIRY_POLICY
"""Where a contact goes that nobody could classify (R-SCN-01)."""


def look_at(facts: Facts, policy: Policy, trace: Trace) -> Situation:
    """Check the facts. Raises ``FactsError`` with the field and the remedy where they are incomplete or contradict each other."""
    _same_version(facts, policy)
    try:
        zone = ZoneInfo(facts.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise FactsError("time_zone", f"{facts.time_zone!r} is no IANA time zone", "use a name such as Europe/London") from None
    scene, meaning = _scene(facts, policy)
    meaning = _problem_behind(facts, policy) or meaning
    _moments(facts)
    _line_names(facts)
    states = _states(facts, meaning)
    situation = Situation(facts, policy, trace, zone, scene, states)
    if facts.scene is None:
        trace.note("R-SCN-01", "nobody could classify the contact: an agent looks at it", needs_triage=True)
    if states:
        _check_affected(situation, meaning)
        _check_groups(facts)
    return situation


def _same_version(facts: Facts, policy: Policy) -> None:
    if facts.policy_version is not None and facts.policy_version != policy.policy_version:
        raise FactsError(
            "policy_version",
            f"the case is fixed to {facts.policy_version}, but {policy.policy_version} was asked",
            "ask the policy that the case is fixed to, or leave the field out",
        )


def _scene(facts: Facts, policy: Policy) -> tuple[Scene, Row]:
    scene = FALLBACK if facts.scene is None else facts.scene
    known = policy.tables["scenes"]
    row = known.find(scene=scene.value)
    if row is None:
        listed = ", ".join(sorted(value for each in known.rows for value in each.accepts["scene"]))
        raise FactsError("scene", f"{policy.policy_version} has no rules for {scene.value}", f"use a policy that has, or one of {listed}")
    return scene, row


def _problem_behind(facts: Facts, policy: Policy) -> Row | None:
    """What the problem behind a complaint means, which needs the same facts as that problem alone (R-DEC-38)."""
    about = problem_scene(facts)
    if about is None:
        return None
    row = policy.tables["scenes"].find(scene=about.value)
    if row is None:
        raise FactsError("complaint.about", f"{policy.policy_version} has no rules for {about.value}", "name a scene that it has")
    return row


def _moments(facts: Facts) -> None:
    returned, shipments = facts.returned, facts.order.shipments if facts.order else ()
    if returned is not None and returned.result is not None and returned.received_at is None:
        raise FactsError("returned.received_at", "is missing, but the goods were inspected", "say when the parcel was received")
    if facts.order is not None and facts.requested_at < facts.order.placed_at - CLOCKS_DIFFER:
        raise FactsError(
            "requested_at", "lies before the order was placed", "correct one of the two: windows are counted to it (R-ELIG-02)"
        )
    happened = {
        "requested_at": facts.requested_at,
        "recorded_at": facts.recorded_at,
        "returned.received_at": returned.received_at if returned else None,
        "order.shipments": max((each.delivered_at for each in shipments if each.delivered_at is not None), default=None),
    }
    for field, moment in happened.items():
        if moment is not None and moment > facts.moment + CLOCKS_DIFFER:
            raise FactsError(field, "lies after the moment of the decision", "correct one of the two")


def _line_names(facts: Facts) -> None:
    """Counts by line must be about lines of the order: under a misspelt id they would not count."""
    counts = {
        "stock": facts.stock,
        "reshipped": facts.reshipped,
        "merchant_fault_refunded": facts.merchant_fault_refunded,
        "delivery.parcel_units": facts.delivery.parcel_units if facts.delivery else {},
    }
    known = {line.line_id for line in facts.order.lines} if facts.order else set()
    for field, by_line in counts.items():
        for line_id, count in by_line.items():
            if line_id not in known:
                raise FactsError(f"{field}.{line_id}", "is no line of the order", "name a line of the order")
            if count < 0:
                raise FactsError(f"{field}.{line_id}", f"{count} is no number of units", "count from 0")


def _states(facts: Facts, meaning: Row) -> dict[str, LineState]:
    if facts.order is None:
        if not meaning.says["first step"] or facts.affected:
            raise FactsError("order", "is missing", "send the order that the case is about")
        return {}
    if facts.order.currency not in Currency.__members__:
        raise FactsError("order.currency", f"{facts.order.currency} is no currency of ISO 4217", "use a code such as CNY or GBP")
    if not facts.order.payments and not meaning.says["first step"]:
        raise FactsError("order.payments", "is empty", "send the order with its captured payments (R-RFD-02)")
    try:
        return line_states(facts.order, facts.prior)
    except MoneyError as error:
        raise FactsError("prior", str(error), "send the order and what was given back on it as they stand") from error


def problem_scene(facts: Facts) -> Scene | None:
    """The scene of the problem behind a complaint about goods, None where the facts' own scene is what is decided on (R-DEC-38)."""
    if facts.scene is None or facts.scene.group != "complaint" or facts.scene is Scene.COMPLAINT_PROMISE_BREACH:
        return None
    return facts.complaint.about if facts.complaint else None


def _check_affected(situation: Situation, meaning: Row) -> None:
    facts, states = situation.facts, situation.states
    counted = meaning.word("units") or DEFAULT_UNITS
    if not facts.affected and counted != "none":
        raise FactsError("affected", "is empty", "name the lines and quantities that the case is about (R-INT-07)")
    seen: set[str] = set()
    for place, each in enumerate(facts.affected):
        field = f"affected[{place}]"
        if each.line_id not in states:
            raise FactsError(field, f"the order has no line {each.line_id}", "name a line of the order")
        if each.line_id in seen:
            raise FactsError(field, f"line {each.line_id} is named twice", "name each line once, with all its affected units")
        seen.add(each.line_id)
        state = states[each.line_id]
        refunded = state.paid.line.quantity - state.units_left
        there = situation.order.delivered_quantity(each.line_id) if counted == "delivered" else state.paid.line.quantity
        if each.quantity > there - refunded:
            raise FactsError(
                field,
                f"{each.quantity} units of line {each.line_id}, but only {there - refunded} were {counted} and not yet given back",
                "lower the quantity, or send the order with its delivery (R-INT-07)",
            )


def _check_groups(facts: Facts) -> None:
    affected = {each.line_id: each.quantity for each in facts.affected}
    grouped: dict[str, int] = {}
    for place, group in enumerate(facts.groups):
        if group.line_id not in affected:
            raise FactsError(f"groups[{place}]", f"line {group.line_id} is not among the affected", "name affected lines only")
        grouped[group.line_id] = grouped.get(group.line_id, 0) + group.quantity
        if grouped[group.line_id] > affected[group.line_id]:
            raise FactsError(f"groups[{place}]", f"more units of line {group.line_id} than are affected", "divide the affected units")
