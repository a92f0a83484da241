"""What a run says in the end, and what cannot be run at all."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from deploy.local.chaos.checks.finding import Checked, Finding
from deploy.local.chaos.command import chaos
from deploy.local.chaos.faults import Blow
from deploy.local.chaos.report import as_json, summary, tell_findings
from deploy.local.chaos.result import Result
from deploy.local.chaos.trouble import Happened, Trouble

FINDINGS = [Finding(f"broke {number}", f"D26-{number:06d}", "workflow.cases") for number in range(15)]
COUNTS = {"reversals": 2, "answers lost": 3, "refunds": 4, "events": 5}


def a_result(*findings: Finding) -> Result:
    """A run in which Kafka was killed once, and once could not be."""
    trouble = Trouble(cast("Any", SimpleNamespace()), 7, lambda _words: None)
    trouble.happened += [
        Happened(1.5, "kills", "kill kafka", Blow.KILL.value),
        Happened(2.5, "kills", "kill kafka", Blow.KILL.value, "away"),
    ]
    checked = [Checked("a refund is paid once", 9, list(findings)), Checked("the books balance", 4, [])]
    return Result(7, 20, {"payments": 1.5}, trouble, checked, COUNTS, {"refunded": 20}, 61.4)


def test_each_failed_check_is_named_with_what_which_case_and_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    tell_findings(a_result(*FINDINGS), Console(stderr=True, width=200))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "seed 7: does not hold: a refund is paid once"
    assert lines[1] == "  D26-000000: broke 0 [workflow.cases]"
    assert lines[-1] == "  … and 3 more"


def test_the_table_has_a_column_for_each_seed_and_says_which_holds(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=100).print(summary([a_result(), a_result(*FINDINGS)]))
    told = {line[:24].strip(): line[24:].split() for line in capsys.readouterr().out.splitlines()}
    assert told["killed (-9)"] == ["1", "1"]
    assert told["records checked"] == ["13", "13"]
    assert told["seconds"] == ["61", "61"]
    assert told[""] == ["holds", "1", "fail"]


def test_the_report_has_every_fault_and_every_finding() -> None:
    report = as_json(a_result(*FINDINGS))
    assert report["holds"] is False
    assert report["faults"][1] == {"at_seconds": 2.5, "lane": "kills", "what": "kill kafka", "skipped": "away"}
    assert len(report["checks"][0]["findings"]) == 15
    assert report["checks"][0]["findings"][0] == {"what": "broke 0", "case": "D26-000000", "look": "workflow.cases"}


@pytest.mark.parametrize("options", [{"seeds": "seven"}, {"cases": 0}])
def test_what_cannot_be_run_is_said_and_nothing_is_started(
    tmp_path: Path, options: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert chaos(home=tmp_path, **options) == 2
    assert "aftersales chaos:" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
