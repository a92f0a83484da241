"""The consumer: how much of a bare consumer's speed is left with contracts checked, an inbox, sequences, a quarantine and an effect per event."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from time import perf_counter
from uuid import uuid4

from contracts.resolution_v1 import CaseTriaged
from contracts.topics import Topic
from deploy.local.bench.baselines.producer import produce
from deploy.local.bench.baselines.reader import EFFECT_TABLE, INSERT_EFFECTS, read_bare
from deploy.local.bench.events import wire_events
from deploy.local.bench.place import Place
from deploy.local.bench.report import Result, Row
from deploy.local.bench.turns import in_turns
from services.kit.broker import make_producer
from services.kit.consumer import Consumers
from services.kit.handlers import Handlers, Received
from services.kit.postgres import Connection, Pool, open_pool
from services.kit.settings import ServiceSettings

ROWS = (
    RATIO := Row(
        "consumer.ratio",
        "ratio",
        "the kit's consumer with inbox and an effect of one row per event (a handler of many; offsets committed once a second) ÷ bare getmany, one INSERT of "
        "many such rows and a commit of the offsets per batch; the same middling events, batches of 500, without the first 1,000 of each turn (joining the "
        "group); turns A B A B",
        hold=0.4,
        aim=0.8,
    ),
    EVENTS := Row("consumer.events", "events/s", "the kit's own rate in the same run"),
    BARE := Row("consumer.bare", "events/s", "the bare consumer's rate in the same run"),
)
_BATCH = 500
_UNCOUNTED = 1_000
_PATIENCE_SECONDS = 120.0


async def measure_consumer(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`."""
    size = place.size
    count, uncounted = size.events * 2, min(_UNCOUNTED, size.events)
    await _fill(place, count)
    dsn = await place.database("consumer")
    async with open_pool(dsn, service="bench") as pool:
        await pool.execute(EFFECT_TABLE)

        async def kit() -> float:
            await pool.execute("TRUNCATE inbox, inbox_sequence, effect")
            return await _read_with_kit(pool, place.kit_settings(dsn), count, uncounted)

        async def bare() -> float:
            await pool.execute("TRUNCATE effect")
            return await read_bare(place.kafka, Topic.RESOLUTION.value, uuid4().hex, pool, count, uncounted=uncounted, batch=_BATCH)

        rates = await in_turns({"kit": kit, "bare": bare}, size.turns)
    yield RATIO.is_(rates.ratio("kit", "bare"))
    yield EVENTS.is_(rates.of("kit"))
    yield BARE.is_(rates.of("bare"))


async def _fill(place: Place, count: int) -> None:
    producer = make_producer(place.kafka)
    await producer.start()
    try:
        await produce(producer, Topic.RESOLUTION.value, wire_events(count))
    finally:
        await producer.stop()


async def _read_with_kit(pool: Pool, settings: ServiceSettings, count: int, uncounted: int) -> float:
    """Read so many events from the topic's beginning; events a second, the first ``uncounted`` left out."""
    handled, began, counted_from = 0, 0.0, 0
    all_handled = asyncio.Event()

    async def take_in(connection: Connection, events: Sequence[Received[CaseTriaged]]) -> None:
        nonlocal handled, began, counted_from
        await connection.execute(INSERT_EFFECTS, [event.event_id for event in events], [event.key for event in events])
        handled += len(events)
        if not began and handled >= uncounted:
            began, counted_from = perf_counter(), handled
        if handled == count:
            all_handled.set()

    handlers = Handlers()
    handlers.on_many(CaseTriaged)(take_in)
    stop = asyncio.Event()
    running = asyncio.create_task(Consumers(f"bench-{uuid4().hex[:8]}", pool, settings, handlers, max_records=_BATCH).run(stop))
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await all_handled.wait()
            while await pool.fetchval("SELECT count(*) FROM effect") < count:  # noqa: ASYNC110 - the last batch still has to commit
                await asyncio.sleep(0.002)
        return (count - counted_from) / (perf_counter() - began)
    finally:
        stop.set()
        await running
