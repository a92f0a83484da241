"""Frozen samples: one record of every event type ever published, as it lay on the wire. They must parse for ever and are never changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contracts.envelope import EnvelopeError, from_headers
from contracts.registry import EVENT_TYPES, MalformedEventError, UnknownEventTypeError, parse

_ROOT = Path(__file__).parent


def samples() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every sample: its file, and its ``headers``, ``key`` and ``body``."""
    for path in sorted(_ROOT.glob("*/*.json")):
        yield path, json.loads(path.read_text(encoding="utf-8"))


def check_samples() -> list[str]:
    """What is wrong with the samples, one sentence each: one that no longer parses or keeps its meaning, or a type that has none."""
    problems: list[str] = []
    seen: set[str] = set()
    for path, sample in samples():
        name = f"{path.parent.name}/{path.name}"
        try:
            envelope = from_headers((header, value.encode()) for header, value in sample["headers"].items())
            event = parse(envelope.type, json.dumps(sample["body"]).encode())
        except (EnvelopeError, UnknownEventTypeError, MalformedEventError) as error:
            problems.append(f"sample {name} does not parse any more: {error}")
            continue
        seen.add(envelope.type)
        if event.partition_key != sample["key"]:
            problems.append(f"sample {name}: the key is {event.partition_key}, but the record had {sample['key']}")
        lost = _lost(sample["body"], event.model_dump(mode="json"))
        problems += [f"sample {name}: {place} is not read any more" for place in lost]
    problems += [f"{name} has no sample: add one with python -m tests.support.samples" for name in sorted(EVENT_TYPES.keys() - seen)]
    return problems


def _lost(before: Any, after: Any, place: str = "") -> list[str]:
    """The places of ``before`` whose value ``after`` does not have."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [found for key, value in before.items() for found in _lost(value, after.get(key), f"{place}.{key}".lstrip("."))]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [found for n, (left, right) in enumerate(zip(before, after, strict=True)) for found in _lost(left, right, f"{place}[{n}]")]
    return [] if before == after else [place]
