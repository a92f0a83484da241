"""What was published of the ledger, read from Kafka itself: the proof that finance systems were told (R-RFD-13)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid5

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.envelope import EnvelopeError, from_headers
from contracts.quote import JournalLine
from contracts.refund_v1 import EntryPosted, PayoutPaid, RefundFailed, RefundReversed, RefundSettled
from contracts.registry import MalformedEventError, parse
from contracts.topics import Topic
from services.workflow.reconciliation.books import PublishedEntry

_BOOKED = (RefundSettled, RefundReversed, RefundFailed, PayoutPaid, EntryPosted)
_TYPES = {body.event_type for body in _BOOKED}
_WAIT_MS = 500
_AT_ONCE = 2_000


class KafkaLedger:
    """The published ledger of one Kafka."""

    def __init__(self, bootstrap_servers: str, topic: str = Topic.REFUND.value) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._topic = topic

    async def published(self, since: datetime, until: datetime) -> dict[UUID, PublishedEntry]:
        """The entries of events that occurred in ``[since, until)``, by id; one that was told in two ways is kept as it was told last.

        Reads what is in the topic now and no further; records that cannot be read are left to those who consume it. Raises ``KafkaError``.
        """
        found: dict[UUID, PublishedEntry] = {}
        async with self._consumer() as consumer:
            ends = await self._seek(consumer, since)
            while ends:
                batches = await consumer.getmany(*ends, timeout_ms=_WAIT_MS, max_records=_AT_ONCE)
                for records in batches.values():
                    for record in records:
                        entry = _read(record.headers, record.value)
                        if entry is not None and since <= entry.occurred_at < until:
                            found[entry.entry_id] = entry
                for partition in [part for part, end in ends.items() if await consumer.position(part) >= end]:
                    del ends[partition]
        return found

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._bootstrap_servers,
            client_id="aftersales-reconciliation",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()

    async def _seek(self, consumer: AIOKafkaConsumer, since: datetime) -> dict[TopicPartition, int]:
        """Go to the first records written since then: no event is written before it occurred. Returns where each partition that has some ends now."""
        parts = list(consumer.assignment())  # without a group: all of them
        ends = await consumer.end_offsets(parts)
        starts = await consumer.offsets_for_times({part: int(since.timestamp() * 1000) for part in parts})
        left: dict[TopicPartition, int] = {}
        for part in parts:
            start = starts.get(part)
            if start is not None and start.offset < ends[part]:
                consumer.seek(part, start.offset)
                left[part] = ends[part]
        return left


def _read(headers: list[tuple[str, bytes]], value: bytes | None) -> PublishedEntry | None:
    try:
        envelope = from_headers(headers)
        body = parse(envelope.type, value or b"") if envelope.type in _TYPES else None
    except (EnvelopeError, MalformedEventError):
        return None
    if not isinstance(body, _BOOKED) or not body.journal:
        return None
    refund_id = None if isinstance(body, PayoutPaid | EntryPosted) else body.refund_id
    entry_id = body.ledger_entry_id
    if entry_id is None and refund_id is not None:  # from before events told the entry: there was one entry a refund
        entry_id = uuid5(refund_id, "ledger/refund_settled")
    if entry_id is None:
        return None
    journal: tuple[JournalLine, ...] = body.journal
    return PublishedEntry(
        entry_id=entry_id,
        refund_id=refund_id,
        case_id=body.case_id,
        merchant_id=body.merchant_id,
        currency=body.currency,
        occurred_at=envelope.time,
        journal=journal,
    )
