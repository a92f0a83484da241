"""The platform's events of a run, read back from Kafka: refunds as finance sees them, approvals, messages."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.envelope import EnvelopeError, from_headers
from contracts.message_v1 import MessageSent
from contracts.refund_v1 import RefundSettled
from contracts.registry import MalformedEventError, UnknownEventTypeError, parse
from contracts.resolution_v1 import ApprovalDecided, ApprovalEscalated
from contracts.topics import Topic

TOPICS = (Topic.REFUND, Topic.RESOLUTION, Topic.MESSAGE)
_POLL_MILLISECONDS = 1_000
_RECORDS_AT_ONCE = 2_000

Position = dict[TopicPartition, int]


@dataclass(slots=True)
class RunEvents:
    """What the topics say of the run's cases. Each event counts once, by its id, however often it was sent."""

    settled: list[RefundSettled] = field(default_factory=list)
    granted: int = 0
    declined: int = 0
    escalated: int = 0
    messages_sent: int = 0


async def end_of_topics(bootstrap_servers: str) -> Position:
    """Where the topics end now: a run reads back from there."""
    async with _consumer(bootstrap_servers) as consumer:
        return dict(await consumer.end_offsets(consumer.assignment()))


async def read_events(bootstrap_servers: str, since: Position, case_ids: Collection[str]) -> RunEvents:
    """Everything from ``since`` to where the topics end now that is about these cases."""
    found = RunEvents()
    seen: set[object] = set()
    async with _consumer(bootstrap_servers) as consumer:
        partitions = consumer.assignment()
        ends = await consumer.end_offsets(partitions)
        left = {partition for partition in partitions if since.get(partition, 0) < ends[partition]}
        for partition in partitions:
            consumer.seek(partition, min(since.get(partition, 0), ends[partition]))
        while left:
            batches = await consumer.getmany(*left, timeout_ms=_POLL_MILLISECONDS, max_records=_RECORDS_AT_ONCE)
            for records in batches.values():
                for record in records:
                    take(found, record.headers, record.value, seen, case_ids)
            for partition in list(left):
                if await consumer.position(partition) >= ends[partition]:
                    left.discard(partition)
    return found


def take(
    found: RunEvents, headers: Collection[tuple[str, bytes | None]], value: bytes | None, seen: set[object], case_ids: Collection[str]
) -> None:
    """Count one record; ``seen`` remembers event ids."""
    try:
        envelope = from_headers(headers)
        body = parse(envelope.type, value or b"")
    except (EnvelopeError, UnknownEventTypeError, MalformedEventError):
        return  # not of ours: what of ours is missing shows in the sums
    if envelope.id in seen or str(getattr(body, "case_id", "")) not in case_ids:
        return
    seen.add(envelope.id)
    match body:
        case RefundSettled():
            found.settled.append(body)
        case ApprovalDecided(granted=True):
            found.granted += 1
        case ApprovalDecided():
            found.declined += 1
        case ApprovalEscalated():
            found.escalated += 1
        case MessageSent():
            found.messages_sent += 1
        case _:
            pass


@asynccontextmanager
async def _consumer(bootstrap_servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    # Topics that are named here are the ones whose partitions it knows; without a group it has all of them.
    consumer = AIOKafkaConsumer(*TOPICS, bootstrap_servers=bootstrap_servers, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
