"""Reading all traces of a run, once it is at rest."""

import asyncio
from datetime import timedelta

from deploy.local.chaos.arena import Arena
from deploy.local.chaos.canaries import Canaries
from deploy.local.chaos.door import Door
from deploy.local.chaos.records.database import read_database
from deploy.local.chaos.records.logs import read_logs
from deploy.local.chaos.records.processes import read_processes
from deploy.local.chaos.records.provider import read_provider
from deploy.local.chaos.records.tables import look_into_tables
from deploy.local.chaos.records.topics import read_topics
from deploy.local.chaos.traces import Traces
from deploy.local.demo.world import World
from services.kit.clock import utc_now


async def read_traces(arena: Arena, world: World, canaries: Canaries, door: Door) -> Traces:
    """Everything the checks look at. Logs come last: they tell of what was read, too."""
    state = arena.stack.state
    traces = Traces(taken_at=utc_now(), accepted=list(door.accepted.values()), acts=set(door.acts))
    yesterday = (utc_now() - timedelta(days=1)).date().isoformat()
    for report in await world.finance.post("/v1/reconciliations", {"since": yesterday}):
        traces.breaks += report["breaks"]
    await read_database(arena.admin_dsn, traces)
    await read_topics(state["kafka_bootstrap_servers"], canaries, traces)
    await read_processes(state["temporal_address"], state["temporal_namespace"], canaries, traces)
    await read_provider(arena.provider, traces)
    traces.sightings += await look_into_tables(arena.admin_dsn, canaries)
    await asyncio.to_thread(read_logs, arena.logs, canaries, traces)
    return traces
