"""The facts as the rules ask about them: checked, with what follows from them under this policy worked out once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from contracts.decision_facts import AffectedUnits, Attributes, Cause, Facts
from contracts.order_v1 import Order, OrderLine
from contracts.scenes import Scene
from services.workflow.money.line_state import LineState
from services.workflow.policy.errors import FactsError
from services.workflow.policy.policy import Policy
from services.workflow.policy.table import Row
from services.workflow.policy.trace import Trace

DEFAULT_UNITS = "delivered"
NOTHING_SAID = Attributes()


@dataclass(frozen=True, slots=True)
class Situation:
    """Facts, policy and trace of one decision.

    ``scene`` is the one decided on: that of the facts, or the problem behind a complaint. ``states`` are the order's lines with what was paid for them
    and given back before. ``counts`` are the attributes of the goods that count as true, ``found`` what was found
    out beyond them.
    """

    facts: Facts
    policy: Policy
    trace: Trace
    zone: ZoneInfo
    scene: Scene
    states: dict[str, LineState]
    counts: Attributes = NOTHING_SAID
    found: str = "open"

    @property
    def order(self) -> Order:
        """The order. Raises ``FactsError`` where the facts have none."""
        if self.facts.order is None:
            raise FactsError("order", "is missing", f"send the order: {self.scene.value} cannot be decided without it")
        return self.facts.order

    @property
    def meaning(self) -> Row:
        """What the policy says of the scene."""
        return self.policy.tables["scenes"].one(scene=self.scene.value)

    @property
    def merchant_fault(self) -> bool:
        """Whether the merchant answers for it, carrier faults included; wear from use is never the merchant's (rules, section 0)."""
        if self.scene.group == "quality" and self.counts.cause is Cause.USAGE_WEAR:
            return False
        if self.found in ("merchant_fault", "merchant_caused"):
            return True
        said = self.meaning.word("fault")
        return self.scene.merchant_fault if not said else said == "merchant"

    @property
    def currency(self) -> str:
        """The order's currency."""
        return self.order.currency

    @property
    def lines(self) -> Sequence[OrderLine]:
        """The affected lines."""
        return [self.order.line(each.line_id) for each in self.facts.affected]

    @property
    def goods_minor(self) -> int:
        """What the affected units cost, rounded down to whole units (R-RFD-06)."""
        return sum(each.quantity * self.states[each.line_id].paid.unit_minor for each in self.facts.affected)

    @property
    def dearest_unit_minor(self) -> int:
        """The highest unit paid price among the affected lines, 0 where none is affected."""
        return max((self.states[each.line_id].paid.unit_minor for each in self.facts.affected), default=0)

    def amount(self, path: str) -> int | None:
        """A setting's amount in the order's currency; None where the policy has none: then a person decides."""
        return self.policy.settings.amounts(path).get(self.currency)

    def duration(self, path: str) -> timedelta:
        """A setting's length of time, with the customer's extension where one is longer (R-ELIG-12)."""
        longest = self.policy.settings.duration(path)
        names = [name for name in (self.facts.customer.member_level, *self.facts.customer.campaigns) if name]
        for name in names:
            extension = self.policy.settings.extensions.get(name)
            longer = extension.days(path) if extension else None
            if longer is not None and longer > longest:
                self.trace.note("R-ELIG-12", f"{path} is longer for {name}", source=f"extensions.{name}", days=longer.days)
                longest = longer
        return longest

    def number(self, path: str) -> int:
        """A setting's count or percentage."""
        return self.policy.settings.number(path)

    def about(self, affected: Sequence[AffectedUnits], counts: Attributes, scene: Scene | None = None) -> "Situation":
        """The same situation, for some of its units in their own condition (R-DEC-06), or under another scene."""
        narrowed = self.facts.model_copy(update={"affected": tuple(affected)})
        return replace(self, facts=narrowed, counts=counts, scene=scene or self.scene)
