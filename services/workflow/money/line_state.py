"""A line while a request is worked through: what was paid for it, and what has been given back so far."""

from dataclasses import dataclass

from contracts.order_v1 import Order
from contracts.quote import PriorLine, PriorRefunds
from services.workflow.money.errors import PriorMoneyError, UnknownItemError
from services.workflow.money.paid import LinePaid, lines_paid
from services.workflow.money.runs import Run, as_prior, kept, runs_of


@dataclass(slots=True)
class LineState:
    """What was paid for a line, the state of its units, and the money given back on it, in minor units."""

    paid: LinePaid
    runs: list[Run]
    refunded_minor: int
    compensated_minor: int

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

    def as_prior(self) -> PriorLine:
        """The line as a later quote wants to know it."""
        return PriorLine(
            line_id=self.paid.line.line_id,
            units_refunded=sum(run.count for run in self.runs if run.refunded),
            refunded_minor=self.refunded_minor,
            units_compensated=sum(run.count for run in self.runs if run.compensated_minor),
            compensated_minor=self.compensated_minor,
            units=as_prior(self.runs),
        )


def line_states(order: Order, prior: PriorRefunds) -> dict[str, LineState]:
    """Every line of the order before a quote. Raises ``UnknownItemError``, ``PriorMoneyError``, ``OrderMoneyError``."""
    paid = lines_paid(order)
    for before in prior.lines:
        if before.line_id not in paid:
            raise UnknownItemError("line", before.line_id)
    states = {}
    for line_id, entry in paid.items():
        before = prior.line(line_id)
        runs = runs_of(entry.line.quantity, before)
        states[line_id] = LineState(entry, runs, before.refunded_minor, before.compensated_minor)
        if states[line_id].left_minor < 0:
            raise PriorMoneyError(
                f"prior line {line_id}: {before.refunded_minor + before.compensated_minor} given back of {entry.paid_minor} paid"
            )
    return states
