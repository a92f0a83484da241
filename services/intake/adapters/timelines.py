"""The timeline of a case: one packed list in the case's row, as it is read and written together with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.intake.adapters.packing import PACKING
from services.intake.domain.view import TimelineEntry

_FIELDS = ("at", "code", "data", "internal")


def appended(timeline: bytes, entries: Sequence[TimelineEntry]) -> bytes:
    """A stored timeline with more entries."""
    told = [[each.at.isoformat(), each.code, each.data, each.internal] for each in entries]
    return PACKING.pack(PACKING.unpack(timeline) + told)


def entries_of(timeline: bytes) -> list[dict[str, Any]]:
    """The entries of a stored timeline as plain JSON objects, oldest first; those of one moment in the order in which they were heard of."""
    entries = [dict(zip(_FIELDS, entry, strict=True)) for entry in PACKING.unpack(timeline)]
    return sorted(entries, key=lambda entry: datetime.fromisoformat(entry["at"]))
