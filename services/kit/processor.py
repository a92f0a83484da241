"""One batch of one topic, in one transaction: deduplicate, run the handlers in order, put aside what cannot be processed.

The batch is first run as it is. Only where a handler fails it is rolled back and run again with a savepoint around every event, so that one bad event
costs its neighbours nothing, and good batches pay nothing for that.
"""

import asyncio
from collections.abc import Sequence
from itertools import compress
from typing import Any, Final, cast

from services.kit import inbox, metrics, quarantine
from services.kit.errors import PermanentError, is_transient
from services.kit.handlers import Handlers, ManyHandler, Received
from services.kit.inbox import Claim
from services.kit.logging import get_logger
from services.kit.postgres import Connection, Pool, transaction
from services.kit.quarantine import Entry
from services.kit.records import Incoming, Kind, Problem, Reader, Record, Work
from services.kit.redaction import describe_error, describe_traceback
from services.kit.tracing import trace

log = get_logger(__name__)

ATTEMPTS: Final = 3
"""How often an event is tried whose handler fails in an unexpected way."""
PAUSE_SECONDS: Final = 0.1

HELD = Problem(Kind.HELD, "an earlier record of its key is in quarantine")


class Processor:
    """Processes batches for one service's handlers."""

    def __init__(self, pool: Pool, handlers: Handlers) -> None:
        self._pool = pool
        self._reader = Reader(handlers)

    async def process(self, records: Sequence[Record]) -> None:
        """Make the effect of ``records``, all of one topic and in order, durable. Raises transient errors only, and has no effect then."""
        if not records:
            return
        batch = [self._reader.read(record) for record in records]
        with metrics.BATCH_SECONDS.labels(records[0].topic).time():
            if not any(item.concerns_us for item in batch):
                await self._pass_over(batch)
                return
            try:
                await self._run(batch, careful=False)
            except Exception as error:
                if is_transient(error):
                    raise
                log.info("inbox.batch_repeated_carefully", topic=records[0].topic.value, error=describe_error(error))
                await self._run(batch, careful=True)

    async def _pass_over(self, batch: Sequence[Incoming]) -> None:
        """Nothing of it concerns this service: only its sequences are followed, for which one statement is enough."""
        topic = batch[0].record.topic
        claimed = await inbox.claim(self._pool, topic, batch)
        inbox.report(inbox.irregularities(topic, batch, batch, claimed))

    async def _run(self, batch: Sequence[Incoming], *, careful: bool) -> None:
        topic = batch[0].record.topic
        async with transaction(self._pool) as connection:
            claimed, opened = await asyncio.gather(inbox.claim(connection, topic, batch), self._open(batch))
            are_fresh = _are_fresh(claimed, batch)
            fresh = list(compress(batch, are_fresh))
            irregular = inbox.irregularities(topic, batch, fresh, claimed)
            held = claimed.held
            put_aside: list[Entry] = []
            together = _Together(connection)
            for item, work in zip(fresh, compress(opened, are_fresh), strict=True):
                if work is None:
                    continue
                if not careful and isinstance(work, Work) and work.many is not None and item.key not in held:
                    await together.add(work)
                    continue
                await together.handle()
                problem = await self._handle(connection, item, work, held, careful=careful)
                if problem is not None:
                    put_aside.append(Entry(item.record, item.key, item.event_id, problem))
                    if item.key is not None:
                        held.add(item.key)
            await together.handle()
            await quarantine.insert(connection, put_aside)
        metrics.EVENTS_HANDLED.labels(topic).inc(sum(item.concerns_us for item in fresh) - len(put_aside))
        metrics.EVENTS_REPEATED.labels(topic).inc(len(batch) - len(fresh))
        inbox.report(irregular)
        _report(put_aside)

    async def _open(self, batch: Sequence[Incoming]) -> list[Work | Problem | None]:
        """Read what is in the records of a batch, while the database is busy with their claim; like all reading of records it does not raise."""
        await asyncio.sleep(0)  # until the claim is sent
        return [self._reader.open(item) for item in batch]

    async def _handle(
        self, connection: Connection, item: Incoming, work: Work | Problem, held: set[str], *, careful: bool
    ) -> Problem | None:
        if isinstance(work, Problem):
            return work
        if item.key is not None and item.key in held:
            return HELD
        with trace(item.envelope.trace_parent if item.envelope else None):
            if careful:
                return await try_carefully(connection, work)
            await work.run(connection)
        return None


class _Together:
    """Events that follow one another and have one handler that takes many."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._handler: ManyHandler[Any] | None = None
        self._events: list[Received[Any]] = []

    async def add(self, work: Work) -> None:
        """Keep an event until others follow; those of another handler are handled first, for order holds over all types of a key."""
        if work.many is not self._handler:
            await self.handle()
        self._handler = work.many
        self._events.append(cast("Received[Any]", work.argument))

    async def handle(self) -> None:
        """Handle what was kept."""
        events, self._events = self._events, []
        if events and self._handler is not None:
            await self._handler(self._connection, events)


async def try_carefully(connection: Connection, work: Work) -> Problem | None:
    """Run a handler inside a savepoint. Returns why it can not succeed, or None; raises transient errors."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with connection.transaction():
                await work.run(connection)
        except PermanentError as error:
            return Problem(Kind.PERMANENT, error.reason)
        except Exception as error:
            if is_transient(error):
                raise
            if attempt == ATTEMPTS:
                log.error("inbox.handler_failed", error=describe_error(error), exception=describe_traceback(error))  # noqa: TRY400 - the redacted traceback is a field
                return Problem(Kind.UNEXPECTED, describe_error(error))
            await asyncio.sleep(PAUSE_SECONDS * attempt)
        else:
            return None
    raise AssertionError("unreachable: the last attempt returns")


def _are_fresh(claimed: Claim, batch: Sequence[Incoming]) -> list[bool]:
    """For each item, whether it was not dealt with before."""
    unseen = set(claimed.unseen)
    answers: list[bool] = []
    for item in batch:
        if item.event_id is None or not item.concerns_us:
            answers.append(True)
            continue
        answers.append(item.event_id in unseen)
        unseen.discard(item.event_id)  # a second one in the batch is a repeat
    return answers


def _report(put_aside: Sequence[Entry]) -> None:
    quarantine.count(put_aside)
    for entry in put_aside:
        log.warning(
            "quarantine.added",
            kind=entry.problem.kind.value,
            reason=entry.problem.reason,
            topic=entry.record.topic.value,
            partition=entry.record.partition,
            offset=entry.record.offset,
            key=entry.hold_key,
            event_id=str(entry.event_id) if entry.event_id else None,
        )
