"""Consumers on real engines: each event's effect once, in order, whatever the records are and whatever fails."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from contracts.case_v1 import SatisfactionStated
from contracts.contact_v1 import ContactRecorded
from contracts.identifiers import CustomerRef
from contracts.topics import Topic
from services.kit.clock import utc_now
from services.kit.consumer import ConsumerDiedError, Consumers
from services.kit.handlers import Handlers, RawRecord, Received
from services.kit.lifecycle import loop_factory
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection, Pool
from services.kit.settings import ServiceSettings
from tests.integration.kit.effects import Effects, effects_of, open_kinds
from tests.integration.kit.support import MERCHANT, TOPIC, a_case_key, an_event, headers_of, produce, running, until

pytestmark = pytest.mark.engines


async def test_each_event_has_its_effect_once_and_in_order(pool: Pool, consumers: Consumers, producer: AIOKafkaProducer) -> None:
    key = a_case_key()
    events = [an_event(key) for _ in range(120)]
    for sequence, event in enumerate(events, start=1):
        await producer.send(TOPIC, value=event.value(), key=str(key).encode(), headers=headers_of(event, sequence))
    for sequence, event in enumerate(events[:30], start=1):
        await produce(producer, event, sequence)
    end = an_event(key)
    await produce(producer, end, 121)

    async def end_has_come() -> bool:
        return end.event_id in await effects_of(pool, key)

    async with running(consumers):
        await until(end_has_come)
    assert await effects_of(pool, key) == [event.event_id for event in [*events, end]]


async def test_after_a_restart_nothing_is_handled_again_and_nothing_is_skipped(
    pool: Pool, settings: ServiceSettings, effects: Effects, producer: AIOKafkaProducer
) -> None:
    key, group = a_case_key(), f"kit-{uuid4().hex[:8]}"
    events = [an_event(key) for _ in range(4)]
    for part in (events[:2], events[2:]):
        for event in part:
            await produce(producer, event, events.index(event) + 1)
        last = part[-1].event_id

        async def last_has_come(last: object = last) -> bool:
            return last in await effects_of(pool, key)

        async with running(Consumers(group, pool, settings, effects.handlers)):
            await until(last_has_come)
    assert await effects_of(pool, key) == [event.event_id for event in events]
    assert max(effects.calls[event.event_id] for event in events) == 1


async def test_a_transient_error_is_waited_out(pool: Pool, consumers: Consumers, effects: Effects, producer: AIOKafkaProducer) -> None:
    event = an_event()
    effects.unavailable_times[event.event_id] = 3
    await produce(producer, event, 1)

    async def has_come() -> bool:
        return len(await effects_of(pool, event.body.partition_key)) == 1

    async with running(consumers):
        await until(has_come)
    assert effects.calls[event.event_id] == 4
    assert await open_kinds(pool, event.body.partition_key) == []


async def test_a_consumer_that_died_inside_ends_its_part(
    pool: Pool, settings: ServiceSettings, effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = AIOKafkaConnection.send

    def send_or_not(connection: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
        if type(request).__name__.startswith("FetchRequest"):
            raise LookupError("nobody expects this")
        return send(connection, request, expect_response)

    monkeypatch.setattr(AIOKafkaConnection, "send", send_or_not)
    consumers = Consumers(f"kit-{uuid4().hex[:8]}", pool, settings, effects.handlers)
    with pytest.raises(ConsumerDiedError, match=str(TOPIC)):
        await asyncio.wait_for(consumers.run(asyncio.Event()), 60)
    with suppress(ExceptionGroup):
        await consumers.broker.stop()


def test_a_connection_that_uvloop_says_is_closed_is_broken_to_aiokafka(settings: ServiceSettings) -> None:
    """Not a surprise that ends whatever was writing."""

    async def write_to_a_closed_one() -> None:
        host, port = settings.kafka_bootstrap_servers.split(":")
        connection = await create_conn(host, int(port))
        connection._writer.transport.abort()
        await asyncio.sleep(0)  # the loop closes it now, and its reader hears of it in the next turn
        with pytest.raises(KafkaConnectionError, match="handler is closed"):
            await connection.send(MetadataRequest([]))
        assert not connection.connected()

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(write_to_a_closed_one())


async def test_types_without_a_handler_are_skipped(pool: Pool, consumers: Consumers, producer: AIOKafkaProducer) -> None:
    other, known = an_event(), an_event()
    await produce(producer, other, 1, type="aftersales.case.withdrawn.v1", subject=other.body.partition_key)
    await produce(producer, known, 1)

    async def has_come() -> bool:
        return bool(await effects_of(pool, known.body.partition_key))

    async with running(consumers):
        await until(has_come)
    assert await open_kinds(pool, other.body.partition_key) == []


async def test_a_lost_event_is_counted_and_does_not_stop_its_key(pool: Pool, consumers: Consumers, producer: AIOKafkaProducer) -> None:
    def counted(name: str) -> float:
        return REGISTRY.get_sample_value(name, {"topic": TOPIC}) or 0.0

    lost, late = counted("aftersales_inbox_sequence_missing_total"), counted("aftersales_inbox_sequence_late_total")
    key = a_case_key()
    events = [an_event(key) for _ in range(4)]
    for sequence in (1, 4, 2):
        await produce(producer, events[sequence - 1], sequence)

    async def three_effects() -> bool:
        return len(await effects_of(pool, key)) == 3

    async with running(consumers):
        await until(three_effects)
    assert await effects_of(pool, key) == [events[0].event_id, events[3].event_id, events[1].event_id]
    assert counted("aftersales_inbox_sequence_missing_total") - lost == 2
    assert counted("aftersales_inbox_sequence_late_total") - late == 1


async def test_two_processes_of_a_service_share_the_work_and_repeat_nothing(
    pool: Pool, settings: ServiceSettings, effects: Effects, producer: AIOKafkaProducer
) -> None:
    group = f"kit-{uuid4().hex[:8]}"
    keys = [a_case_key() for _ in range(20)]
    events = {key: [an_event(key) for _ in range(5)] for key in keys}

    async def send(sequences: range) -> None:
        for sequence in sequences:
            for key in keys:
                event = events[key][sequence - 1]
                await producer.send(TOPIC, value=event.value(), key=str(key).encode(), headers=headers_of(event, sequence))
        await producer.flush()

    async def all_come() -> bool:
        return len(await effects_of(pool, *keys)) == 100

    await send(range(1, 3))
    async with running(Consumers(group, pool, settings, effects.handlers)):
        async with running(Consumers(group, pool, settings, effects.handlers)):
            await send(range(3, 5))
        await send(range(5, 6))
        await until(all_come)
    for key in keys:
        assert await effects_of(pool, key) == [event.event_id for event in events[key]]


async def test_a_tombstone_reaches_its_own_handler(pool: Pool, settings: ServiceSettings, producer: AIOKafkaProducer) -> None:
    body = ContactRecorded(
        merchant_id=MERCHANT, customer_ref=CustomerRef(uuid4()), contact_version=1, recorded_at=utc_now(), key_id="k1", sealed="x"
    )
    recorded, erased = OutgoingEvent(body=body), OutgoingEvent(body=body)
    seen: list[tuple[str, bool]] = []
    handlers = Handlers()

    @handlers.on(ContactRecorded)
    async def record(_connection: Connection, event: Received[ContactRecorded]) -> None:
        seen.append((event.key, event.body.contact_version == 1))

    @handlers.tombstone(Topic.CONTACT)
    async def erase(_connection: Connection, event: Received[None]) -> None:
        seen.append((event.key, event.body is not None))

    key = str(body.customer_ref)
    await producer.send_and_wait(Topic.CONTACT.value, value=recorded.value(), key=key.encode(), headers=headers_of(recorded, 1))
    await producer.send_and_wait(Topic.CONTACT.value, value=None, key=key.encode(), headers=headers_of(erased, 2))

    async def both() -> bool:
        return len([entry for entry in seen if entry[0] == key]) == 2

    async with running(Consumers(f"kit-{uuid4().hex[:8]}", pool, settings, handlers)):
        await until(both)
    assert [had_body for at, had_body in seen if at == key] == [True, False]


async def test_plain_json_reaches_a_raw_handler_and_the_rest_is_quarantined(
    pool: Pool, settings: ServiceSettings, producer: AIOKafkaProducer
) -> None:
    handlers = Handlers()
    seen: list[RawRecord] = []

    @handlers.raw(Topic.STOREFRONT_ORDER)
    async def take(_connection: Connection, record: RawRecord) -> None:
        seen.append(record)

    number = uuid4().hex
    await producer.send_and_wait(Topic.STOREFRONT_ORDER.value, value=b"not json", key=f"demo-shop:bad-{number}".encode())
    await producer.send_and_wait(
        Topic.STOREFRONT_ORDER.value, value=b'{"number": 1}', key=f"demo-shop:{number}".encode(), headers=[("x", b"\xff")]
    )

    async def both() -> bool:
        return bool([record for record in seen if record.key.endswith(number)]) and bool(await open_kinds(pool, f"demo-shop:bad-{number}"))

    async with running(Consumers(f"kit-{uuid4().hex[:8]}", pool, settings, handlers)):
        await until(both)
    assert [record.value for record in seen if record.key == f"demo-shop:{number}"] == [{"number": 1}]


async def test_a_batch_survives_the_loss_of_its_database_connection(
    pool: Pool, consumers: Consumers, effects: Effects, producer: AIOKafkaProducer
) -> None:
    key = a_case_key()
    events = [an_event(key) for _ in range(3)]
    handle = effects.handle

    async def cut_once(connection: Connection, event: Received[SatisfactionStated]) -> None:
        await handle(connection, event)
        if event.event_id == events[1].event_id and effects.calls[event.event_id] == 1:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    effects.handlers.events[SatisfactionStated.event_type] = (SatisfactionStated, cut_once)
    for sequence, event in enumerate(events, start=1):
        await produce(producer, event, sequence)

    async def three_effects() -> bool:
        return len(await effects_of(pool, key)) == 3

    async with running(consumers):
        await until(three_effects)
    assert await effects_of(pool, key) == [event.event_id for event in events]


async def test_consumers_wait_for_kafka_and_can_be_stopped_while_they_do(pool: Pool, settings: ServiceSettings, effects: Effects) -> None:
    nowhere = settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    with capture_logs() as logs:
        async with running(Consumers("kit", pool, nowhere, effects.handlers)):

            async def has_waited_twice() -> bool:
                return len([line for line in logs if line["event"] == "consumers.waiting_for_kafka"]) >= 2

            await until(has_waited_twice)
