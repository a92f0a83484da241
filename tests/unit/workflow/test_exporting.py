"""Files for bookkeeping programs: the same rows as CSV and as JSON lines, and no cell that a spreadsheet would run."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

from services.workflow.adapters.exporting import ExportFormat, exported

COLUMNS = ("day", "text", "amount_minor", "test")


async def rows(*values: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    for value in values:
        yield value


async def written(wanted: ExportFormat, *values: dict[str, Any]) -> str:
    return b"".join([chunk async for chunk in exported(rows(*values), COLUMNS, wanted)]).decode()


def a_row(text: str, amount_minor: int | None = 5) -> dict[str, Any]:
    return {"day": date(2026, 3, 1), "text": text, "amount_minor": amount_minor, "test": True, "more": "left out"}


async def test_text_that_a_spreadsheet_would_run_is_written_as_text() -> None:
    hostile = ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx"]
    table = list(csv.DictReader(io.StringIO(await written(ExportFormat.CSV, *map(a_row, hostile)), newline="")))
    assert [row["text"] for row in table] == [f"'{text}" for text in hostile]


async def test_both_formats_hold_the_same_and_amounts_are_numbers() -> None:
    values = [a_row('a "quoted", text\nof two lines'), a_row("贷记", None), a_row("x", -3)]
    table = list(csv.DictReader(io.StringIO(await written(ExportFormat.CSV, *values), newline="")))
    objects = [json.loads(line) for line in (await written(ExportFormat.JSONL, *values)).splitlines()]
    assert [row["text"] for row in table] == [each["text"] for each in objects] == [value["text"] for value in values]
    assert [row["amount_minor"] for row in table] == ["5", "", "-3"]
    assert [each["amount_minor"] for each in objects] == [5, None, -3]
    assert table[0]["test"] == "true"
    assert table[0]["day"] == "2026-03-01"


async def test_an_empty_table_has_its_head_and_an_empty_list_nothing() -> None:
    assert await written(ExportFormat.CSV) == "day,text,amount_minor,test\r\n"
    assert await written(ExportFormat.JSONL) == ""
