"""The consumers of a service: one FastStream subscriber per topic, offsets committed only after the batch's effect (see :mod:`services.kit.offsets`).

FastStream's own defaults acknowledge first and read from the latest offset; everything that makes it safe is set per subscriber and asserted at start.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage, KafkaMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.message import StreamMessage

from contracts.topics import Topic
from services.kit.errors import is_transient
from services.kit.handlers import Handlers
from services.kit.logging import get_logger
from services.kit.offsets import COMMIT_SECONDS, Offsets
from services.kit.postgres import Pool
from services.kit.processor import Processor
from services.kit.records import Record, record_time
from services.kit.redaction import describe_error, describe_traceback
from services.kit.replay import Replayer
from services.kit.settings import KitSettings
from services.kit.wake import wait_any

log = get_logger(__name__)

POLL_MS: Final = 50
GRACE_SECONDS: Final = 15.0
SESSION_MS: Final = 6_000
"""How soon a consumer that died without a word is given up, and its partitions go to another: the shortest that a Kafka allows as it comes."""
HEARTBEAT_MS: Final = 2_000
WATCH_SECONDS: Final = 1.0
SHORTEST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0


class ConsumerDiedError(Exception):
    """A consumer gives nothing any more, and does not say so."""


class Consumers:
    """Reads every topic the handlers name, in consumer group ``aftersales.<service>.<topic>``. A part named ``consumers``."""

    name = "consumers"

    def __init__(self, service: str, pool: Pool, settings: KitSettings, handlers: Handlers, *, max_records: int = 500) -> None:
        self.broker = KafkaBroker(
            settings.kafka_bootstrap_servers,
            client_id=f"aftersales-{service}",
            graceful_timeout=GRACE_SECONDS,
            apply_types=False,
            logger=None,
            allow_auto_create_topics=False,
            consumer_only=True,
        )
        self._stopping = asyncio.Event()
        self._replayer = Replayer(pool, handlers)
        processor = Processor(pool, handlers)
        self._offsets = [subscribe(self.broker, service, topic, processor, max_records, self._stopping) for topic in handlers.topics]
        assert_durable(self.broker)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume and replay until ``stop``; then finish the batches in hand."""
        await self._start_broker(stop)
        replaying = asyncio.create_task(self._replayer.run(stop), name="replayer")
        committing = asyncio.create_task(self._keep_committed(), name="commit offsets")
        watching = asyncio.create_task(self._watch(stop), name="consumer watch")
        died = False
        try:
            await wait_any(stop, _done(replaying), _done(committing), _done(watching))
            died = watching.done() and not stop.is_set()
        finally:
            self._stopping.set()
            watching.cancel()
            if died:  # the dead may not even stop
                committing.cancel()
                replaying.cancel()
                await asyncio.gather(committing, replaying, return_exceptions=True)
            else:
                await asyncio.wait({committing})
                await self.broker.stop()
                await replaying
                await committing
        if died:
            watching.result()

    async def _keep_committed(self) -> None:
        """Commit once a second, and what is left when the consumers stop; batches that end still later are committed by themselves."""
        while not self._stopping.is_set():
            await wait_any(self._stopping, timeout_seconds=COMMIT_SECONDS)
            await self._commit()
        await self._commit()

    async def _commit(self) -> None:
        await asyncio.gather(*(offsets.commit() for offsets in self._offsets))

    async def _watch(self, stop: asyncio.Event) -> None:
        """Raise :class:`ConsumerDiedError` once a consumer is dead, after which its part and the process end, to be started anew.

        An error that aiokafka does not expect ends the task that fetches or the one that keeps the consumer's place in the group; it then gives nothing any
        more, without a word, and may not even stop.
        """
        while not stop.is_set():
            for subscriber in map(_batch, self.broker.subscribers):
                if subscriber.consumer is not None and (task := _ended(subscriber.consumer)) is not None:
                    error = None if task.cancelled() else task.exception()
                    why = describe_error(error) if error else "it was cancelled"
                    raise ConsumerDiedError(f"the consumer of {', '.join(subscriber.topic_names)} is dead: {why}") from error
            await wait_any(stop, timeout_seconds=WATCH_SECONDS)

    async def _start_broker(self, stop: asyncio.Event) -> None:
        pause = SHORTEST_PAUSE_SECONDS
        while not stop.is_set():
            try:
                await self.broker.start()
            except (KafkaError, OSError) as error:
                await self.broker.stop()
                log.warning("consumers.waiting_for_kafka", error=describe_error(error), retry_seconds=pause)
                await wait_any(stop, timeout_seconds=pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                log.info(
                    "consumers.started", topics=[name for subscriber in self.broker.subscribers for name in _batch(subscriber).topic_names]
                )
                return


def subscribe(broker: KafkaBroker, service: str, topic: Topic, processor: Processor, max_records: int, stopping: asyncio.Event) -> Offsets:
    """Add the one subscriber of a topic; return how far it has come."""
    offsets = Offsets(stopping)
    subscriber = broker.subscriber(
        topic.value,
        batch=True,
        max_records=max_records,
        batch_timeout_ms=POLL_MS,
        group_id=f"aftersales.{service}.{topic.value}",
        auto_offset_reset="earliest",
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=True,
        listener=offsets,
    )

    async def parse(batch: tuple[ConsumerRecord[bytes, bytes], ...]) -> KafkaMessage:
        return DurableBatch(body=b"", raw_message=batch, consumer=subscriber.consumer, offsets=offsets)

    async def decode(message: StreamMessage[Any]) -> Any:
        return message.raw_message

    subscriber(_consume(topic, processor, stopping), parser=parse, decoder=decode)
    return offsets


class DurableBatch(KafkaAckableMessage):
    """A batch of raw records that is acknowledged by its own offsets.

    FastStream's parser drops a whole batch for one header that is not UTF-8; here nothing is decoded before the quarantine can catch it. And its rewind
    stops at the first partition that was revoked in the meantime, after which a later commit would pass over the others: here revoked ones are left out.
    """

    consumer: AIOKafkaConsumer
    raw_message: tuple["ConsumerRecord[bytes, bytes]", ...]

    def __init__(self, *, offsets: Offsets, **message: Any) -> None:
        super().__init__(**message)
        self._offsets = offsets

    async def ack(self) -> None:
        """Have the offsets after this batch committed, of the partitions this consumer still has."""
        if not self.committed:
            await self._offsets.reach(self.consumer, {place: records[-1].offset + 1 for place, records in self._kept().items()})
        await StreamMessage.ack(self)

    async def nack(self) -> None:
        """Go back to the first record of this batch in every partition this consumer still has."""
        if not self.committed:
            for place, records in self._kept().items():
                self.consumer.seek(place, records[0].offset)
        await StreamMessage.nack(self)

    def _kept(self) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        assigned = self.consumer.assignment()
        batches: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]] = {}
        for record in self.raw_message:
            place = TopicPartition(record.topic, record.partition)
            if place in assigned:
                batches.setdefault(place, []).append(record)
        return batches


def assert_durable(broker: KafkaBroker) -> None:
    """Check what each subscriber really is, because several ways of configuring one silently make it another. Raises ``RuntimeError``."""
    for subscriber in broker.subscribers:
        batch = _batch(subscriber)
        facts = {
            "acknowledges after the handler": batch.ack_policy is AckPolicy.NACK_ON_ERROR,
            "commits nothing by itself": batch._connection_args.get("enable_auto_commit") is False,  # noqa: SLF001 - the effective value is nowhere else
            "reads from the earliest offset": batch._connection_args.get("auto_offset_reset") == "earliest",  # noqa: SLF001 - same
            "answers no reply_to header": batch._no_reply is True,  # noqa: SLF001 - same
            "bounds its batches": isinstance(batch.max_records, int),
            "reads one topic": len(batch.topic_names) == 1,
            "has a group": bool(batch.group_id),
        }
        broken = [fact for fact, holds in facts.items() if not holds]
        if broken:
            raise RuntimeError(f"the subscriber of {batch.topic_names} is not durable; it should be one that {', '.join(broken)}")


def _ended(consumer: AIOKafkaConsumer) -> "asyncio.Task[None] | None":
    """The task of a running consumer that has ended, of the two that live as long as it does."""
    tasks = (consumer._fetcher._fetch_task, consumer._coordinator._coordination_task)  # noqa: SLF001 - nothing else tells that they are gone
    return next((task for task in tasks if task.done()), None)


def _batch(subscriber: object) -> BatchSubscriber:
    if not isinstance(subscriber, BatchSubscriber):
        raise TypeError(f"a consumer of this system reads batches, not {type(subscriber).__name__}")
    return subscriber


def _consume(
    topic: Topic, processor: Processor, stopping: asyncio.Event
) -> Callable[[tuple[ConsumerRecord[bytes, bytes], ...]], Awaitable[None]]:
    pause = SHORTEST_PAUSE_SECONDS

    async def consume(batch: tuple[ConsumerRecord[bytes, bytes], ...]) -> None:
        nonlocal pause
        try:
            await processor.process([_record(topic, raw) for raw in batch])
        except Exception as error:
            details = {} if is_transient(error) else {"exception": describe_traceback(error)}
            log.warning("consumers.batch_will_be_repeated", topic=topic.value, error=describe_error(error), retry_seconds=pause, **details)
            await wait_any(stopping, timeout_seconds=pause * random.uniform(0.5, 1))  # noqa: S311 - jitter is no secret
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            raise
        pause = SHORTEST_PAUSE_SECONDS

    return consume


def _record(topic: Topic, raw: "ConsumerRecord[bytes, bytes]") -> Record:
    return Record(topic, raw.partition, raw.offset, record_time(raw.timestamp), raw.key, raw.value, tuple(raw.headers))


def _done(task: "asyncio.Task[Any]") -> asyncio.Event:
    event = asyncio.Event()
    task.add_done_callback(lambda _task: event.set())
    return event
