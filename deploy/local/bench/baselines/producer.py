"""Kafka topics for one measurement each, and the bare producer: the least that sending events takes."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.bench.events import WireEvent

PARTITIONS = 6
_AT_ONCE = 500


async def make_topic(bootstrap_servers: str, name: str) -> str:
    """Create a topic with as many partitions as the platform's own have; its name."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    finally:
        await admin.close()
    return name


async def produce(producer: AIOKafkaProducer, topic: str, events: Sequence[WireEvent]) -> None:
    """Send events and wait until all are acknowledged, so many under way as the relay has: one batch while the next is handed over."""
    before = None
    for first in range(0, len(events), _AT_ONCE):
        promises = [
            await producer.send(topic, value=event.value, key=event.key, headers=event.headers)
            for event in events[first : first + _AT_ONCE]
        ]
        if before is not None:
            for promise in before:
                await promise
        before = promises
    for promise in before or ():
        await promise
