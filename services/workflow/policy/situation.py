"""The facts as the rules ask about them: checked, with what follows from them under this policy worked out once."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.decision_facts import Facts
from contracts.order_v1 import OrderLine
from services.workflow.money.errors import MoneyError
from services.workflow.money.line_state import LineState, line_states
from services.workflow.policy.errors import FactsError
from services.workflow.policy.policy import Policy
from services.workflow.policy.trace import Trace


@dataclass(frozen=True, slots=True)
class Situation:
    """Facts, policy and trace of one decision. ``states`` are the lines with what was paid for them and given back before."""

    facts: Facts
    policy: Policy
    trace: Trace
    zone: ZoneInfo
    states: dict[str, LineState]

    @property
    def currency(self) -> str:
        """The order's currency."""
        return self.facts.order.currency

    @property
    def lines(self) -> Sequence[OrderLine]:
        """The affected lines."""
        return [self.facts.order.line(each.line_id) for each in self.facts.affected]

    @property
    def goods_minor(self) -> int:
        """What the affected units cost, rounded down to whole units (R-RFD-06)."""
        return sum(each.quantity * self.states[each.line_id].paid.unit_minor for each in self.facts.affected)

    @property
    def dearest_unit_minor(self) -> int:
        """The highest unit paid price among the affected lines."""
        return max(self.states[each.line_id].paid.unit_minor for each in self.facts.affected)

    def amount(self, path: str) -> int | None:
        """A setting's amount in the order's currency; None where the policy has none: then a person decides."""
        return self.policy.settings.amounts(path).get(self.currency)


def look_at(facts: Facts, policy: Policy, trace: Trace) -> Situation:
    """Check the facts. Raises ``FactsError`` with the field and the remedy where they are incomplete or contradict each other."""
    try:
        zone = ZoneInfo(facts.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise FactsError("time_zone", f"{facts.time_zone!r} is no IANA time zone", "use a name such as Europe/London") from None
    if not facts.order.payments:
        raise FactsError("order.payments", "is empty", "send the order with its captured payments (R-RFD-02)")
    try:
        states = line_states(facts.order, facts.prior)
    except MoneyError as error:
        raise FactsError("prior", str(error), "send the order and what was given back on it as they stand") from error
    _check_affected(facts, states)
    return Situation(facts, policy, trace, zone, states)


def _check_affected(facts: Facts, states: dict[str, LineState]) -> None:
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
        claimable = facts.order.delivered_quantity(each.line_id) - refunded
        if each.quantity > claimable:
            raise FactsError(
                field,
                f"{each.quantity} units of line {each.line_id}, but only {claimable} were delivered and not yet given back",
                "lower the quantity, or send the order with its delivery (R-INT-07)",
            )
