"""A second opinion on a report of the demo: worked out from the raw file alone, without the demo's own code."""

import csv
import gzip
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

OUTCOMES = {"refunded", "partly_refunded", "declined", "reshipped", "withdrawn"}
Report = dict[str, Any]


def raw_rows(path: Path) -> list[dict[str, str]]:
    """The data rows of a file as they stand."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def assert_consistent(report: Report, path: Path, *, whole: bool = True) -> None:
    """Every line answered, no unit twice, outcomes and pence that agree with each other and with the totals.

    ``whole`` False: the report covers the first credit notes only.
    """
    rows = raw_rows(path)
    lines = report["credit_lines"]
    expected = [index for index, row in enumerate(rows) if row["InvoiceNo"].startswith("C")]
    assert [line["row"] for line in lines] == (expected if whole else expected[: len(lines)])
    for line in lines:
        _assert_line(line, rows)
    matches = [(line, match) for line in lines for match in line["matched"]]
    given_back: Counter[int] = Counter()
    cases = defaultdict(set)
    for line, match in matches:
        given_back[match["row"]] += match["quantity"]
        cases[match["case_id"]].add((line["invoice"], match["invoice"]))
    assert all(units <= int(rows[row]["Quantity"]) for row, units in given_back.items())
    assert all(len(touched) == 1 for touched in cases.values()), "a case is of one credit note and one order"
    _assert_totals(report, [match for _line, match in matches], len(cases))


def _assert_line(line: dict[str, Any], rows: list[dict[str, str]]) -> None:
    row = rows[line["row"]]
    assert (row["InvoiceNo"], row["StockCode"], -int(row["Quantity"])) == (line["invoice"], line["stock_code"], line["quantity"])
    assert (line["reason"] is None) == bool(line["matched"])
    if line["matched"]:
        assert sum(match["quantity"] for match in line["matched"]) == line["quantity"]
    for match in line["matched"]:
        bought = rows[match["row"]]
        assert bought["InvoiceNo"] == match["invoice"]
        assert (bought["CustomerID"], bought["StockCode"]) == (row["CustomerID"], row["StockCode"])
        assert match["outcome"] in OUTCOMES
        units = {"refunded": {match["quantity"]}, "partly_refunded": set(range(1, match["quantity"]))}.get(match["outcome"], {0})
        assert match["quantity_refunded"] in units
        # At the purchase's own price (R-RFD-06), less its share of a discount, to the penny.
        assert 0 <= match["refund_minor"] < Decimal(bought["UnitPrice"]) * 100 * match["quantity_refunded"] + 1


def _assert_totals(report: Report, matches: list[dict[str, Any]], cases: int) -> None:
    totals = report["totals"]
    refunded = sum(match["refund_minor"] for match in matches)
    assert totals["cases"] == cases
    assert totals["rejected_lines"] == sum(line["reason"] is not None for line in report["credit_lines"])
    assert totals["refunds_settled"] == totals["refund_events"] == totals["provider_refunds"]
    assert totals["refunds_settled"]["sum_minor"] == refunded
    assert totals["ledger_balance_minor"] == 0
    assert report["run"]["holds"] is True


def share_refunded(report: Report) -> float:
    """Of all matches, those that ended refunded."""
    outcomes = [match["outcome"] for line in report["credit_lines"] for match in line["matched"]]
    return outcomes.count("refunded") / len(outcomes)
