"""How the whole return, and the worker's memory, bear many open cases and a long past."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from time import monotonic

import asyncpg
import psutil

from deploy.local.bench.figures import percentile, slope_of
from deploy.local.bench.http_connection import rate_of
from deploy.local.bench.past_cases import multiply_past
from deploy.local.bench.place import CACHED_WORKFLOWS, Place
from deploy.local.bench.plot import line_chart
from deploy.local.bench.report import Result, Row
from deploy.local.bench.return_calls import ReturnCalls, return_calls
from deploy.local.bench.returns_rate import series_of
from deploy.local.bench.shop import orders_on_record
from deploy.local.bench.workflow_service import eventually
from deploy.local.provision.postgres import DATABASE, with_login

ROWS = (
    MEMORY := Row(
        "memory.per_open_case",
        "bytes",
        "slope of the workflow process's resident memory over the number of cases that wait for a choice, looked at each hundred cases after the first "
        f"thousand, when its cache of {CACHED_WORKFLOWS} has been filled anew three times and the process has been as busy as it ever is: what of the 95 % "
        "interval of the slope is above 0 (0 where it includes 0)",
        hold=0,
        aim=0,
        better="lower",
    ),
    SLOPE := Row("memory.slope", "bytes", "the slope itself", better="lower"),
    CLOSED_PAST := Row(
        "growth.past", "x", "median seconds of a whole return with the longest past ÷ with none, concurrency 8", better="lower"
    ),
    OPEN := Row("growth.open", "x", "median seconds of a whole return with the most open cases ÷ with none, concurrency 8", better="lower"),
)
_HANDS = 8
_SAMPLES = 24
"""At least so many looks at the memory on the way to a number of waiting cases."""
_CASES_BETWEEN = 100
"""At most so many cases between two looks."""
_OPENERS = 16
_OPENING_SECONDS = 120.0
"""What the opening of waiting cases may take per stage, so that a run ends in time on a slow machine too; the table says how many there were."""
_WAITING = "SELECT count(*) FROM workflow.cases WHERE workflow_open AND status = 'offer_pending'"
_CLOSED = "SELECT count(*) FROM workflow.cases WHERE NOT workflow_open"
_PROBE_ORDERS_PER_SECOND = 40


class _Growth:
    """One run: the place, its callers, and what was found at each stage."""

    def __init__(self, place: Place, calls: ReturnCalls, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.place = place
        self.calls = calls
        self.connection = connection
        self.found: list[tuple[str, int, float, float, float]] = []
        self.memory: list[tuple[float, float]] = []

    async def probe(self, stage: str, number: int) -> None:
        """Make returns for a while; keep rate, median and 99th percentile."""
        seconds = self.place.size.returns_seconds / 2
        orders = await orders_on_record(self.place, self.calls, max(_HANDS, int(seconds * _PROBE_ORDERS_PER_SECOND)))
        series = await series_of(self.calls, orders, _HANDS, seconds)
        took = series.took_seconds
        self.found.append((stage, number, len(took) / series.seconds, percentile(took, 0.5), percentile(took, 0.99)))

    async def open_until(self, wanted: int) -> int:
        """Open cases that wait until there are so many, or as many as the time allows; note the worker's memory on the way. How many there are."""
        reached = int(await self.connection.fetchval(_WAITING))
        step = max(1, min(wanted // _SAMPLES, _CASES_BETWEEN))
        ends_at = monotonic() + _OPENING_SECONDS
        while reached < wanted and monotonic() < ends_at:
            numbers = await orders_on_record(self.place, self.calls, min(step, wanted - reached))
            await rate_of([partial(_open, self.calls, number) for number in numbers], _OPENERS)
            reached = min(reached + step, wanted)
            await eventually(partial(self._all_wait, reached), f"{reached} cases to wait")
            pid = self.place.stack.pid("workflow")
            if pid is not None:
                self.memory.append((reached, psutil.Process(pid).memory_info().rss))
        return reached

    async def _all_wait(self, wanted: int) -> bool | None:
        return True if await self.connection.fetchval(_WAITING) >= wanted else None

    def seconds_at(self, stage: str) -> Iterator[float]:
        """The medians of a stage, in order."""
        return (median for name, _number, _rate, median, _p99 in self.found if name == stage)


async def measure_growth(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`; add a table and write a chart."""
    connection = await asyncpg.connect(with_login(place.admin_dsn, database=DATABASE))
    try:
        async with return_calls(place) as calls:
            growth = _Growth(place, calls, connection)
            await growth.probe("closed", int(await connection.fetchval(_CLOSED)))
            closed = int(await connection.fetchval(_CLOSED))
            await multiply_past(connection, max(1, place.size.history // max(closed, 1)))
            await growth.probe("closed", int(await connection.fetchval(_CLOSED)))
            await growth.probe("open", 0)
            past = list(growth.seconds_at("closed"))
            yield CLOSED_PAST.is_(past[-1] / past[0])
            for wanted in place.size.open_cases:
                await growth.probe("open", await growth.open_until(wanted))
            waiting = list(growth.seconds_at("open"))
            yield OPEN.is_(waiting[-1] / waiting[0])
    finally:
        await connection.close()
    _tell(growth)
    # A small run, or a slow machine, may never get beyond the cache: its slope then says only that it can be measured.
    settled = min(*place.size.open_cases, max(waiting for waiting, _memory in growth.memory) / 2)
    slope = slope_of([(waiting, memory) for waiting, memory in growth.memory if waiting > settled])
    yield MEMORY.is_(slope.certain_growth)
    yield SLOPE.is_(slope.value)


async def _open(calls: ReturnCalls, number: str) -> None:
    await calls.open(number)


def _tell(growth: _Growth) -> None:
    rows = [f"| {number} {stage} | {rate:.3g} | {median:.3g} | {p99:.3g} |" for stage, number, rate, median, p99 in growth.found]
    head = ["| cases on record | returns/s | seconds, 50th percentile | 99th |", "|---|---:|---:|---:|"]
    growth.place.tables.append("\n".join([*head, *rows]))
    rows = [f"| {waiting:.0f} | {memory / 1e6:.1f} |" for waiting, memory in growth.memory]
    growth.place.tables.append("\n".join(["| cases that wait | MB of the workflow process |", "|---:|---:|", *rows]))
    lines = {
        "median": [(number, median) for stage, number, _rate, median, _p99 in growth.found if stage == "open"],
        "99th percentile": [(number, p99) for stage, number, _rate, _median, p99 in growth.found if stage == "open"],
    }
    chart = line_chart("Seconds of a whole return, 8 at once", "cases that wait besides", lines)
    (growth.place.report / "growth.svg").write_text(chart, encoding="utf-8")
