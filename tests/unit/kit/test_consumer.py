"""What a subscriber really is, and which of a batch's partitions are acknowledged."""

from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from services.kit.consumer import DurableBatch, assert_durable

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
        self.committed: dict[TopicPartition, int] = {}
        self.sought: dict[TopicPartition, int] = {}

    def assignment(self) -> set[TopicPartition]:
        return self._assigned

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        assert offsets.keys() <= self._assigned
        self.committed = offsets

    def seek(self, place: TopicPartition, offset: int) -> None:
        assert place in self._assigned
        self.sought[place] = offset


def _record(partition: int, offset: int) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord("t", partition, offset, 0, 0, b"k", b"v", None, 1, 1, ())


def _batch(consumer: Any) -> DurableBatch:
    records = (_record(0, 5), _record(0, 6), _record(1, 9), _record(2, 3), _record(2, 4))
    return DurableBatch(body=b"", raw_message=records, consumer=consumer)


async def test_an_acknowledged_batch_commits_its_own_offsets_where_it_still_may() -> None:
    consumer = PartOfAGroup(0, 2)
    await _batch(consumer).ack()
    assert consumer.committed == {TopicPartition("t", 0): 7, TopicPartition("t", 2): 5}


async def test_a_refused_batch_is_rewound_in_every_partition_that_is_still_ours() -> None:
    consumer = PartOfAGroup(1, 2)
    await _batch(consumer).nack()
    assert consumer.sought == {TopicPartition("t", 1): 9, TopicPartition("t", 2): 3}
