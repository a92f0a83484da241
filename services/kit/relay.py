"""The relay: sends what the outbox holds to Kafka, in order per key, at least once.

One process per schema leads, by an advisory lock on a connection of its own; everything the leader reads and marks goes over that connection, so that
losing it ends the leadership. A crash between sending and marking sends again: consumers deduplicate by event id.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
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

_SESSION: Final = {
    "synchronous_commit": "off",  # a mark that is lost with the power has its event sent again, which every consumer bears
    "enable_bitmapscan": "off",  # without statistics, as on the first day, the planner would read a whole backlog for each batch of it
    "enable_sort": "off",  # the same
}

_UNSENT = """
SELECT id, event_id, event_type, source, topic, key, sequence, merchant_id, test, occurred_at, trace_parent, value
FROM outbox WHERE sent_at IS NULL AND id <> ALL ($1::bigint[]) ORDER BY id LIMIT $2
"""
_MARK_AND_READ = f"WITH marked AS (UPDATE outbox SET sent_at = now() WHERE id = ANY ($3::bigint[])) {_UNSENT}"  # noqa: S608 - no value is part of it
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
        connection = await connect(self._dsn, f"aftersales {self._service} relay", **_SESSION)
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
            look = True
            while not stop.is_set():
                look = look or self._bell.is_set()
                self._bell.clear()
                if sent := await sender.step(look=look):
                    metrics.EVENTS_SENT.labels(self._service).inc(sent)
                    look = False
                    continue
                metrics.OUTBOX_AGE.labels(self._service).set(0)
                if clock() >= prune_at:
                    await prune(connection)
                    prune_at = clock() + PRUNE_SECONDS
                await wait_any(self._bell, stop, timeout_seconds=POLL_SECONDS)
                look = True
            deadline = clock() + FLUSH_SECONDS
            while clock() < deadline and await sender.step(look=True):
                pass
        finally:
            await _close(producer)


class _Sender:
    """Sends in strokes: while this process computes one batch into records, PostgreSQL marks an earlier one and reads the next.

    Nothing is marked as sent unless its whole batch was acknowledged. After any error the sender is thrown away with its producer, and a new one begins at
    the oldest unsent event; the producer's idempotence keeps a later batch from getting past a failed one.
    """

    def __init__(self, connection: Connection, producer: AIOKafkaProducer) -> None:
        self._connection = connection
        self._producer = producer
        self._read_ahead: list[Record] = []
        self._under_way = _Batch()
        self._acknowledged = _Batch()

    async def step(self, *, look: bool) -> int:
        """Hand the next unsent events over and see the ones before through. Returns how many events there were of both.

        ``look``: there may be events that no earlier step has seen. Whoever marks looks anyway.
        """
        rows = self._read_ahead
        if look and not rows:
            rows = await self._read(self._acknowledged.ids + self._under_way.ids)
        beside = asyncio.create_task(self._mark_and_read_on(rows))
        try:
            await asyncio.sleep(0)  # its statement is on its way before this process begins to compute
            promises = [
                await self._producer.send(row["topic"], value=row["value"], key=row["key"].encode(), headers=to_headers(_envelope(row)))
                for row in rows
            ]
            self._read_ahead = await beside
        finally:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
        before, self._under_way = self._under_way, _Batch([row["id"] for row in rows], promises)
        await before.acknowledgement()
        marked, self._acknowledged = len(self._acknowledged.ids), before
        return marked + len(before.ids) + len(rows)

    async def _mark_and_read_on(self, rows: Sequence[Record]) -> list[Record]:
        """Mark what was acknowledged and read what follows ``rows``; if there is nothing to mark, only where ``rows`` were not the last."""
        passed_over = [*self._under_way.ids, *(row["id"] for row in rows)]
        if self._acknowledged.ids:
            return await _mark_and_read(self._connection, self._acknowledged.ids, passed_over)
        return await self._read(passed_over) if len(rows) == BATCH_ROWS else []

    async def _read(self, passed_over: Sequence[int]) -> list[Record]:
        return await self._connection.fetch(_UNSENT, passed_over, BATCH_ROWS)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Events on their way to Kafka, and its promises to acknowledge them."""

    ids: list[int] = field(default_factory=list)
    promises: list[asyncio.Future[Any]] = field(default_factory=list)

    async def acknowledgement(self) -> None:
        """Wait for all of it. Raises what the first one failed with, after a look at all: none is left behind unseen."""
        failures = []
        for promise in self.promises:
            try:
                await promise
            except KafkaError as error:
                failures.append(error)
        if failures:
            raise failures[0]


async def _mark_and_read(connection: Connection, sent: Sequence[int], passed_over: Sequence[int]) -> list[Record]:
    """Mark events as sent, and read the next in the same statement, which does not see yet that those are."""
    return await connection.fetch(_MARK_AND_READ, [*sent, *passed_over], BATCH_ROWS, sent)


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
