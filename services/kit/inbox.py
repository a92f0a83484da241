"""The inbox: which events this schema has dealt with, and how far each key has been seen.

There is one consumer per topic and schema, so the event id alone is the key. Rows are kept for ever: topics such as the refunds' are, too, and a
consumer group whose offsets were lost reads them from the start.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.topics import TOPICS, Topic
from services.kit import metrics
from services.kit.logging import get_logger
from services.kit.postgres import Connection
from services.kit.records import Incoming

log = get_logger(__name__)

_COMPACTED = frozenset(spec.topic for spec in TOPICS if spec.compacted)
"""Compaction removes records, so gaps mean nothing there."""

_CLAIM = "INSERT INTO inbox (event_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id"

_ADVANCE = """
WITH before AS (
    SELECT key, last_sequence FROM inbox_sequence WHERE topic = $1 AND key = ANY($2::text[])
), advanced AS (
    INSERT INTO inbox_sequence (topic, key, last_sequence)
    SELECT $1, key, reached FROM unnest($2::text[], $3::bigint[]) AS seen (key, reached) ORDER BY key
    ON CONFLICT (topic, key) DO UPDATE SET last_sequence = excluded.last_sequence
    WHERE inbox_sequence.last_sequence < excluded.last_sequence
)
SELECT key, last_sequence FROM before
"""


@dataclass(frozen=True, slots=True)
class Irregularity:
    """A sequence that did not follow its key's last one: ``missing`` numbers were skipped, or (0) the event came late."""

    topic: Topic
    key: str
    event_id: UUID
    sequence: int
    last: int
    missing: int


async def claim(connection: Connection, event_ids: Sequence[UUID]) -> set[UUID]:
    """Mark events as dealt with, in the caller's transaction. Returns those that were not before.

    Another transaction that holds one of them uncommitted is waited for.
    """
    if not event_ids:
        return set()
    return {row["event_id"] for row in await connection.fetch(_CLAIM, event_ids)}


async def advance(connection: Connection, topic: Topic, arrivals: Iterable[Incoming]) -> list[Irregularity]:
    """Follow the sequences of new events of one topic, in order of arrival.

    The first event ever seen of a key is taken as its beginning, because older ones may be beyond the topic's retention. A gap does not stop the key:
    what is missing may never come, and a republished event is still taken when it comes late.
    """
    if topic in _COMPACTED:
        return []
    steps = [(item, item.key, item.envelope) for item in arrivals if item.key is not None and item.envelope is not None]
    if not steps:
        return []
    reached: dict[str, int] = {}
    for _item, key, envelope in steps:
        reached[key] = max(reached.get(key, 0), envelope.sequence)
    rows = await connection.fetch(_ADVANCE, topic.value, list(reached), list(reached.values()))
    last: dict[str, int] = {row["key"]: row["last_sequence"] for row in rows}
    found: list[Irregularity] = []
    for item, key, envelope in steps:
        before = last.get(key, envelope.sequence - 1)
        missing = max(envelope.sequence - before - 1, 0)
        # Events nobody handles leave no inbox row: a late one may just be a repeat.
        if missing or (envelope.sequence <= before and item.concerns_us):
            found.append(Irregularity(topic, key, envelope.id, envelope.sequence, before, missing))
        last[key] = max(before, envelope.sequence)
    return found


def report(irregularities: Iterable[Irregularity]) -> None:
    """Log and count what :func:`advance` found; to be called after the commit, so that a retried batch does not report twice."""
    for found in irregularities:
        if found.missing:
            metrics.EVENTS_LOST.labels(found.topic).inc(found.missing)
        else:
            metrics.EVENTS_LATE.labels(found.topic).inc()
        log.error(
            "inbox.sequence_missing" if found.missing else "inbox.sequence_late",
            topic=found.topic.value,
            key=found.key,
            event_id=str(found.event_id),
            sequence=found.sequence,
            last_sequence=found.last,
            missing=found.missing,
        )
