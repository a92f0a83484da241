"""The benchmarks: each number stands beside a baseline of the same run, and the report says what must hold."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local.bench.measure import compare
from deploy.local.bench.policy import measure_policy
from deploy.local.bench.report import Result, print_report, write_report


def test_both_programs_are_run_in_turns() -> None:
    ran: list[str] = []
    found = compare(lambda: ran.append("ours"), lambda: ran.append("bare"), turns=2, calls=3)
    warm = ["ours"] * 3 + ["bare"] * 3
    assert ran == warm * 3
    assert found.ours.median_ms >= 0
    assert found.ours.p99_ms >= found.ours.median_ms


def test_a_slower_program_has_a_ratio_above_one() -> None:
    found = compare(lambda: sum(range(20_000)), lambda: sum(range(200)), turns=3, calls=5)
    assert found.ratio > 2
    assert found.ours.median_ms > found.baseline.median_ms


@pytest.mark.parametrize(
    ("value", "better", "holds"), [(1.0, "lower", True), (1.1, "lower", False), (1.0, "higher", True), (0.9, "higher", False)]
)
def test_a_number_keeps_its_limit_or_not(value: float, better: str, holds: bool) -> None:
    result = Result("x", value, "ms", 1.0, None, "higher" if better == "higher" else "lower")
    assert result.keeps(result.hold) is holds
    assert result.keeps(result.aim)


def test_deciding_and_quoting_are_measured_and_reported(tmp_path: Path) -> None:
    results = list(measure_policy(turns=1, calls=2))
    assert [result.name for result in results] == [
        f"{what}.{number}" for what in ("decide", "quote") for number in ("median", "p99", "baseline", "ratio")
    ]
    path = tmp_path / "bench/report.json"
    write_report(results, path)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written[0].keys() == {"name", "value", "unit", "hold", "aim", "better"}
    assert all(each["value"] > 0 for each in written)


def test_the_table_says_what_is_broken_and_what_is_short_of_the_aim() -> None:
    out = io.StringIO()
    results = [Result("slow", 9, "ms", 5, 1, "lower"), Result("middling", 3, "ms", 5, 1, "lower"), Result("fast", 0.5, "ms", 5, 1, "lower")]
    print_report(results, Console(file=out, width=120))
    assert [line.split()[-1] for line in out.getvalue().splitlines()[1:]] == ["broken", "aim", "good"]
