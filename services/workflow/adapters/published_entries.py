"""What was published of the ledger, read from Kafka itself: the proof that finance systems were told (R-RFD-13)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from contracts.envelope import EnvelopeError, from_headers
from contracts.quote import JournalLine
from contracts.refund_v1 import EntryPosted, PayoutPaid, PayoutReturned, RefundFailed, RefundReversed, RefundSettled
from contracts.registry import MalformedEventError, parse
from contracts.topics import Topic
from services.workflow.reconciliation.books import PublishedEntry

_BOOKED = (RefundSettled, RefundReversed, RefundFailed, PayoutPaid, PayoutReturned, EntryPosted)
_TYPES = {body.event_type for body in _BOOKED}
_WAIT_MS = 500
_AT_ONCE = 2_000
_LONGEST_SECONDS = 300.0


class KafkaLedger:
    """The published ledger of one Kafka."""

    def __init__(self, bootstrap_servers: str, topic: str = Topic.REFUND.value) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._topic = topic

    async def published(self, since: datetime, until: datetime) -> dict[UUID, PublishedEntry]:
        """The entries of events that occurred in ``[since, until)``, by id.

        An event that lies there again is the same; an entry that two events tell is kept as told last, and ``events`` counts them. Reads what is in the
        topic now and no further; records that cannot be read are left to those who consume it. Raises ``KafkaError``, also where it takes too long.
        """
        try:
            async with asyncio.timeout(_LONGEST_SECONDS), self._consumer() as consumer:
                return await self._read(consumer, since, until)
        except TimeoutError as error:
            raise KafkaTimeoutError(f"the topic could not be read within {_LONGEST_SECONDS} s") from error

    async def _read(self, consumer: AIOKafkaConsumer, since: datetime, until: datetime) -> dict[UUID, PublishedEntry]:
        found: dict[UUID, PublishedEntry] = {}
        told: dict[UUID, set[UUID]] = {}
        ends = await self._seek(consumer, since)
        while ends:
            batches = await consumer.getmany(*ends, timeout_ms=_WAIT_MS, max_records=_AT_ONCE)
            for record in (record for records in batches.values() for record in records):
                event = _entry_of(record.headers, record.value)
                if event is not None and since <= event[1].occurred_at < until:
                    event_id, entry = event
                    ids = told.setdefault(entry.entry_id, set())
                    ids.add(event_id)
                    found[entry.entry_id] = replace(entry, events=len(ids))
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


def _entry_of(headers: list[tuple[str, bytes]], value: bytes | None) -> tuple[UUID, PublishedEntry] | None:
    try:
        envelope = from_headers(headers)
        body = parse(envelope.type, value or b"") if envelope.type in _TYPES else None
    except (EnvelopeError, MalformedEventError):
        return None
    if not isinstance(body, _BOOKED) or not body.journal:
        return None
    refund_id = None if isinstance(body, PayoutPaid | PayoutReturned | EntryPosted) else body.refund_id
    entry_id = body.ledger_entry_id
    if entry_id is None and refund_id is not None:  # from before events told the entry: there was one entry a refund
        entry_id = uuid5(refund_id, "ledger/refund_settled")
    if entry_id is None:
        return None
    journal: tuple[JournalLine, ...] = body.journal
    return envelope.id, PublishedEntry(
        entry_id=entry_id,
        refund_id=refund_id,
        case_id=body.case_id,
        merchant_id=body.merchant_id,
        currency=body.currency,
        occurred_at=envelope.time,
        journal=journal,
    )
