"""The relay: sends what the outbox holds to Kafka, in order per key, at least once.

One process per schema leads, by an advisory lock on a connection of its own; everything the leader reads and marks goes over that connection, so that
losing it ends the leadership. A crash between sending and marking sends again: consumers deduplicate by event id.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, cast

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.envelope import Envelope, to_headers
from services.kit import metrics
from services.kit.broker import make_producer
from services.kit.errors import is_transient
from services.kit.housekeeping import prune
from services.kit.logging import get_logger
from services.kit.postgres import Connection, Pool, Record, connect
from services.kit.redaction import describe_error
from services.kit.settings import ServiceSettings
from services.kit.wake import OUTBOX, wait_any

log = get_logger(__name__)

BATCH_ROWS: Final = 500
POLL_SECONDS: Final = 0.05
"""How soon an event committed by another process is noticed; commits of this process wake the relay at once."""
FLUSH_SECONDS: Final = 10.0
PRUNE_SECONDS: Final = 600.0
READY_AGE_SECONDS: Final = 60.0

_UNSENT = """
SELECT id, event_id, event_type, source, topic, key, sequence, merchant_id, test, occurred_at, trace_parent, value
FROM outbox WHERE sent_at IS NULL AND id <> ALL ($1::bigint[]) ORDER BY id LIMIT $2
"""
_OLDEST = "SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT 1"


class Relay:
    """Sends one schema's outbox. A part named ``relay``; several processes may run it, one of them sends."""

    name = "relay"

    def __init__(self, pool: Pool, settings: ServiceSettings, *, service: str) -> None:
        self._pool = pool
        self._dsn = settings.postgres_dsn
        self._bootstrap_servers = settings.kafka_bootstrap_servers
        self._service = service
        self._bell = OUTBOX.listener()

    async def run(self, stop: asyncio.Event) -> None:
        """Lead, or stand by to lead, until ``stop``; then send what is still unsent."""
        delay = 0.1
        while not stop.is_set():
            try:
                await self._connect_and_lead(stop)
                delay = 0.1
            except Exception as error:
                if not isinstance(error, KafkaError) and not is_transient(error):
                    raise
                log.warning("relay.interrupted", error=describe_error(error), retry_seconds=delay)
                await wait_any(stop, timeout_seconds=delay)
                delay = min(delay * 2, 5)

    async def check(self) -> None:
        """Ready while the oldest unsent event is younger than a minute. Raises ``TimeoutError`` otherwise."""
        age = await self._pool.fetchval(_OLDEST) or 0.0
        metrics.OUTBOX_AGE.labels(self._service).set(age)
        if age > READY_AGE_SECONDS:
            raise TimeoutError(f"the oldest unsent event is {age:.0f} s old: is Kafka reachable?")

    async def _connect_and_lead(self, stop: asyncio.Event) -> None:
        connection = await connect(self._dsn, f"aftersales {self._service} relay")
        try:
            while not await _try_lock(connection):
                await wait_any(stop, timeout_seconds=1)
                if stop.is_set():
                    return
            log.info("relay.leading")
            metrics.RELAY_LEADER.labels(self._service).set(1)
            await self._lead(connection, stop)
        finally:
            metrics.RELAY_LEADER.labels(self._service).set(0)
            with suppress(Exception):  # the connection may be what failed
                await connection.close(timeout=2)

    async def _lead(self, connection: Connection, stop: asyncio.Event) -> None:
        producer = make_producer(self._bootstrap_servers)
        sender = _Sender(connection, producer)
        clock = asyncio.get_running_loop().time
        prune_at = clock()
        try:
            await producer.start()
            while not stop.is_set():
                self._bell.clear()
                if sent := await sender.step():
                    metrics.EVENTS_SENT.labels(self._service).inc(sent)
                    continue
                metrics.OUTBOX_AGE.labels(self._service).set(0)
                if clock() >= prune_at:
                    await prune(connection)
                    prune_at = clock() + PRUNE_SECONDS
                await wait_any(self._bell, stop, timeout_seconds=POLL_SECONDS)
            deadline = clock() + FLUSH_SECONDS
            while clock() < deadline and await sender.step():
                pass
        finally:
            await _close(producer)


class _Sender:
    """Sends in two strokes: while Kafka acknowledges one batch, the next one is read and handed over.

    Nothing is marked as sent unless its whole batch was acknowledged. After any error the sender is thrown away with its producer, and a new one begins at
    the oldest unsent event; the producer's idempotence keeps a later batch from getting past a failed one.
    """

    def __init__(self, connection: Connection, producer: AIOKafkaProducer) -> None:
        self._connection = connection
        self._producer = producer
        self._under_way: list[int] = []
        self._acknowledgement: asyncio.Future[list[Any]] | None = None

    async def step(self) -> int:
        """Hand the next unsent events over and see the ones before through. Returns how many events there were of both."""
        rows = await self._connection.fetch(_UNSENT, self._under_way, BATCH_ROWS)
        promises = [
            await self._producer.send(row["topic"], value=row["value"], key=row["key"].encode(), headers=to_headers(_envelope(row)))
            for row in rows
        ]
        # Collecting errors instead of raising the first leaves none behind unseen.
        following = asyncio.gather(*promises, return_exceptions=True) if promises else None
        before = len(self._under_way)
        if self._acknowledgement is not None:
            for outcome in await self._acknowledgement:
                if isinstance(outcome, BaseException):
                    raise outcome
            await _mark_sent(self._connection, self._under_way)
        self._under_way, self._acknowledgement = [row["id"] for row in rows], following
        return before + len(rows)


async def _mark_sent(connection: Connection, ids: Sequence[int]) -> None:
    await connection.execute("UPDATE outbox SET sent_at = now() WHERE id = ANY($1::bigint[])", ids)


async def republish(connection: Connection, *, since: Any, until: Any = None, topic: str | None = None) -> int:
    """Mark events sent in [since, until) as unsent, so that the relay sends them again under their old ids and numbers. Returns how many."""
    status = await connection.execute(
        "UPDATE outbox SET sent_at = NULL WHERE sent_at >= $1 AND ($2::timestamptz IS NULL OR sent_at < $2) AND ($3::text IS NULL OR topic = $3)",
        since,
        until,
        topic,
    )
    return int(status.split()[-1])


def _envelope(row: Record) -> Envelope:
    return Envelope(
        id=row["event_id"],
        type=row["event_type"],
        source=row["source"],
        subject=row["key"],
        time=row["occurred_at"],
        sequence=row["sequence"],
        merchant_id=row["merchant_id"],
        test=row["test"],
        trace_parent=row["trace_parent"],
    )


async def _try_lock(connection: "asyncpg.Connection[Record]") -> bool:
    return cast("bool", await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended('relay/' || current_schema(), 0))"))


async def _close(producer: AIOKafkaProducer) -> None:
    with suppress(KafkaError, TimeoutError):  # what was not acknowledged is still unsent in the outbox
        await asyncio.wait_for(producer.stop(), timeout=5)
