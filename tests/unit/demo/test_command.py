"""Bad input is told before anything is started."""

from pathlib import Path

import pytest

from deploy.local.demo.command import BAD_INPUT, demo
from deploy.local.demo.numbers import next_run, order_number
from tests.support.demo_files import a_row, write_file


def test_a_file_that_cannot_be_used_ends_with_its_own_status_and_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torn = write_file(tmp_path / "torn.csv.gz", [a_row("1"), a_row("2", quantity="many")])
    assert demo(orders=torn, report=tmp_path / "report.json", home=tmp_path / "home") == BAD_INPUT
    assert "torn.csv.gz, data row 1 (invoice 2): Quantity is 'many'" in capsys.readouterr().err
    assert demo(orders=tmp_path / "none.csv.gz", home=tmp_path / "home") == BAD_INPUT
    assert "There is no file" in capsys.readouterr().err
    assert demo(limit=0, home=tmp_path / "home") == BAD_INPUT
    assert not (tmp_path / "home").exists()
    assert not (tmp_path / "report.json").exists()


def test_each_run_of_a_home_has_its_own_number_and_order_numbers(tmp_path: Path) -> None:
    assert [next_run(tmp_path), next_run(tmp_path), next_run(tmp_path)] == [1, 2, 3]
    assert [order_number("545231", run) for run in (1, 2)] == ["545231", "545231-2"]
