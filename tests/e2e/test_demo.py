"""The demo on a running stack: real orders, real credit notes, an awkward file, and the same again."""

from pathlib import Path

import pytest

from deploy.local.demo.command import DATA
from deploy.local.stack.running import RunningStack
from tests.support.demo_files import awkward_rows, write_file
from tests.support.demo_process import run_demo
from tests.support.demo_reports import assert_consistent, share_refunded

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


async def test_the_first_cases_of_the_file_hold(stack: RunningStack, tmp_path: Path) -> None:
    report = await run_demo(stack, tmp_path / "report.json", "--limit", "8", "--seed", "2")
    assert_consistent(report, DATA, whole=False)
    assert share_refunded(report) >= 0.75
    outcomes = {match["outcome"] for line in report["credit_lines"] for match in line["matched"]}
    assert outcomes == {"refunded", "partly_refunded", "declined", "reshipped"}
    totals = report["totals"]
    assert totals["approvals_escalated"] >= 1
    assert totals["reships"] == 1
    assert totals["messages_sent"] > totals["cases"]
    assert stack.state["phase"] == "running", "a stack that was up stays up"


async def test_an_awkward_file_holds_and_so_does_the_same_again(stack: RunningStack, tmp_path: Path) -> None:
    """Fractions of a penny, a lot of money, four notes about one line, discounts, two customers in an invoice, dates in disorder."""
    path = write_file(tmp_path / "awkward.csv.gz", awkward_rows())
    first = await run_demo(stack, tmp_path / "first.json", "--orders", str(path))
    second = await run_demo(stack, tmp_path / "second.json", "--orders", str(path))
    for report in (first, second):
        assert_consistent(report, path)
        assert report["totals"]["orders"] == 8
        assert {row["reason"] for row in report["rejected_rows"]} == {"no_customer", "neither_order_nor_credit"}
    cases = [{match["case_id"] for line in report["credit_lines"] for match in line["matched"]} for report in (first, second)]
    assert not cases[0] & cases[1]
    assert [report["run"]["number"] for report in (first, second)] == [first["run"]["number"], first["run"]["number"] + 1]
