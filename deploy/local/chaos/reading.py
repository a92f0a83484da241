"""Reading all traces of a run, once it is at rest."""

import asyncio
from datetime import timedelta

import asyncpg

from deploy.local.chaos.arena import Arena
from deploy.local.chaos.canaries import Canaries
from deploy.local.chaos.door import Door
from deploy.local.chaos.quiet import come_to_rest
from deploy.local.chaos.records.database import read_database
from deploy.local.chaos.records.logs import read_logs
from deploy.local.chaos.records.processes import read_processes
from deploy.local.chaos.records.provider import read_provider
from deploy.local.chaos.records.tables import look_into_tables
from deploy.local.chaos.records.topics import read_topics
from deploy.local.chaos.traces import Traces
from deploy.local.demo.world import World
from deploy.local.provision.postgres import SERVICES
from services.kit.clock import utc_now

_TRIES = 5
_REST_SECONDS = 60.0
_HEADS = f"SELECT {', '.join(f'(SELECT max(id) FROM {schema}.outbox)' for schema in SERVICES)}"  # noqa: S608 - four known names


async def read_traces(arena: Arena, world: World, canaries: Canaries, door: Door) -> Traces:
    """Everything the checks look at. Logs come last: they tell of what was read, too."""
    yesterday = (utc_now() - timedelta(days=1)).date().isoformat()
    reports = await world.finance.post("/v1/reconciliations", {"since": yesterday})
    traces = await _at_one_moment(arena, canaries)
    traces.accepted, traces.acts = list(door.accepted.values()), set(door.acts)
    for report in reports:
        traces.breaks += report["breaks"]
    traces.sightings += await look_into_tables(arena.admin_dsn, canaries)
    await asyncio.to_thread(read_logs, arena.logs, canaries, traces)
    return traces


async def _at_one_moment(arena: Arena, canaries: Canaries) -> Traces:
    """PostgreSQL, Kafka, Temporal and the provider as they were together: read again where a case's limit ended meanwhile, and so something happened."""
    state = arena.stack.state
    for left in reversed(range(_TRIES)):
        before = await _heads(arena.admin_dsn)
        traces = Traces(taken_at=utc_now())
        await read_database(arena.admin_dsn, traces)
        await read_topics(state["kafka_bootstrap_servers"], canaries, traces)
        await read_processes(state["temporal_address"], state["temporal_namespace"], canaries, traces)
        await read_provider(arena.provider, traces)
        if await _heads(arena.admin_dsn) == before:
            return traces
        if left:
            await come_to_rest(arena, _REST_SECONDS)
    traces.unrest = [f"never still for long enough to be read, in {_TRIES} tries"]
    return traces


async def _heads(dsn: str) -> tuple[int | None, ...]:
    """The newest event of each service."""
    connection = await asyncpg.connect(dsn)
    try:
        return tuple(await connection.fetchrow(_HEADS) or ())
    finally:
        await connection.close()
