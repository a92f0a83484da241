"""All benchmarks, in the order in which they run: those that share a place stand together."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from deploy.local.bench import (
    backlog,
    cases_rate,
    consumer_rate,
    finance,
    growth,
    http_cases,
    kills,
    latency,
    policy,
    relay_rate,
    returns_rate,
    storage,
)
from deploy.local.bench.place import Needs, Place
from deploy.local.bench.report import Result, Row


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Something to measure: its name on the command line, what it needs, the rows it fills, and the measuring itself."""

    name: str
    needs: Needs
    rows: Sequence[Row]
    measure: Callable[[Place], AsyncIterator[Result]]


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("policy", Needs.NOTHING, policy.ROWS, policy.measure),
    Benchmark("http", Needs.ENGINES, http_cases.ROWS, http_cases.measure_http),
    Benchmark("relay", Needs.ENGINES, relay_rate.ROWS, relay_rate.measure_relay),
    Benchmark("latency", Needs.ENGINES, latency.ROWS, latency.measure_latency),
    Benchmark("backlog", Needs.ENGINES, backlog.ROWS, backlog.measure_backlog),
    Benchmark("consumer", Needs.ENGINES, consumer_rate.ROWS, consumer_rate.measure_consumer),
    Benchmark("cases", Needs.ENGINES, cases_rate.ROWS, cases_rate.measure_cases),
    Benchmark("finance", Needs.ENGINES, finance.ROWS, finance.measure_finance),
    Benchmark("returns", Needs.STACK, returns_rate.ROWS, returns_rate.measure_returns),
    Benchmark("storage", Needs.STACK, storage.ROWS, storage.measure_storage),
    Benchmark("kills", Needs.STACK, kills.ROWS, kills.measure_kills),
    Benchmark("growth", Needs.STACK, growth.ROWS, growth.measure_growth),
)


class UnknownBenchmarkError(ValueError):
    """There is no benchmark of this name; the message says which there are."""


def chosen(only: str | None) -> list[Benchmark]:
    """The benchmarks named in ``only``, separated by commas, in the order of running; all without. Raises :class:`UnknownBenchmarkError`."""
    names = {name.strip() for name in (only or "").split(",") if name.strip()}
    if unknown := names - {benchmark.name for benchmark in BENCHMARKS}:
        known = ", ".join(benchmark.name for benchmark in BENCHMARKS)
        raise UnknownBenchmarkError(f"there is no benchmark {', '.join(sorted(unknown))}; there are {known}")
    return [benchmark for benchmark in BENCHMARKS if not names or benchmark.name in names]
