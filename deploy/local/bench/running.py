"""A run: places are started as they are needed, each benchmark is measured for itself, and what fails costs its own rows only."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from deploy.local.bench.catalogue import Benchmark
from deploy.local.bench.place import Place, a_place
from deploy.local.bench.report import Result, Row
from deploy.local.bench.size import Size


@dataclass(slots=True)
class Run:
    """What came of a run: the numbers, tables besides, and what could not be measured and why."""

    results: list[Result] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every number keeps what must hold."""
        return all(result.keeps(result.hold) for result in self.results)

    def miss(self, rows: Sequence[Row], why: str) -> None:
        """Note rows that were to be measured and were not."""
        measured = {result.name for result in self.results}
        self.results += [row.is_(None) for row in rows if row.name not in measured]
        self.failures.append(why)


async def run_all(benchmarks: Sequence[Benchmark], size: Size, report: Path, tell: Callable[[str], None]) -> Run:
    """Measure all of them. ``report`` is the folder for further files."""
    run = Run()
    for needs, group in groupby(benchmarks, key=lambda benchmark: benchmark.needs):
        wanted = list(group)
        measured: set[str] = set()
        try:
            async with a_place(needs, size, report) as place:
                for benchmark in wanted:
                    measured.add(benchmark.name)
                    await _measure(benchmark, place, run, tell)
                run.tables += place.tables
        except Exception as error:  # noqa: BLE001 - a place that does not start, or does not end, costs the rows that needed it
            left = [row for benchmark in wanted if benchmark.name not in measured for row in benchmark.rows]
            run.miss(left, f"{needs.value}: {_words(error)}")
            tell(run.failures[-1])
    return run


async def _measure(benchmark: Benchmark, place: Place, run: Run, tell: Callable[[str], None]) -> None:
    began = time.monotonic()
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            async for result in benchmark.measure(place):
                run.results.append(result)
    except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
        run.miss(benchmark.rows, f"{benchmark.name}: {_words(error)}")
        tell(run.failures[-1])
    tell(f"{benchmark.name}: {time.monotonic() - began:.0f} s")


def _words(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()


_LONGEST_SECONDS = 420.0
