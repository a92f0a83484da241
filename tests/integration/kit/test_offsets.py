"""Offsets are committed once a second, when a consumer stops and when its partitions go to another; what was not committed comes again, to no effect."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError
from faststream.kafka.subscriber.usecase import BatchSubscriber
from prometheus_client import REGISTRY

from contracts.case_v1 import SatisfactionStated
from services.kit.consumer import Consumers
from services.kit.handlers import Handlers, Received
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection, Pool
from services.kit.settings import ServiceSettings
from tests.integration.kit.effects import Effects, effects_of
from tests.integration.kit.support import TOPIC, a_case_key, an_event, produce, running, until

pytestmark = pytest.mark.engines

Behind = Callable[[], Awaitable[int]]


@pytest.fixture
async def service(kafka_bootstrap: str, topics: None) -> str:
    """A service whose group begins behind what other tests have left on the topic."""
    name = f"kit-{uuid4().hex[:8]}"
    reader = AIOKafkaConsumer(TOPIC, bootstrap_servers=kafka_bootstrap)
    group = AIOKafkaConsumer(bootstrap_servers=kafka_bootstrap, group_id=f"aftersales.{name}.{TOPIC}", enable_auto_commit=False)
    await reader.start()
    await group.start()
    ends = await reader.end_offsets(reader.assignment())
    group.assign(list(ends))
    await group.commit(ends)
    await group.stop()
    await reader.stop()
    return name


@pytest.fixture
async def behind(kafka_bootstrap: str, service: str, topics: None) -> AsyncIterator[Behind]:
    """How many records lie behind the offsets that the service's group has committed."""
    reader, admin = AIOKafkaConsumer(TOPIC, bootstrap_servers=kafka_bootstrap), AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await reader.start()
    await admin.start()

    async def count() -> int:
        told = await admin.list_consumer_group_offsets(f"aftersales.{service}.{TOPIC}")
        ends = await reader.end_offsets(reader.assignment())
        return sum(end - (told[place].offset if place in told else 0) for place, end in ends.items())

    yield count
    await admin.close()
    await reader.stop()


@pytest.fixture
def never_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second after which offsets are committed does not come."""
    monkeypatch.setattr("services.kit.consumer.COMMIT_SECONDS", 3600.0)


async def some_events(producer: AIOKafkaProducer, count: int = 3) -> list[OutgoingEvent]:
    """Events of a case of their own, on the topic."""
    key = a_case_key()
    events = [an_event(key) for _ in range(count)]
    for sequence, event in enumerate(events, start=1):
        await produce(producer, event, sequence)
    return events


async def have_effect(pool: Pool, events: list[OutgoingEvent]) -> None:
    """Wait until each of them has had its effect."""

    async def all_have() -> bool:
        return await effects_of(pool, events[0].body.partition_key) == [event.event_id for event in events]

    await until(all_have)


async def nothing_behind(behind: Behind) -> None:
    async def none() -> bool:
        return await behind() == 0

    await until(none, seconds=20)


def repeated() -> float:
    return REGISTRY.get_sample_value("aftersales_inbox_repeated_total", {"topic": TOPIC}) or 0.0


async def test_a_consumer_that_has_nothing_to_do_any_more_has_committed(
    pool: Pool, settings: ServiceSettings, effects: Effects, producer: AIOKafkaProducer, service: str, behind: Behind
) -> None:
    async with running(Consumers(service, pool, settings, effects.handlers)):
        await have_effect(pool, await some_events(producer))
        await nothing_behind(behind)


async def test_batches_are_not_committed_one_by_one_but_all_when_the_consumer_stops(
    pool: Pool,
    settings: ServiceSettings,
    effects: Effects,
    producer: AIOKafkaProducer,
    service: str,
    behind: Behind,
    never_in_time: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commits: list[Any] = []
    commit = AIOKafkaConsumer.commit

    async def counted(consumer: AIOKafkaConsumer, offsets: Any = None) -> None:
        commits.append(offsets)
        await commit(consumer, offsets)

    monkeypatch.setattr(AIOKafkaConsumer, "commit", counted)
    async with running(Consumers(service, pool, settings, effects.handlers)):
        for _batch in range(3):
            await have_effect(pool, await some_events(producer))
        assert commits == []
    assert len(commits) == 1
    assert await behind() == 0


async def test_a_batch_in_hand_when_the_consumer_stops_is_committed(
    pool: Pool, settings: ServiceSettings, producer: AIOKafkaProducer, service: str, behind: Behind, never_in_time: None
) -> None:
    [awaited] = await some_events(producer, 1)
    in_hand, may_end, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()
    handlers = Handlers()

    @handlers.on(SatisfactionStated)
    async def take_long(_connection: Connection, event: Received[SatisfactionStated]) -> None:
        if event.event_id == awaited.event_id:
            in_hand.set()
            await may_end.wait()

    consumers = Consumers(service, pool, settings, handlers)
    run = asyncio.create_task(consumers.run(stop))
    await asyncio.wait_for(in_hand.wait(), 60)
    stop.set()
    [subscriber] = consumers.broker.subscribers
    assert isinstance(subscriber, BatchSubscriber)

    async def takes_no_more() -> bool:
        return not subscriber.running

    await until(takes_no_more)
    assert await behind() > 0
    may_end.set()
    await run
    assert await behind() == 0


async def test_who_takes_partitions_over_begins_where_the_other_ended(
    pool: Pool, settings: ServiceSettings, effects: Effects, producer: AIOKafkaProducer, service: str, behind: Behind, never_in_time: None
) -> None:
    before = repeated()
    async with running(Consumers(service, pool, settings, effects.handlers)):
        await have_effect(pool, await some_events(producer))
        assert await behind() > 0
        async with running(Consumers(service, pool, settings, effects.handlers)):
            await nothing_behind(behind)
            await have_effect(pool, await some_events(producer))
    assert repeated() == before


@pytest.mark.parametrize("error", [KafkaConnectionError, RuntimeError], ids=lambda error: error.__name__)
async def test_what_was_done_but_not_committed_comes_again_and_has_no_second_effect(
    pool: Pool,
    settings: ServiceSettings,
    effects: Effects,
    producer: AIOKafkaProducer,
    service: str,
    behind: Behind,
    error: type[Exception],
) -> None:
    """Whatever goes wrong with a commit, consumers go on."""
    before = repeated()
    with pytest.MonkeyPatch.context() as patch:

        async def dies(_consumer: AIOKafkaConsumer, _offsets: Any = None) -> None:
            raise error("as if it had been killed between work and commit")

        patch.setattr(AIOKafkaConsumer, "commit", dies)
        async with running(Consumers(service, pool, settings, effects.handlers)):
            events = await some_events(producer)
            await have_effect(pool, events)
            await asyncio.sleep(1.5)  # a commit was tried meanwhile
            await have_effect(pool, await some_events(producer))
    async with running(Consumers(service, pool, settings, effects.handlers)):
        await nothing_behind(behind)
    assert repeated() - before >= len(events)
    await have_effect(pool, events)
    assert max(effects.calls[event.event_id] for event in events) == 1
