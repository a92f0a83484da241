"""A line while a request is worked through: what was paid for it, and what has been given back so far."""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.order_v1 import Order
from contracts.quote import PriorLine, PriorRefunds
from services.workflow.money.errors import PriorMoneyError, UnknownItemError
from services.workflow.money.paid import LinePaid, lines_paid
from services.workflow.money.runs import Run, as_prior, kept, runs_of


@dataclass(slots=True)
class LineState:
    """What was paid for a line, the state of its units, and the money given back on it, in minor units.

    ``held_minor`` is what was held back of its refunds because an order discount was lost.
    """

    paid: LinePaid
    runs: list[Run]
    refunded_minor: int
    compensated_minor: int
    held_minor: int = 0

    @property
    def units_left(self) -> int:
        """How many units the customer still has."""
        return kept(self.runs)

    @property
    def given_minor(self) -> int:
        """All that was given back on the line."""
        return self.refunded_minor + self.compensated_minor

    @property
    def left_minor(self) -> int:
        """What may still be given back on the line (R-RFD-03)."""
        return self.paid.paid_minor - self.given_minor

    def room_minor(self, runs: Iterable[Run]) -> int:
        """What may still be given for kept units: up to their paid price each (R-RFD-03), and what is left on the line."""
        unit = self.paid.unit_minor
        room = sum(run.count * max(0, unit - run.compensated_minor) for run in runs if not run.refunded)
        return max(0, min(room, self.left_minor))

    def as_prior(self) -> PriorLine:
        """The line as a later quote wants to know it."""
        return PriorLine(
            line_id=self.paid.line.line_id,
            units_refunded=sum(run.count for run in self.runs if run.refunded),
            refunded_minor=self.refunded_minor,
            units_compensated=sum(run.count for run in self.runs if run.compensated_minor),
            compensated_minor=self.compensated_minor,
            units=as_prior(self.runs),
            discount_held_minor=self.held_minor,
        )


def line_states(order: Order, prior: PriorRefunds) -> dict[str, LineState]:
    """Every line of the order before a quote. Raises ``UnknownItemError``, ``PriorMoneyError``, ``OrderMoneyError``."""
    paid = lines_paid(order)
    known: dict[str, PriorLine] = {}
    for before in prior.lines:
        if before.line_id not in paid:
            raise UnknownItemError("line", before.line_id, "prior.lines")
        if before.line_id in known:
            raise PriorMoneyError(f"prior.lines names line {before.line_id} twice: add up what was given back on it in one entry")
        known[before.line_id] = before
    states = {}
    for line_id, entry in paid.items():
        if line_id not in known:
            states[line_id] = LineState(entry, [Run(1, entry.line.quantity)], 0, 0)
            continue
        before = known[line_id]
        runs = runs_of(entry.line.quantity, before)
        states[line_id] = LineState(entry, runs, before.refunded_minor, before.compensated_minor, before.discount_held_minor)
        if states[line_id].left_minor < 0:
            raise PriorMoneyError(
                f"prior line {line_id}: {before.refunded_minor + before.compensated_minor} given back of {entry.paid_minor} paid"
            )
    return states
