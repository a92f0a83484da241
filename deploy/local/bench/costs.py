"""What a stretch of work costs a running stack: SQL statements and transactions, requests, CPU time by process."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import asyncpg
import httpx2
import psutil

from deploy.local.bench.place import Place
from deploy.local.provision.postgres import DATABASE, SERVICES, with_login

_FLUSH_SECONDS = 1.2
"""How long a session of PostgreSQL may keep its counts to itself."""
_STATEMENTS = """
SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query !~* '^(begin|commit|rollback)'
"""
_TRANSACTIONS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters at one moment."""

    at: float
    statements: int
    transactions: int
    requests: int
    cpu_seconds: Mapping[str, float]


async def count_statements(place: Place) -> None:
    """Have PostgreSQL count statements from now on: it takes a restart, which the services bear."""
    connection = await asyncpg.connect(place.admin_dsn)
    try:
        await connection.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
    finally:
        await connection.close()
    await place.stack.hold("postgres")
    await place.stack.release("postgres")
    await place.stack.wait_ready()
    connection = await asyncpg.connect(with_login(place.admin_dsn, database=DATABASE))
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    finally:
        await connection.close()


async def read_counters(place: Place) -> Reading:
    """Read all counters, once every session has told its own."""
    await asyncio.sleep(_FLUSH_SECONDS)
    connection = await asyncpg.connect(with_login(place.admin_dsn, database=DATABASE))
    try:
        statements, transactions = await connection.fetchval(_STATEMENTS), await connection.fetchval(_TRANSACTIONS)
    finally:
        await connection.close()
    return Reading(perf_counter(), statements, transactions, await _requests(place), _cpu(place.stack.state["processes"]))


def between(first: Reading, last: Reading, idle: tuple[Reading, Reading], pieces: int) -> dict[str, float]:
    """What each of ``pieces`` of work took between two readings, less what the stack does by itself: its pollers, seen between the ``idle`` readings."""
    share = (last.at - first.at) / (idle[1].at - idle[0].at)

    def net(after: float, before: float, idle_after: float, idle_before: float) -> float:
        return max(0.0, after - before - share * (idle_after - idle_before)) / pieces

    found = {
        "SQL statements": net(last.statements, first.statements, idle[1].statements, idle[0].statements),
        "transactions": net(last.transactions, first.transactions, idle[1].transactions, idle[0].transactions),
        "requests at the services": net(last.requests, first.requests, idle[1].requests, idle[0].requests),
    }
    for name in last.cpu_seconds:
        readings = [reading.cpu_seconds.get(name, 0.0) for reading in (last, first, idle[1], idle[0])]
        found[f"CPU ms, {name}"] = 1000 * net(*readings)
    return found


def _cpu(processes: list[dict[str, Any]]) -> dict[str, float]:
    """CPU seconds of each process of the stack with its children, and of this one, which makes the load."""
    pids = {process["name"]: process["pid"] for process in processes if process["pid"]}
    return {name: _of_tree(pid) for name, pid in pids.items()} | {"load": _seconds(psutil.Process())}


def _of_tree(pid: int) -> float:
    try:
        top = psutil.Process(pid)
        return sum(_seconds(process) for process in (top, *top.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0.0


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


async def _requests(place: Place) -> int:
    """How many requests the four services have answered."""
    total = 0.0
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:
        for service in SERVICES:
            page = (await http.get(f"{place.stack.url(service)}/metrics")).text
            lines = [line for line in page.splitlines() if "http" in line and "seconds_count" in line and not line.startswith("#")]
            total += sum(float(line.rsplit(" ", 1)[1]) for line in lines)
    return int(total)
