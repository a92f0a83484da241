"""The relay: how much of a bare producer's speed is left when events are claimed from the outbox, acknowledged and marked."""

from collections.abc import AsyncIterator
from time import perf_counter

from deploy.local.bench.baselines.producer import make_topic, produce
from deploy.local.bench.events import wire_events
from deploy.local.bench.place import Place
from deploy.local.bench.relaying import a_relay_at_work
from deploy.local.bench.report import Result, Row
from deploy.local.bench.turns import in_turns
from services.kit.broker import make_producer

ROWS = (
    RATIO := Row(
        "relay.ratio",
        "ratio",
        "the relay sends and marks a block of committed events ÷ a bare aiokafka producer with the relay's settings sends the same bytes; both in one "
        "process, turns A B A B",
        hold=0.5,
        aim=0.85,
    ),
    EVENTS := Row("relay.events", "events/s", "the relay's own rate in the same run"),
    BARE := Row("relay.producer", "events/s", "the bare producer's rate in the same run"),
)


async def measure_relay(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`."""
    size = place.size
    topic = await make_topic(place.kafka, "bench.relay")
    events = wire_events(size.events)
    producer = make_producer(place.kafka)
    await producer.start()
    try:
        async with a_relay_at_work(place, "relay") as relay:

            async def relayed() -> float:
                await relay.forget()
                return len(events) / await relay.drain(topic, events)

            async def produced() -> float:
                began = perf_counter()
                await produce(producer, topic, events)
                return len(events) / (perf_counter() - began)

            rates = await in_turns({"relay": relayed, "producer": produced}, size.turns)
    finally:
        await producer.stop()
    yield RATIO.is_(rates.ratio("relay", "producer"))
    yield EVENTS.is_(rates.of("relay"))
    yield BARE.is_(rates.of("producer"))
