"""What counts as irregular in the sequences of a batch, of which another process may have dealt with some meanwhile."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.envelope import Envelope
from contracts.identifiers import EventId, MerchantId
from contracts.topics import Topic
from services.kit.inbox import Claim, irregularities
from services.kit.postgres import Connection
from services.kit.records import Incoming, Record

MOMENT = datetime(2026, 3, 2, tzinfo=UTC)


async def _handle(_connection: Connection, _event: object) -> None: ...


def _event(sequence: int) -> Incoming:
    event_id = EventId(UUID(int=sequence))
    envelope = Envelope(event_id, "some.event.v1", "aftersales/intake", "k", MOMENT, sequence, MerchantId("demo-shop"), test=True)
    return Incoming(Record(Topic.CASE, 0, sequence, MOMENT, b"k", b"{}", ()), "k", event_id, envelope, handler=_handle)


@pytest.mark.parametrize(
    ("arrived", "dealt_with", "last", "found"),
    [
        ([1, 2, 3], [], None, []),
        ([7, 8], [], None, []),
        ([5, 6], [], 4, []),
        ([6], [], 4, [(6, 1)]),
        ([3], [], 4, [(3, 0)]),
        ([5, 6], [5], 4, []),  # the other process committed while its row was waited for: ``last`` is from before that
        ([5, 7], [5], 4, [(7, 1)]),
        ([5, 6], [5], 5, []),
        ([5, 4], [5], 5, [(4, 0)]),
    ],
)
def test_only_gaps_and_late_events_are_irregular(
    arrived: list[int], dealt_with: list[int], last: int | None, found: list[tuple[int, int]]
) -> None:
    batch = [_event(sequence) for sequence in arrived]
    fresh = [item for item, sequence in zip(batch, arrived, strict=True) if sequence not in dealt_with]
    unseen = {item.event_id for item in fresh if item.event_id is not None}
    claimed = Claim(unseen, {} if last is None else {"k": last}, set())
    assert [(each.sequence, each.missing) for each in irregularities(Topic.CASE, batch, fresh, claimed)] == found
