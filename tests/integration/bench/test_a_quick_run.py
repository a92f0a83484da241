"""A quick run of some benchmarks on engines of its own: everything is measured, and nothing is left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.engines, pytest.mark.slow]

ROOT = Path(__file__).parents[3]


def test_a_quick_run_measures_its_rows_writes_its_reports_and_ends_what_it_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.local.bench", "--size=quick", "--only=relay,consumer,latency,cases,finance"]
    environment = os.environ | {"AFTERSALES_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=220, check=False)
    assert done.returncode in {0, 1}, done.stderr[-2000:]  # a small run on a busy machine says nothing of how fast it is
    report = json.loads((tmp_path / "bench" / "report.json").read_text(encoding="utf-8"))
    assert all(each.keys() == {"name", "value", "unit", "hold", "aim", "better"} for each in report)
    assert [each["name"] for each in report if each["value"] is None] == [], done.stdout
    values = {each["name"]: each["value"] for each in report}
    assert values["cases.history_events"] == values["cases.noop_events"] > 0
    assert {"relay.ratio", "consumer.ratio", "latency.p99", "cases.ratio", "finance.reconcile_books"} <= values.keys()
    assert (done.returncode == 0) is all(
        each["hold"] is None or (each["value"] >= each["hold"] if each["better"] == "higher" else each["value"] <= each["hold"])
        for each in report
    )
    assert list(tmp_path.glob("aftersales-bench-*")) == []
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
