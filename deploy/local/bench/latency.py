"""How long after its commit an event is visible in Kafka, at half the load that outbox and relay bear together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from time import perf_counter
from uuid import UUID

from aiokafka import ConsumerRecord

from contracts.topics import Topic
from deploy.local.bench.events import a_middling_event
from deploy.local.bench.figures import percentile
from deploy.local.bench.http_connection import rate_of
from deploy.local.bench.place import Place
from deploy.local.bench.relaying import a_relay_at_work
from deploy.local.bench.report import Result, Row
from deploy.local.bench.topic_tail import header, topic_tail
from services.kit import outbox
from services.kit.postgres import transaction

ROWS = (
    P99 := Row(
        "latency.p99",
        "ms",
        "from the return of COMMIT to the record in a consumer's hand; one event a transaction, at even distances, at half the rate at which eight "
        "connections and the relay together get events into Kafka; 99th percentile; committer, relay and consumer in one process",
        hold=50.0,
        aim=15.0,
        better="lower",
    ),
    P50 := Row("latency.p50", "ms", "the same, median", better="lower"),
    RATE := Row("latency.rate", "events/s", "the rate at which that was measured"),
)
_CONNECTIONS = 8
_FULL_LOAD_SHARE = 5
_PATIENCE_SECONDS = 60.0


async def measure_latency(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`."""
    committed: dict[UUID, float] = {}
    seen: dict[UUID, float] = {}

    def see(record: "ConsumerRecord[bytes, bytes]") -> None:
        seen[UUID(header(record, "ce_id"))] = perf_counter()

    async with a_relay_at_work(place, "latency") as relay, topic_tail(place.kafka, (Topic.RESOLUTION,), see):

        async def commit() -> None:
            event = a_middling_event()
            async with transaction(relay.pool) as connection:
                await outbox.append(connection, event)
            committed[event.event_id] = perf_counter()

        began = perf_counter()
        await rate_of([commit] * (place.size.events // _FULL_LOAD_SHARE), _CONNECTIONS)
        await _all_seen(committed, seen)
        rate = len(committed) / (perf_counter() - began) / 2
        committed.clear()
        await _evenly(commit, rate, place.size.latency_seconds)
        await _all_seen(committed, seen)
    took_ms = [(seen[event_id] - at) * 1000 for event_id, at in committed.items()]
    yield P99.is_(percentile(took_ms, 0.99))
    yield P50.is_(percentile(took_ms, 0.5))
    yield RATE.is_(rate)


async def _evenly(work: Callable[[], Awaitable[None]], rate: float, seconds: float) -> None:
    """Begin pieces of work at even distances, whether or not earlier ones are done."""
    began = perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - perf_counter()))
        tasks.append(asyncio.ensure_future(work()))
    await asyncio.gather(*tasks)


async def _all_seen(committed: Mapping[UUID, float], seen: Mapping[UUID, float]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not committed.keys() <= seen.keys():  # noqa: ASYNC110 - Kafka sets no event here
            await asyncio.sleep(0.01)
