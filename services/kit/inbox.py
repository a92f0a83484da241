"""The inbox: which events this schema has dealt with, and how far each key has been seen.

There is one consumer per topic and schema, so the event id alone is the key. Rows are kept for ever: topics such as the refunds' are, too, and a
consumer group whose offsets were lost reads them from the start. Sequences are forgotten a year after their last event: the next one begins anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.envelope import Envelope
from contracts.topics import TOPICS, Topic
from services.kit import metrics
from services.kit.logging import get_logger
from services.kit.postgres import Connection, Pool
from services.kit.quarantine import HELD_KEYS
from services.kit.records import Incoming

log = get_logger(__name__)

_COMPACTED = frozenset(spec.topic for spec in TOPICS if spec.compacted)
"""Compaction removes records, so gaps mean nothing there."""

_CLAIM = f"""
WITH claimed AS (
    INSERT INTO inbox (event_id) SELECT unnest($2::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id
), before AS (
    SELECT key, last_sequence FROM inbox_sequence WHERE topic = $1 AND key = ANY($3::text[])
), advanced AS (
    INSERT INTO inbox_sequence (topic, key, last_sequence)
    SELECT $1, key, reached FROM unnest($3::text[], $4::bigint[]) AS seen (key, reached) ORDER BY key
    ON CONFLICT (topic, key) DO UPDATE SET last_sequence = excluded.last_sequence, advanced_on = CURRENT_DATE
    WHERE inbox_sequence.last_sequence < excluded.last_sequence
), held AS ({HELD_KEYS.format(topic="$1", keys="$5")})
SELECT ARRAY(SELECT event_id FROM claimed) AS unseen, (SELECT json_object_agg(key, last_sequence) FROM before) AS last,
    ARRAY(SELECT hold_key FROM held) AS held
"""  # noqa: S608 - no value is part of it


@dataclass(frozen=True, slots=True)
class Irregularity:
    """A sequence that did not follow its key's last one: ``missing`` numbers were skipped, or (0) the event came late."""

    topic: Topic
    key: str
    event_id: UUID
    sequence: int
    last: int
    missing: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a transaction has claimed: the events that were not dealt with before, how far each key had been seen, and the keys that are held back."""

    unseen: set[UUID]
    last: dict[str, int]
    held: set[str]


async def claim(connection: Connection | Pool, topic: Topic, batch: Sequence[Incoming]) -> Claim:
    """Mark the events of a batch of one topic as dealt with and follow their sequences, in the caller's transaction.

    Another transaction that holds one of them uncommitted is waited for, and so is a replay of one of their keys. Events nobody handles need no row.
    """
    ids = [item.event_id for item in batch if item.event_id is not None and item.concerns_us]
    keys = {item.key for item in batch if item.key is not None and item.concerns_us}
    reached: dict[str, int] = {}
    for _item, key, envelope in _numbered(topic, batch):
        reached[key] = max(reached.get(key, 0), envelope.sequence)
    if not (ids or reached or keys):
        return Claim(set(), {}, set())
    [row] = await connection.fetch(_CLAIM, topic.value, ids, list(reached), list(reached.values()), list(keys))
    return Claim(set(row["unseen"]), row["last"] or {}, set(row["held"]))


def irregularities(topic: Topic, batch: Sequence[Incoming], fresh: Sequence[Incoming], claimed: Claim) -> list[Irregularity]:
    """What was irregular in the sequences of the ``fresh`` events of a batch, in order of arrival.

    The first event ever seen of a key is taken as its beginning, because older ones may be beyond the topic's retention. A gap does not stop the key:
    what is missing may never come, and a republished event is still taken when it comes late.
    """
    last = dict(claimed.last)
    for item, key, envelope in _numbered(topic, batch):
        if (
            item.concerns_us and item.event_id not in claimed.unseen
        ):  # whoever dealt with it may have done so while we waited: ``last`` is older then
            last[key] = max(last.get(key, 0), envelope.sequence)
    found: list[Irregularity] = []
    for item, key, envelope in _numbered(topic, fresh):
        before = last.get(key, envelope.sequence - 1)
        missing = max(envelope.sequence - before - 1, 0)
        # Events nobody handles leave no inbox row: a late one may just be a repeat.
        if missing or (envelope.sequence <= before and item.concerns_us):
            found.append(Irregularity(topic, key, envelope.id, envelope.sequence, before, missing))
        last[key] = max(before, envelope.sequence)
    return found


def _numbered(topic: Topic, items: Sequence[Incoming]) -> list[tuple[Incoming, str, Envelope]]:
    """The items that have a place in the sequence of a key."""
    if topic in _COMPACTED:
        return []
    return [(item, item.key, item.envelope) for item in items if item.key is not None and item.envelope is not None]


def report(irregularities: Iterable[Irregularity]) -> None:
    """Log and count what :func:`irregularities` found; to be called after the commit, so that a retried batch does not report twice."""
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
