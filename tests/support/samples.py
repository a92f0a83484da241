"""Freeze a sample of every event type that has none yet: ``python -m tests.support.samples``. Existing samples are never touched."""

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
    """Write the first sample of the event's type."""
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
    path = ROOT / event.event_type / "0001.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(sample, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def main() -> int:
    """Freeze what is missing and say so."""
    missing = [name for name in EVENT_TYPES if not any((ROOT / name).glob("*.json"))]
    events = {event.event_type: event for event in sample_events()}
    for name in missing:
        sys.stdout.write(f"{freeze(events[name]).name} of {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
