"""A run of benchmarks: what is chosen, what a failure costs, and when all holds."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.bench.catalogue import BENCHMARKS, Benchmark, UnknownBenchmarkError, chosen
from deploy.local.bench.place import Needs, Place
from deploy.local.bench.report import Result, Row, write_page
from deploy.local.bench.running import run_all
from deploy.local.bench.size import QUICK

ONE, TWO, THREE = (Row(name, "x", f"how {name} is measured", hold=1.0, aim=2.0) for name in ("one", "two", "three"))


async def _breaks_off(_place: Place) -> AsyncIterator[Result]:
    yield ONE.is_(3.0)
    raise RuntimeError("the engine went away")


async def _goes_well(place: Place) -> AsyncIterator[Result]:
    place.tables.append("| a table |")
    yield THREE.is_(1.5)


BROKEN = Benchmark("broken", Needs.NOTHING, (ONE, TWO), _breaks_off)
GOOD = Benchmark("good", Needs.NOTHING, (THREE,), _goes_well)


def test_without_a_choice_all_benchmarks_run_and_a_choice_keeps_their_order() -> None:
    assert chosen(None) == chosen("") == list(BENCHMARKS)
    assert [benchmark.name for benchmark in chosen("consumer, relay")] == ["relay", "consumer"]


def test_an_unknown_benchmark_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnknownBenchmarkError, match=r"no benchmark fuel.*relay"):
        chosen("fuel")


def test_every_row_has_a_name_of_its_own_and_says_how_it_is_measured() -> None:
    rows = [row for benchmark in BENCHMARKS for row in benchmark.rows]
    assert len({row.name for row in rows}) == len(rows)
    assert all(row.how for row in rows)
    assert all(row.hold is not None for row in rows if row.aim is not None)


def test_benchmarks_that_share_a_place_stand_together() -> None:
    needs = [benchmark.needs for benchmark in BENCHMARKS]
    assert [one for place, one in enumerate(needs) if place == 0 or needs[place - 1] is not one] == list(dict.fromkeys(needs))


async def test_a_failure_costs_only_the_rows_that_were_not_measured_yet(tmp_path: Path) -> None:
    told: list[str] = []
    run = await run_all([BROKEN, GOOD], QUICK, tmp_path, told.append)
    assert [(result.name, result.value) for result in run.results] == [("one", 3.0), ("two", None), ("three", 1.5)]
    assert run.failures == ["broken: RuntimeError the engine went away"]
    assert run.tables == ["| a table |"]
    assert not run.holds
    assert run.failures[0] in told


async def test_a_run_holds_only_where_every_number_does(tmp_path: Path) -> None:
    assert (await run_all([GOOD], QUICK, tmp_path, lambda _line: None)).holds

    async def too_low(_place: Place) -> AsyncIterator[Result]:
        yield THREE.is_(0.5)

    assert not (await run_all([Benchmark("low", Needs.NOTHING, (THREE,), too_low)], QUICK, tmp_path, lambda _line: None)).holds


def test_what_was_not_measured_keeps_no_limit() -> None:
    assert not TWO.is_(None).keeps(1.0)
    assert TWO.is_(None).keeps(None)


def test_the_page_says_how_each_number_was_measured_and_what_was_not(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    write_page([ONE.is_(3.0), TWO.is_(None)], [ONE, TWO], ["| costs |"], ["two: it was too dark"], path)
    page = path.read_text(encoding="utf-8")
    assert "| one | 3 | x | ≥ 1 | ≥ 2 | how one is measured |" in page
    assert "| two | not measured |" in page
    assert "- two: it was too dark" in page
    assert page.endswith("| costs |\n")
