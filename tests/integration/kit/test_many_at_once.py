"""Handlers that take many events at once: in order over all types of a key, and one bad event costs its neighbours nothing."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from contracts.case_v1 import CaseWithdrawn, OpenedBy, SatisfactionStated
from contracts.topics import Topic
from services.kit.clock import utc_now
from services.kit.errors import PermanentError
from services.kit.handlers import Handlers, Received
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection, Pool
from services.kit.processor import Processor
from services.kit.records import Kind, Record
from tests.integration.kit.effects import Effects, open_kinds
from tests.integration.kit.support import MERCHANT, a_case_key, an_event, headers_of

pytestmark = pytest.mark.engines


class Together:
    """Handlers that note what they were called with; satisfaction is taken many at once, a withdrawal alone."""

    def __init__(self) -> None:
        self.calls: list[list[UUID]] = []
        self.bad: set[UUID] = set()
        self.handlers = Handlers()
        self.handlers.on_many(SatisfactionStated)(self.many)
        self.handlers.on(CaseWithdrawn)(self.one)

    async def many(self, connection: Connection, events: Sequence[Received[SatisfactionStated]]) -> None:
        self.calls.append([event.event_id for event in events])
        if any(event.event_id in self.bad for event in events):
            raise PermanentError("it says something impossible")
        rows = [(event.key, event.event_id) for event in events]
        await connection.executemany("INSERT INTO effect (key, event_id) VALUES ($1, $2)", rows)

    async def one(self, _connection: Connection, event: Received[CaseWithdrawn]) -> None:
        self.calls.append([event.event_id])


def _records(*events: OutgoingEvent) -> list[Record]:
    return [
        Record(Topic.CASE, 0, offset, utc_now(), event.body.partition_key.encode(), event.value(), tuple(headers_of(event, 1)))
        for offset, event in enumerate(events)
    ]


def _withdrawn() -> OutgoingEvent:
    return OutgoingEvent(
        body=CaseWithdrawn(merchant_id=MERCHANT, case_id=a_case_key(), withdrawn_at=utc_now(), withdrawn_by=OpenedBy(kind="customer"))
    )


async def test_events_that_follow_one_another_come_together_and_another_type_between_them_keeps_its_place(
    pool: Pool, effects: Effects
) -> None:
    together, events = Together(), [an_event(), an_event(), _withdrawn(), an_event()]
    await Processor(pool, together.handlers).process(_records(*events))
    first, second, third, fourth = (event.event_id for event in events)
    assert together.calls == [[first, second], [third], [fourth]]
    assert await pool.fetchval("SELECT count(*) FROM effect") == 3


async def test_one_bad_event_is_put_aside_and_its_neighbours_are_taken_one_by_one(pool: Pool, effects: Effects) -> None:
    together, events = Together(), [an_event(), an_event(), an_event()]
    bad = events[1]
    together.bad.add(bad.event_id)
    await Processor(pool, together.handlers).process(_records(*events))
    assert [row["event_id"] for row in await pool.fetch("SELECT event_id FROM effect ORDER BY position")] == [
        events[0].event_id,
        events[2].event_id,
    ]
    assert await open_kinds(pool, bad.body.partition_key) == [Kind.PERMANENT]


async def test_a_repeated_event_is_not_taken_again(pool: Pool, effects: Effects) -> None:
    together, event = Together(), an_event()
    processor = Processor(pool, together.handlers)
    await processor.process(_records(event))
    await processor.process(_records(event, other := an_event()))
    assert together.calls == [[event.event_id], [other.event_id]]
