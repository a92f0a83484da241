"""Kafka: read, take, and only then commit the offset. A crash at any point reads some records again, which changes nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.examples.finance_consumer.record import Record

POLL_MS: Final = 500


class NoSuchTopicError(LookupError):
    """Kafka has no topic of that name (yet)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where to read, and from where to where. ``until_end``: to the end as it is at the start, then stop."""

    bootstrap_servers: str
    topic: str
    group: str
    from_beginning: bool
    until_end: bool
    max_records: int


async def listen(source: Source, take: Callable[[Sequence[Record]], None], stop: asyncio.Event) -> None:
    """Read until ``stop`` (or the end); ``take`` has made the records' effect durable when it returns.

    Raises :class:`NoSuchTopicError`, ``aiokafka.errors.KafkaError``, and what ``take`` raises. Starting again is always safe.
    """
    partitions = await _partitions_of(source.bootstrap_servers, source.topic)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=source.bootstrap_servers,
        group_id=source.group,
        # Offsets are committed here, after the effect. Where none is committed, or it is gone, all there is must be read.
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        # One process has all partitions, since there is one file of books; so a killed one is replaced without waiting for its session to end.
        consumer.assign(partitions)
        if source.from_beginning:
            await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions) if source.until_end else None
        while not stop.is_set() and not (ends is not None and await _reached(consumer, ends)):
            polled = await consumer.getmany(timeout_ms=POLL_MS, max_records=source.max_records)
            if records := [_record(polled_record) for batch in polled.values() for polled_record in batch]:
                take(records)
                await consumer.commit()
    finally:
        await consumer.stop()


def _record(given: Any) -> Record:
    return Record(
        topic=given.topic, partition=given.partition, offset=given.offset, key=given.key, value=given.value, headers=tuple(given.headers)
    )


async def _partitions_of(bootstrap_servers: str, topic: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    if not described["partitions"]:
        raise NoSuchTopicError(f"there is no topic {topic}: the platform makes it when it starts")
    return [TopicPartition(topic, number) for number in sorted(each["partition"] for each in described["partitions"])]


async def _reached(consumer: Any, ends: Mapping[TopicPartition, int]) -> bool:
    return all([await consumer.position(partition) >= end for partition, end in ends.items()])
