"""What a return asks of the money where not all of it came back as agreed."""

from collections.abc import Sequence

from contracts.decision_facts import AffectedUnits
from contracts.quote import Deduction


def split_units(agreed: Sequence[AffectedUnits], accepted: dict[str, int]) -> tuple[tuple[AffectedUnits, ...], tuple[AffectedUnits, ...]]:
    """The agreed units that the warehouse accepted, and the rest; more than was agreed is never accepted."""
    good, rest = [], []
    for unit in agreed:
        came = max(0, min(accepted.get(unit.line_id, 0), unit.quantity))
        if came:
            good.append(AffectedUnits(line_id=unit.line_id, quantity=came))
        if came < unit.quantity:
            rest.append(AffectedUnits(line_id=unit.line_id, quantity=unit.quantity - came))
    return tuple(good), tuple(rest)


def held_back(full_minor: int, partial_minor: int) -> tuple[Deduction, ...]:
    """The deduction that brings the value of disputed units down to the partial refund (R-RTN-05)."""
    short = full_minor - partial_minor
    return (Deduction(code="inspection", rule="R-RTN-05", amount_minor=short),) if short > 0 else ()
