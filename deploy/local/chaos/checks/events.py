"""Every committed event is in Kafka, each key's in order and without gaps, and every consumer has dealt with it."""

from collections import defaultdict
from collections.abc import Iterator

from contracts.topics import TOPICS
from deploy.local.chaos.checks.finding import Finding, rows
from deploy.local.chaos.traces import Sent, Traces

_COMPACTED = frozenset(spec.topic.value for spec in TOPICS if spec.compacted)
"""Kafka may have removed older records of a key there."""


def committed_is_sent(traces: Traces) -> Iterator[Finding]:
    """Each row of each outbox is in Kafka, by its event id; and Kafka has no event that nobody committed."""
    there = {record.event_id for record in traces.kafka}
    committed = {row.event_id for row in traces.outbox}
    newest = {(row.topic, row.key): row.event_id for row in traces.outbox}
    for row in traces.outbox:
        superseded = row.topic in _COMPACTED and newest[row.topic, row.key] != row.event_id
        if row.event_id not in there and not superseded:
            look = rows(f"{row.place}.outbox", "event_id", row.event_id)
            yield Finding(f"{row.event_type} number {row.sequence} of {row.topic} was committed and is not in Kafka", row.key, look)
    for record in traces.kafka:
        if record.event_id not in committed:
            yield Finding(f"{record.event_type} is in Kafka, but no outbox has it", record.key, record.place)


def keys_are_in_order(traces: Traces) -> Iterator[Finding]:
    """The first occurrences of a key's events are numbered 1, 2, 3, …; what is sent again may stand anywhere after."""
    seen: set[str] = set()
    keys: dict[tuple[str, str], list[Sent]] = defaultdict(list)
    for record in traces.kafka:
        if record.event_id not in seen and record.topic not in _COMPACTED:
            seen.add(record.event_id)
            keys[record.topic, record.key].append(record)
    for (topic, key), records in keys.items():
        numbers = [record.sequence for record in records]
        wrong = next((at for at, number in enumerate(numbers) if number != at + 1), None)
        if wrong is not None:
            words = f"{topic}: number {numbers[wrong]} ({records[wrong].event_type}) stands where {wrong + 1} should"
            yield Finding(words, key, records[wrong].place)


def consumers_saw_everything(traces: Traces) -> Iterator[Finding]:
    """Who deals with events of a type has dealt with all of them, and saw neither a gap nor an event twice."""
    types: dict[str, set[str]] = defaultdict(set)
    for record in traces.kafka:
        for schema, inbox in traces.inboxes.items():
            if record.event_id in inbox:
                types[schema].add(record.event_type)
    told: set[tuple[str, str]] = set()
    for record in traces.kafka:
        for schema, handled in types.items():
            if record.event_type in handled and record.event_id not in traces.inboxes[schema] and (schema, record.event_id) not in told:
                told.add((schema, record.event_id))
                words = f"{schema} never dealt with {record.event_type} number {record.sequence} ({record.event_id})"
                yield Finding(words, record.key, record.place)
    for words in traces.irregular:
        yield Finding(f"a consumer took an event twice, late, or after a gap: {words}", "a consumer", words.partition(":")[0])
