"""A quoted line while it is being worked out."""

from dataclasses import dataclass, field
from typing import Literal

from contracts.order_v1 import Tax
from contracts.quote import AppliedCap, QuoteLine, QuoteStep, UnitRun
from services.workflow.money.errors import CapExceededError
from services.workflow.money.taxes import tax_portions

Kind = Literal["units", "compensation", "freight"]
Cause = Literal["asked", "price_difference", "discount_moved", "discount_restored"]


@dataclass(slots=True)
class Draft:
    """One line of the quote.

    ``named`` says that the request named the amount: it is never reduced, but refused where it is too much. ``paid_minor`` is what was paid for
    the whole line or charge, ``before_minor`` how much of it was given back before this item, ``held_minor`` what was held back of it because an
    order discount was lost.
    """

    kind: Kind
    item_id: str
    amount_minor: int
    paid_minor: int
    before_minor: int
    taxes: tuple[Tax, ...]
    named: bool
    quantity: int = 0
    cause: Cause = "asked"
    held_minor: int = 0
    steps: list[QuoteStep] = field(default_factory=list)
    caps: list[AppliedCap] = field(default_factory=list)
    units: list[UnitRun] = field(default_factory=list)

    def step(self, label: str, rule: str, amount_minor: int) -> None:
        """Note a step that adds something; a step of nothing is not worth a line."""
        if amount_minor:
            self.steps.append(QuoteStep(label=label, rule=rule, amount_minor=amount_minor))

    def limit(self, name: str, rule: str, limit_minor: int) -> None:
        """Hold the line to a limit. Raises ``CapExceededError`` where a named amount is above it."""
        asked = self.amount_minor
        over = asked > limit_minor
        if over and self.named:
            raise CapExceededError(name, rule, asked, limit_minor)
        self.caps.append(AppliedCap(name=name, rule=rule, limit_minor=limit_minor, asked_minor=asked, reduced=over))
        if over:
            self.reduce(asked - limit_minor, f"limited by what is left on {name}", rule)

    def reduce(self, by_minor: int, label: str, rule: str) -> None:
        """Take something away, and say why."""
        self.step(label, rule, -by_minor)
        self.amount_minor -= by_minor

    def line(self) -> QuoteLine:
        """The line as quoted, with the tax in it."""
        return QuoteLine(
            kind=self.kind,
            line_id=None if self.kind == "freight" else self.item_id,
            freight_id=self.item_id if self.kind == "freight" else None,
            quantity=self.quantity,
            amount_minor=self.amount_minor,
            taxes=tax_portions(self.taxes, self.paid_minor, self.before_minor, self.before_minor + self.amount_minor),
            steps=tuple(self.steps),
            units=tuple(self.units),
            cause=self.cause,
            discount_held_minor=-self.amount_minor if self.cause == "discount_restored" else self.held_minor,
        )
