"""The records of some topics as they come, from now on, for as long as somebody listens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from contracts.topics import TOPICS, Topic


@asynccontextmanager
async def topic_tail(
    bootstrap_servers: str, topics: Collection[Topic], hear: Callable[["ConsumerRecord[bytes, bytes]"], None]
) -> AsyncIterator[None]:
    """Call ``hear`` with each record that comes within the block."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    await consumer.start()
    consumer.assign(
        [TopicPartition(spec.topic.value, number) for spec in TOPICS if spec.topic in topics for number in range(spec.partitions)]
    )
    await consumer.seek_to_end()

    async def read() -> None:
        async for record in consumer:
            hear(record)

    reading = asyncio.create_task(read())
    try:
        yield
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await consumer.stop()


def header(record: "ConsumerRecord[bytes, bytes]", name: str) -> str:
    """A header of a record. Raises ``KeyError`` where it has none of that name."""
    value: bytes = dict(record.headers)[name]
    return value.decode()
