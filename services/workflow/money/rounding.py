"""Rounding of whole numbers, without a float anywhere."""

from typing import Literal

Rounding = Literal["down", "half_up", "up"]


def rounded(numerator: int, denominator: int, how: Rounding) -> int:
    """``numerator / denominator`` as a whole number; neither is negative, the denominator is not zero."""
    if how == "down":
        return numerator // denominator
    if how == "up":
        return -(-numerator // denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def percent(rate_ppm: int) -> str:
    """A rate as people write it: 125000 parts per million is ``12.5 %``."""
    whole, rest = divmod(rate_ppm, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".") + " %"
