"""A back-fill goes on where it stopped, names bad lines by number, and loses nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.intake.import_orders import ImportFileError, ImportState, OrderImport


class _Stopped(Exception):
    pass


class Intake:
    """Plays the batch call: a number below zero is refused; after ``dies_after`` batches the process ends."""

    def __init__(self, dies_after: int | None = None) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self.dies_after = dies_after

    def send(self, lines: bytes) -> dict[str, Any]:
        if len(self.batches) == self.dies_after:
            raise _Stopped
        items = [json.loads(line) for line in lines.splitlines()]
        self.batches.append(items)
        results = [
            {
                "index": index,
                "result": "rejected" if item["number"] < 0 else "recorded",
                "code": "invalid_order",
                "detail": "/number: negative",
            }
            for index, item in enumerate(items)
        ]
        recorded = sum(result["result"] == "recorded" for result in results)
        return {"results": results, "recorded": recorded, "unchanged": 0, "superseded": 0, "rejected": len(items) - recorded}


def _file(folder: Path, *lines: str) -> Path:
    path = folder / "orders.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def _ignore(_state: ImportState) -> None:
    """Show nothing."""


def test_every_line_is_sent_once_in_batches_of_a_hundred(tmp_path: Path) -> None:
    file, intake = _file(tmp_path, *(f'{{"number": {n}}}' for n in range(250))), Intake()

    state = OrderImport(file, intake).run(_ignore)

    assert [len(batch) for batch in intake.batches] == [100, 100, 50]
    assert [item["number"] for batch in intake.batches for item in batch] == list(range(250))
    assert (state.line, state.recorded, state.rejected) == (250, 250, 0)


def test_bad_lines_are_listed_with_their_number_and_harm_no_others(tmp_path: Path) -> None:
    file, intake = _file(tmp_path, '{"number": 1}', "broken {", "", '{"number": -4}', '{"number": 5}'), Intake()

    importing = OrderImport(file, intake)
    state = importing.run(_ignore)

    assert (state.recorded, state.rejected) == (2, 2)
    rejected = [json.loads(line) for line in importing.rejected_file.read_text().splitlines()]
    assert [(entry["line"], entry["code"]) for entry in rejected] == [(2, "malformed_json"), (4, "invalid_order")]


def test_a_stopped_import_goes_on_after_the_last_answered_batch(tmp_path: Path) -> None:
    file = _file(tmp_path, *(f'{{"number": {n}}}' for n in range(250)))
    first, second = Intake(dies_after=1), Intake()
    with pytest.raises(_Stopped):
        OrderImport(file, first).run(_ignore)

    state = OrderImport(file, second).run(_ignore)

    assert [item["number"] for batch in first.batches + second.batches for item in batch] == list(range(250))
    assert (state.line, state.recorded) == (250, 250)


def test_another_file_of_the_same_name_starts_afresh(tmp_path: Path) -> None:
    OrderImport(_file(tmp_path, '{"number": 1}', '{"number": 2}'), Intake()).run(_ignore)
    again = Intake()

    OrderImport(_file(tmp_path, '{"number": 7}', '{"number": 8}', '{"number": 9}'), again).run(_ignore)

    assert [item["number"] for item in again.batches[0]] == [7, 8, 9]


def test_a_finished_import_sends_nothing_the_second_time(tmp_path: Path) -> None:
    file, again = _file(tmp_path, '{"number": 1}'), Intake()
    OrderImport(file, Intake()).run(_ignore)

    state = OrderImport(file, again).run(_ignore)

    assert (again.batches, state.recorded) == ([], 1)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match=r"nowhere\.jsonl"):
        OrderImport(tmp_path / "nowhere.jsonl", Intake())
