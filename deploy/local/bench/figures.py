"""Arithmetic of measurements: percentiles, ratios of turns, and the slope of a line with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import fmean, median

_TWO_SIDED_95 = 1.96
"""The normal distribution's, which is near enough from some twenty points on."""
_FEWEST_POINTS = 3


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that at least ``share`` (0 to 1) of all values do not exceed. Raises ``ValueError`` without values."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    if not 0 <= share <= 1:
        raise ValueError("a share is between 0 and 1")
    return sorted(values)[max(ceil(len(values) * share), 1) - 1]


def median_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """The median over all turns of ours ÷ baseline, each pair from neighbouring moments, so that a slow minute of the machine meets both alike."""
    return median(ours / baseline for ours, baseline in pairs)


@dataclass(frozen=True, slots=True)
class Slope:
    """The slope of the least-squares line through some points, and the interval that holds it 95 times in 100."""

    value: float
    low: float
    high: float

    @property
    def certain_growth(self) -> float:
        """How much growth the interval leaves no doubt about: its lower end, 0 where it includes 0."""
        return max(self.low, 0.0)


def slope_of(points: Sequence[tuple[float, float]]) -> Slope:
    """Fit a line. Raises ``ValueError`` where there are fewer than three points or all stand at one place."""
    if len(points) < _FEWEST_POINTS:
        raise ValueError("a slope with an interval takes three points or more")
    mean_x, mean_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if spread == 0:
        raise ValueError("all points stand at one place")
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in points)
    reach = _TWO_SIDED_95 * sqrt(rest / (len(points) - 2) / spread)
    return Slope(slope, slope - reach, slope + reach)
