"""The command reports on books without any Kafka, and its exit status tells whether they are sound."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.examples.finance_consumer.__main__ import main
from tests.unit.finance_consumer.events import a_story, take


def run(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> tuple[int, str]:
    status = main(["--state", str(path / "books.sqlite"), *options])
    return status, capsys.readouterr().out


def test_the_report_as_json_has_balances_with_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take(tmp_path, *a_story())
    status, out = run(capsys, tmp_path, "--json")
    report: dict[str, Any] = json.loads(out)
    assert (status, report["entries"]) == (0, 7)
    assert {
        "merchant_id": "demo-shop",
        "currency": "GBP",
        "account": "freight.topup",
        "name": "Return freight borne",
        "amount_minor": 450,
    } in report["balances"]
    assert sum(balance["amount_minor"] for balance in report["balances"]) == 0


def test_books_that_lack_something_are_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take(tmp_path, *a_story()[3:])
    status, out = run(capsys, tmp_path, "--balances")
    assert status == 1
    assert "events 1 to 3" in out
    assert "Goods given back" in out


def test_books_of_another_mode_are_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take(tmp_path, mode="test")
    assert run(capsys, tmp_path, "--mode", "live") == (2, "")


def test_books_are_reported_as_they_were_made_and_books_that_are_not_there_are_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, tmp_path) == (2, "")
    assert list(tmp_path.iterdir()) == []
    take(tmp_path, mode="test")
    assert run(capsys, tmp_path)[0] == 0
