"""Dividing an amount into whole minor units so that the parts sum to it."""

from collections.abc import Sequence


def prorate(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Divide by largest remainder (R-RFD-05): the floor each, the left-over units one each to the largest fractions, ties to the first.

    All parts are zero where all weights are. Raises ``ValueError`` for a negative amount or weight, or where there is nothing to divide over.
    """
    if amount_minor < 0 or any(weight < 0 for weight in weights):
        raise ValueError("amounts and weights are never negative")
    total = sum(weights)
    if total == 0:
        if amount_minor:
            raise ValueError(f"{amount_minor} minor units cannot be divided over weights that are all zero")
        return [0] * len(weights)
    parts = [amount_minor * weight // total for weight in weights]
    by_fraction = sorted(range(len(weights)), key=lambda place: (-(amount_minor * weights[place] % total), place))
    for place in by_fraction[: amount_minor - sum(parts)]:
        parts[place] += 1
    return parts


def split_evenly(amount_minor: int, count: int) -> tuple[int, int]:
    """The floor that each of ``count`` units gets, and how many of the first units get one more (R-COMP-13)."""
    return divmod(amount_minor, count)
