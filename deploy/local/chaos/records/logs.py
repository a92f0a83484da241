"""What the processes wrote into their logs: canaries, and consumers that saw a gap in a sequence or an event that came late."""

from pathlib import Path

import orjson

from deploy.local.chaos.canaries import Canaries
from deploy.local.chaos.traces import Traces

_IRREGULAR = (b'"inbox.sequence_missing"', b'"inbox.sequence_late"')


def read_logs(folder: Path, canaries: Canaries, traces: Traces) -> None:
    """Read every log file line by line."""
    for path in sorted(folder.glob("*.log*")):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                traces.sightings += canaries.look(line, f"log {path.name}", f"line {number}")
                if any(name in line for name in _IRREGULAR):
                    traces.irregular.append(f"{path.name} line {number}: {_told(line)}")


def _told(line: bytes) -> str:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line.decode(errors="replace").strip()[:300]
    fields = ("event", "topic", "key", "event_id", "sequence", "last_sequence", "missing")
    return ", ".join(f"{name} {entry[name]}" for name in fields if name in entry)
