"""Rows as files: CSV for a spreadsheet or a bookkeeping program, JSON lines for a program. Written as they are read, so that length costs no memory."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from pydantic_core import to_json

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would run as a formula."""


class ExportFormat(StrEnum):
    """The format of an export."""

    CSV = "csv"
    JSONL = "jsonl"

    @property
    def media_type(self) -> str:
        """The content type of the answer."""
        return "text/csv; charset=utf-8" if self is ExportFormat.CSV else "application/x-ndjson"


async def exported(rows: AsyncIterator[Mapping[str, Any]], columns: Sequence[str], wanted: ExportFormat) -> AsyncIterator[bytes]:
    """The bytes of an export, chunk by chunk. An empty CSV has its head all the same."""
    if wanted is ExportFormat.JSONL:
        async for row in rows:
            yield to_json({column: row[column] for column in columns}) + b"\n"
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180
    writer.writerow(columns)
    async for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
        if text.tell() > _CHUNK_CHARACTERS:
            yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    found = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return found


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value.isoformat() if hasattr(value, "isoformat") else value


_CHUNK_CHARACTERS = 64_000
