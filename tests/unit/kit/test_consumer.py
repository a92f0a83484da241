"""What a subscriber really is, and which of a batch's partitions are acknowledged."""

import asyncio
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from services.kit.consumer import DurableBatch, assert_durable
from services.kit.offsets import Offsets

DURABLE: dict[str, Any] = {
    "batch": True,
    "max_records": 10,
    "group_id": "g",
    "auto_offset_reset": "earliest",
    "ack_policy": AckPolicy.NACK_ON_ERROR,
    "no_reply": True,
}


def _broker(*topics: str, **changes: Any) -> KafkaBroker:
    broker = KafkaBroker(logger=None)
    broker.subscriber(*topics, **(DURABLE | changes))
    return broker


def test_a_subscriber_as_we_make_it_is_durable() -> None:
    assert_durable(_broker("one"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ack_policy": AckPolicy.ACK_FIRST}, "acknowledges after the handler, commits nothing by itself"),
        ({"ack_policy": AckPolicy.ACK}, "acknowledges after the handler"),
        ({"auto_offset_reset": "latest"}, "earliest"),
        ({"no_reply": False}, "reply_to"),
        ({"max_records": None}, "bounds its batches"),
    ],
)
def test_a_subscriber_that_could_lose_events_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        assert_durable(_broker("one", **changes))


def test_a_subscriber_without_batches_or_of_two_topics_is_refused() -> None:
    with pytest.raises(TypeError, match="reads batches"):
        assert_durable(_broker("one", batch=False, max_records=None))
    with pytest.raises(RuntimeError, match="reads one topic"):
        assert_durable(_broker("one", "two"))


class PartOfAGroup:
    """A consumer that has lost a partition since it read the batch; like the real one, it refuses to touch that."""

    def __init__(self, *assigned: int) -> None:
        self._assigned = {TopicPartition("t", number) for number in assigned}
        self.commits: list[dict[TopicPartition, int]] = []
        self.away = False
        self.sought: dict[TopicPartition, int] = {}

    def assignment(self) -> set[TopicPartition]:
        return self._assigned

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        assert offsets.keys() <= self._assigned
        if self.away:
            raise CommitFailedError
        self.commits.append(offsets)

    def seek(self, place: TopicPartition, offset: int) -> None:
        assert place in self._assigned
        self.sought[place] = offset


def _record(partition: int, offset: int) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord("t", partition, offset, 0, 0, b"k", b"v", None, 1, 1, ())


RECORDS = (_record(0, 5), _record(0, 6), _record(1, 9), _record(2, 3), _record(2, 4))
ENDS = {TopicPartition("t", 0): 7, TopicPartition("t", 2): 5}


@pytest.fixture
def stopping() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def offsets(stopping: asyncio.Event) -> Offsets:
    return Offsets(stopping)


def _batch(consumer: Any, offsets: Offsets, *records: ConsumerRecord[bytes, bytes]) -> DurableBatch:
    return DurableBatch(body=b"", raw_message=records or RECORDS, consumer=consumer, offsets=offsets)


async def test_the_next_commit_tells_where_acknowledged_batches_end_in_partitions_that_are_still_ours(offsets: Offsets) -> None:
    consumer = PartOfAGroup(0, 2)
    await _batch(consumer, offsets).ack()
    await _batch(consumer, offsets, _record(0, 7)).ack()
    assert consumer.commits == []
    await offsets.commit()
    await offsets.commit()
    assert consumer.commits == [ENDS | {TopicPartition("t", 0): 8}]


async def test_a_batch_that_ends_while_its_consumer_stops_is_committed_by_itself(offsets: Offsets, stopping: asyncio.Event) -> None:
    consumer = PartOfAGroup(0, 2)
    stopping.set()
    await _batch(consumer, offsets).ack()
    assert consumer.commits == [ENDS]


async def test_what_could_not_be_committed_is_told_with_the_next_commit(offsets: Offsets) -> None:
    consumer = PartOfAGroup(0, 2)
    await _batch(consumer, offsets).ack()
    consumer.away = True
    await offsets.commit()
    consumer.away = False
    await offsets.commit()
    assert consumer.commits == [ENDS]


async def test_partitions_that_go_are_committed_first_and_not_spoken_of_again(offsets: Offsets) -> None:
    consumer = PartOfAGroup(0, 2)
    await _batch(consumer, offsets).ack()
    await offsets.on_partitions_revoked({TopicPartition("t", 0), TopicPartition("t", 2)})
    assert consumer.commits == [ENDS]
    consumer.away = True
    await _batch(consumer, offsets).ack()
    await offsets.on_partitions_revoked({TopicPartition("t", 0), TopicPartition("t", 2)})
    consumer.away = False
    await offsets.commit()
    assert consumer.commits == [ENDS]


async def test_a_refused_batch_is_rewound_in_every_partition_that_is_still_ours(offsets: Offsets) -> None:
    consumer = PartOfAGroup(1, 2)
    await _batch(consumer, offsets).nack()
    await offsets.commit()
    assert consumer.commits == []
    assert consumer.sought == {TopicPartition("t", 1): 9, TopicPartition("t", 2): 3}
