"""Freeze a sample of every event type that has none yet, or has grown fields since: ``python -m tests.support.samples``. Samples are never changed."""

import json
import sys
from pathlib import Path
from uuid import UUID, uuid5

import contracts.samples
from contracts.envelope import Envelope, to_headers
from contracts.events import EventBody
from contracts.identifiers import EventId
from contracts.registry import EVENT_TYPES
from contracts.topics import TOPICS
from tests.support.builders import OPENED_AT
from tests.support.sample_events import sample_events

ROOT = Path(contracts.samples.__file__).parent


def freeze(event: EventBody) -> Path:
    """Write the next sample of the event's type."""
    owner = next(spec.owner for spec in TOPICS if spec.topic is event.topic)
    envelope = Envelope(
        id=EventId(uuid5(UUID(int=0), event.event_type)),
        type=event.event_type,
        source=owner,
        subject=event.partition_key,
        time=OPENED_AT,
        sequence=1,
        merchant_id=event.merchant_id,
        test=True,
    )
    sample = {
        "headers": {name: value.decode() for name, value in to_headers(envelope)},
        "key": event.partition_key,
        "body": json.loads(event.model_dump_json()),
    }
    folder = ROOT / event.event_type
    folder.mkdir(exist_ok=True)
    path = folder / f"{len(list(folder.glob('*.json'))) + 1:04d}.json"
    path.write_text(json.dumps(sample, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def is_shown(event: EventBody) -> bool:
    """Whether a sample has every field of the event's body."""
    return any(
        type(event).model_fields.keys() <= json.loads(path.read_text(encoding="utf-8"))["body"].keys()
        for path in (ROOT / event.event_type).glob("*.json")
    )


def main() -> int:
    """Freeze what is missing and say so."""
    events = {event.event_type: event for event in sample_events()}
    for name in (name for name in EVENT_TYPES if not is_shown(events[name])):
        sys.stdout.write(f"{freeze(events[name]).name} of {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
