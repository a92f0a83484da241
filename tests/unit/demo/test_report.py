"""The report, and the checks that decide whether a run held."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from contracts.case_state import CaseOutcome
from deploy.local.demo.checks import broken_checks
from deploy.local.demo.command import DATA
from deploy.local.demo.report import Run, make_report, totals_of, write_report
from deploy.local.demo.scope import Scope, read_scope
from tests.support.demo_files import a_row, drawn_files, write_file
from tests.support.demo_runs import a_provider_line, a_refund, a_run, a_settled_refund


@pytest.fixture(scope="module")
def scope() -> Scope:
    return read_scope(DATA, 20)


def failed(run: Run) -> set[str]:
    return {check.partition(":")[0] for check in broken_checks(run)}


def test_a_run_in_which_all_agrees_holds(scope: Scope) -> None:
    assert broken_checks(a_run(scope)) == []


def test_every_credit_line_is_reported_in_the_order_of_the_file(scope: Scope) -> None:
    report = make_report(a_run(scope), [])
    lines = report["credit_lines"]
    assert [line["row"] for line in lines] == sorted(line.row.index for line in scope.credit_lines)
    assert set(lines[0]) == {"invoice", "row", "stock_code", "quantity", "reason", "matched"}
    for line in lines:
        assert (line["reason"] is None) == bool(line["matched"])
        if line["matched"]:
            assert sum(match["quantity"] for match in line["matched"]) == line["quantity"]
            keys = {"invoice", "row", "quantity", "case_id", "outcome", "quantity_refunded", "refund_minor"}
            assert all(set(match) == keys for match in line["matched"])


def test_the_matches_add_up_to_the_totals(scope: Scope) -> None:
    run = a_run(scope)
    report = make_report(run, [])
    refunded = sum(match["refund_minor"] for line in report["credit_lines"] for match in line["matched"])
    totals = report["totals"]
    assert refunded == totals["refunds_settled"]["sum_minor"] == totals["refund_events"]["sum_minor"]
    assert totals["provider_refunds"] == totals["refunds_settled"]
    assert totals["rejected_lines"] == sum(line["reason"] is not None for line in report["credit_lines"])
    assert (totals["orders"], totals["cases"], totals["seconds"]) == (len(scope.orders), len(scope.cases), 12.3)
    assert list(totals) == [
        "orders",
        "cases",
        "rejected_lines",
        "refunds_settled",
        "refund_events",
        "provider_refunds",
        "ledger_balance_minor",
        "reconciliation_breaks",
        "messages_sent",
        "approvals_granted",
        "approvals_declined",
        "approvals_escalated",
        "reships",
        "seconds",
    ]


def test_a_report_is_written_whole(tmp_path: Path, scope: Scope) -> None:
    path = tmp_path / "new" / "report.json"
    report = make_report(a_run(scope), ["something"])
    write_report(path, report)
    assert json.loads(path.read_text()) == report
    assert report["run"]["holds"] is False
    assert [file.name for file in path.parent.iterdir()] == ["report.json"]


def test_matches_are_told_latest_purchase_first(tmp_path: Path) -> None:
    rows = [a_row("1", quantity=1), a_row("2", quantity=1, day=1), a_row("C3", quantity=-2, day=2)]
    report = make_report(a_run(read_scope(write_file(tmp_path / "f.csv", rows))), [])
    assert [match["invoice"] for match in report["credit_lines"][0]["matched"]] == ["2", "1"]


def test_reships_are_counted_by_case(scope: Scope) -> None:
    outcomes = [CaseOutcome.RESHIPPED, *[CaseOutcome.REFUNDED] * (len(scope.cases) - 1)]
    assert totals_of(a_run(scope, outcomes))["reships"] == 1


def test_a_case_that_did_not_end_is_named_with_what_it_waits_for(scope: Scope) -> None:
    run = a_run(scope, [None, *[CaseOutcome.REFUNDED] * (len(scope.cases) - 1)])
    (check,) = broken_checks(run)
    assert check == "every case has ended: D26-000000: offer_pending, waits for choice"


def test_a_case_that_was_never_opened_leaves_its_credit_lines_open(scope: Scope) -> None:
    run = a_run(scope)
    run.plays[0].case_id = run.plays[0].standing = None
    run.plays[0].trouble = "POST /v1/cases: 422 invalid_lines"
    assert failed(run) >= {"every case has ended", "every credit line is accounted for"}
    assert any("not opened; POST /v1/cases: 422 invalid_lines" in check for check in broken_checks(run))


def test_an_order_that_is_missing_or_was_refused_is_named(scope: Scope) -> None:
    assert failed(replace(a_run(scope), orders=len(scope.orders) - 1)) == {"every order is on record"}
    refused = replace(a_run(scope), orders=len(scope.orders) - 1, refused={"545231": "order_version_conflict"})
    assert "545231 was refused (order_version_conflict)" in broken_checks(refused)[0]


AGREE = "refund events, settled refunds and the provider's records agree"


def test_a_missing_refund_event_is_found(scope: Scope) -> None:
    run = a_run(scope)
    run.records.events.settled.pop()
    assert AGREE in failed(run)


def test_a_refund_that_the_provider_never_paid_is_found(scope: Scope) -> None:
    run = a_run(scope)
    run.records.provider.pop()
    assert failed(run) == {AGREE}


def test_wrong_amounts_that_cancel_out_are_found(scope: Scope) -> None:
    run = a_run(scope)
    first, second = run.records.provider[:2]
    first["amount_minor"] += 1
    second["amount_minor"] -= 1
    assert AGREE in failed(run)


def test_money_paid_twice_is_found(scope: Scope) -> None:
    run = a_run(scope)
    run.records.provider.append(dict(run.records.provider[0]))
    assert failed(run) >= {AGREE, "nothing was paid twice"}


def test_a_refund_announced_twice_is_found(scope: Scope) -> None:
    run = a_run(scope)
    run.records.events.settled.append(run.records.events.settled[0])
    assert "nothing was paid twice" in failed(run)


def test_a_second_refund_of_a_case_for_the_same_units_is_found(scope: Scope) -> None:
    """Three sides that agree do not make it right."""
    run = a_run(scope)
    play = run.plays[0]
    rows = {part.purchase.index: part.purchase for part in play.case.parts}
    event = a_settled_refund(str(play.case_id), {row: (one.quantity, one.total_minor) for row, one in rows.items()}, "again")
    run.records.events.settled.append(event)
    run.records.refunds.append(a_refund(event))
    run.records.provider.append(a_provider_line(event, f"pay_{play.case.order.number}"))
    assert "nothing was refunded beyond its price" in failed(run)


def test_more_than_the_card_was_charged_is_found(scope: Scope) -> None:
    run = a_run(scope)
    payment = run.records.provider[0]["payment_id"]
    assert failed(replace(run, payments={**run.payments, payment: (run.payments[payment][0], 0)})) == {"nothing was paid twice"}


def test_a_break_of_reconciliation_is_found(scope: Scope) -> None:
    run = a_run(scope)
    run.records.breaks.append("ledger: event_missing")
    assert failed(run) == {"reconciliation finds no break"}


def test_a_ledger_out_of_balance_is_found(scope: Scope) -> None:
    run = a_run(scope)
    run.records.ledger["CNY"] = 1
    assert failed(run) == {"the ledger sums to zero"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=drawn_files())
def test_whatever_the_file_a_run_that_paid_every_match_holds(tmp_path: Path, rows: list[list[str]]) -> None:
    run = a_run(read_scope(write_file(tmp_path / "f.csv", rows)))
    broken = broken_checks(run)
    assert not broken, broken
    report = make_report(run, broken)
    assert len(report["credit_lines"]) == sum(row[0].startswith("C") for row in rows)
