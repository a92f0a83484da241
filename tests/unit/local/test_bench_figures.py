"""The arithmetic of measurements: percentiles, ratios of turns, slopes with their interval, and charts of them."""

import random
from xml.etree import ElementTree as ET

import pytest

from deploy.local.bench.figures import median_ratio, percentile, slope_of
from deploy.local.bench.plot import line_chart
from deploy.local.bench.turns import in_turns


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 5), (0.9, 9), (0.99, 10), (1.0, 10)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert percentile([10, 1, 9, 2, 8, 3, 7, 4, 6, 5], share) == value


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([4.2], 0.99) == 4.2


def test_nothing_has_no_percentile_and_no_share_is_beyond_one() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile([1], 1.5)


def test_a_ratio_is_the_median_of_the_turns_so_one_slow_moment_does_not_count() -> None:
    assert median_ratio([(1, 2), (1, 2), (9, 1)]) == 0.5


def test_a_line_without_noise_has_a_slope_without_doubt() -> None:
    slope = slope_of([(x, 3 * x + 7) for x in range(10)])
    assert slope.value == pytest.approx(3)
    assert slope.low == pytest.approx(3)
    assert slope.high == pytest.approx(3)
    assert slope.certain_growth == pytest.approx(3)


def test_noise_around_a_level_is_no_certain_growth() -> None:
    chance = random.Random(3)
    slope = slope_of([(x, 1000 + chance.uniform(-50, 50)) for x in range(40)])
    assert slope.low < 0 < slope.high
    assert slope.certain_growth == 0


def test_something_that_shrinks_is_no_growth() -> None:
    assert slope_of([(x, -2 * x) for x in range(5)]).certain_growth == 0


def test_a_slope_takes_three_points_at_different_places() -> None:
    with pytest.raises(ValueError, match="three points"):
        slope_of([(1, 1), (2, 2)])
    with pytest.raises(ValueError, match="one place"):
        slope_of([(1, 1), (1, 2), (1, 3)])


async def test_programs_take_turns_and_the_first_round_does_not_count() -> None:
    ran: list[str] = []
    rates = {"ours": iter([1.0, 10.0, 30.0]), "bare": iter([1.0, 20.0, 40.0])}

    async def turn(name: str) -> float:
        ran.append(name)
        return next(rates[name])

    found = await in_turns({name: lambda name=name: turn(name) for name in rates}, 2)  # type: ignore[misc]
    assert ran == ["ours", "bare"] * 3
    assert found.turns == {"ours": (10.0, 30.0), "bare": (20.0, 40.0)}
    assert found.ratio("ours", "bare") == pytest.approx(0.625)


def test_a_chart_is_an_image_that_names_its_lines_and_places() -> None:
    chart = ET.fromstring(line_chart("Seconds & more", "cases", {"median": [(0, 1), (1000, 2)], "p99": [(0, 3), (1000, 9)]}))  # noqa: S314 - our own text
    words = {element.text for element in chart.iter() if element.text and element.text.strip()}
    assert {"Seconds & more", "cases", "median", "p99", "0", "1000", "9"} <= words
    assert len([element for element in chart.iter() if element.tag.endswith("polyline")]) == 2
