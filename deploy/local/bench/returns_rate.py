"""Whole returns through the whole stack: how many a second, how long each takes, and what it costs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from uuid import uuid4

from deploy.local.bench.baselines.workflows import FIVE_ACTIVITIES, NoOpWorker
from deploy.local.bench.costs import Reading, between, count_statements, read_counters
from deploy.local.bench.figures import percentile
from deploy.local.bench.http_connection import rate_of
from deploy.local.bench.place import Place
from deploy.local.bench.report import Result, Row
from deploy.local.bench.return_calls import ReturnCalls, return_calls
from deploy.local.bench.shop import orders_on_record
from deploy.local.bench.turns import in_turns
from deploy.local.bench.workflow_service import temporal

ROWS = (
    RATIO := Row(
        "returns.ratio",
        "ratio",
        "whole returns over HTTP (open, choose, label, receive, inspect, refund settled at the sandbox's provider; then the customer confirms), concurrency 8, "
        "÷ workflows of five activities that do nothing, 8 at once, on the same Temporal; turns A B A B",
        hold=0.25,
        aim=0.8,
    ),
    RATE := Row("returns.rate", "returns/s", "the returns of that ratio"),
    BARE := Row("returns.noop", "workflows/s", "the workflows of that ratio"),
)
_HANDS = 8
_PIECES = 8
"""Pieces of work per hand and turn."""
_MOST_PER_SECOND = 40
_IDLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class _Series:
    """Returns at one concurrency: what each took, and the whole of it."""

    hands: int
    took_seconds: list[float]
    seconds: float
    calls: int


async def measure_returns(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`, and add a table of what a return takes at each concurrency."""
    size = place.size
    bare = NoOpWorker(await temporal(place), f"bench-five-{uuid4().hex[:6]}")
    pieces = max(2, min(_HANDS * _PIECES, size.cases * 2))
    async with return_calls(place) as calls:
        numbers = await orders_on_record(place, calls, pieces * (size.turns + 2))

        async def returns() -> float:
            return await rate_of([partial(_one, calls, next(numbers)) for _ in range(pieces)], _HANDS)

        async def noops() -> float:
            return await rate_of([partial(bare.play, f"five/{uuid4()}", FIVE_ACTIVITIES) for _ in range(pieces)], _HANDS)

        async with bare.worker():
            rates = await in_turns({"returns": returns, "noops": noops}, size.turns)
        yield RATIO.is_(rates.ratio("returns", "noops"))
        yield RATE.is_(rates.of("returns"))
        yield BARE.is_(rates.of("noops"))
        await count_statements(place)  # after the ratio: counting costs time, and its restart has all connections made anew
        await returns()
        place.tables.append(await _table(place, calls))


async def _one(calls: ReturnCalls, number: str) -> None:
    await calls.whole(number)


async def _table(place: Place, calls: ReturnCalls) -> str:
    """The costs of a return at each concurrency, as Markdown."""
    idle_from = await read_counters(place)
    await asyncio.sleep(_IDLE_SECONDS)
    idle = (idle_from, await read_counters(place))
    columns: list[dict[str, float]] = []
    for hands in place.size.returns_at:
        orders = await orders_on_record(place, calls, max(hands, int(place.size.returns_seconds * _MOST_PER_SECOND)))
        before = await read_counters(place)
        series = await series_of(calls, orders, hands, place.size.returns_seconds)
        columns.append(_costs(series, before, await read_counters(place), idle))
    head = "| one return, at once | " + " | ".join(str(hands) for hands in place.size.returns_at) + " |"
    lines = [head, "|---|" + "---:|" * len(columns)]
    lines += [f"| {name} | " + " | ".join(f"{column.get(name, 0.0):.4g}" for column in columns) + " |" for name in columns[-1]]
    return "\n".join(lines)


async def series_of(calls: ReturnCalls, numbers: Iterator[str], hands: int, seconds: float) -> _Series:
    """Make returns for so many seconds, each hand one after the other; those under way at the end are finished and count."""
    took: list[float] = []
    made = calls.calls
    began = perf_counter()

    async def hand() -> None:
        while perf_counter() - began < seconds and (number := next(numbers, None)) is not None:
            took.append(await calls.whole(number))

    await asyncio.gather(*(hand() for _ in range(hands)))
    return _Series(hands, took, perf_counter() - began, calls.calls - made)


def _costs(series: _Series, before: Reading, after: Reading, idle: tuple[Reading, Reading]) -> dict[str, float]:
    count = len(series.took_seconds)
    return {
        "returns measured": count,
        "returns a second": count / series.seconds,
        "seconds, 50th percentile": percentile(series.took_seconds, 0.5),
        "seconds, 99th percentile": percentile(series.took_seconds, 0.99),
        "HTTP calls of shop and warehouse": series.calls / count,
    } | between(before, after, idle, count)
