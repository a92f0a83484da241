"""What tests of the kit share: events with nothing special about them, parts that run for a while, conditions to wait for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.case_v1 import SatisfactionStated
from contracts.envelope import Envelope, to_headers
from contracts.identifiers import CaseId, EventId, MerchantId
from services.kit import outbox
from services.kit.clock import utc_now
from services.kit.lifecycle import Part
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Pool, transaction

MERCHANT = MerchantId("demo-shop")
TOPIC = SatisfactionStated.topic.value


def a_case_key() -> CaseId:
    """A case nobody else has."""
    return CaseId(uuid4())


def an_event(case_id: CaseId | None = None, **options: Any) -> OutgoingEvent:
    """A small event of a case."""
    body = SatisfactionStated(merchant_id=MERCHANT, case_id=case_id or a_case_key(), satisfied=True, stated_at=utc_now())
    return OutgoingEvent(body=body, **options)


async def commit(pool: Pool, *events: OutgoingEvent) -> int:
    """Write events to the outbox in a transaction of their own."""
    async with transaction(pool) as connection:
        return await outbox.append(connection, events)


def headers_of(event: OutgoingEvent, sequence: int, **changes: str | None) -> list[tuple[str, bytes]]:
    """The Kafka headers of an event; a change sets a header (``ce_`` is added), None removes it."""
    envelope = Envelope(
        id=EventId(event.event_id),
        type=event.body.event_type,
        source="aftersales/intake",
        subject=event.body.partition_key,
        time=event.occurred_at,
        sequence=sequence,
        merchant_id=event.body.merchant_id,
        trace_parent=event.trace_parent,
    )
    headers = dict(to_headers(envelope))
    for name, value in changes.items():
        headers.pop(f"ce_{name}")
        if value is not None:
            headers[f"ce_{name}"] = value.encode()
    return list(headers.items())


async def produce(
    producer: AIOKafkaProducer, event: OutgoingEvent, sequence: int, *, value: bytes | None = None, **changes: str | None
) -> None:
    """Put an event straight on its topic, past any outbox."""
    await producer.send_and_wait(
        event.body.topic.value,
        value=value or event.value(),
        key=event.body.partition_key.encode(),
        headers=headers_of(event, sequence, **changes),
    )


async def read_keys(bootstrap: str, keys: set[str], count: int) -> list[tuple[str, int, str]]:
    """Read (key, sequence, event id) of the given keys from the start of the topic until there are ``count``, in order of arrival."""
    found: list[tuple[str, int, str]] = []
    wanted = {key.encode() for key in keys}
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        if record.key in wanted:
                            values = {name: value.decode() for name, value in record.headers}
                            found.append((record.key.decode(), int(values["ce_sequence"]), values["ce_id"]))
    finally:
        await consumer.stop()
    return found


@asynccontextmanager
async def running(*parts: Part) -> AsyncIterator[None]:
    """Run parts for the length of the block, then stop them in order; what ended one early is raised."""
    stops = [asyncio.Event() for _part in parts]
    tasks = [asyncio.create_task(part.run(stop)) for part, stop in zip(parts, stops, strict=True)]
    try:
        yield
    finally:
        for stop, task in zip(stops, tasks, strict=True):
            stop.set()
            await task


async def until(holds: Callable[[], Awaitable[object]], *, seconds: float = 60) -> None:
    """Wait until a condition holds; fail after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in an engine, which sets no event here
            await asyncio.sleep(0.02)
