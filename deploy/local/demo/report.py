"""The report of a run: what became of every credit line, the totals, and the checks that decide whether the run held."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.case_state import CaseOutcome
from deploy.local.demo.outcomes import MatchResult, refunds_by_line, results_of
from deploy.local.demo.play import Play
from deploy.local.demo.records import Records, Total
from deploy.local.demo.scope import Scope


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a run came to. ``orders`` are those on record; ``refused`` those that intake did not take, with its words."""

    scope: Scope
    plays: Sequence[Play]
    records: Records
    orders: int
    refused: Mapping[str, str]
    payments: Mapping[str, tuple[str, int]]
    seed: int
    file: str
    run: int
    seconds: float

    def results(self) -> list[tuple[Play, MatchResult]]:
        """Every match with the case it was part of."""
        paid = refunds_by_line(self.records.events.settled)
        return [
            (play, result)
            for play in self.plays
            for result in results_of(play.case, play.standing.outcome if play.standing else None, paid.get(play.case_id or "", {}))
        ]

    def outcomes(self) -> Counter[str]:
        """How many matches ended how."""
        return Counter(result.outcome.value for _play, result in self.results())


def make_report(run: Run, broken: Sequence[str]) -> dict[str, Any]:
    """The report as JSON values. ``broken`` are the checks that failed, in words."""
    return {
        "credit_lines": _credit_lines(run),
        "totals": totals_of(run),
        "rejected_rows": [
            {"invoice": one.row.invoice, "row": one.row.index, "reason": one.reason.value} for one in run.scope.rejected_rows
        ],
        "run": {"file": run.file, "seed": run.seed, "number": run.run, "holds": not broken, "broken": list(broken)},
    }


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write it, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def totals_of(run: Run) -> dict[str, Any]:
    """The totals of this run alone; the ledger is balanced as a whole."""
    records, events = run.records, run.records.events
    return {
        "orders": run.orders,
        "cases": sum(play.case_id is not None for play in run.plays),
        "rejected_lines": run.scope.rejected_lines,
        "refunds_settled": _total(records.settled),
        "refund_events": _total(records.event_total),
        "provider_refunds": _total(records.provider_total),
        "ledger_balance_minor": records.ledger_minor,
        "reconciliation_breaks": len(records.breaks),
        "messages_sent": events.messages_sent,
        "approvals_granted": events.granted,
        "approvals_declined": events.declined,
        "approvals_escalated": events.escalated,
        "reships": sum(play.standing is not None and play.standing.outcome is CaseOutcome.RESHIPPED for play in run.plays),
        "seconds": round(run.seconds, 1),
    }


def _total(total: Total) -> dict[str, int]:
    return {"count": total.count, "sum_minor": total.sum_minor}


def _credit_lines(run: Run) -> list[dict[str, Any]]:
    matched: dict[int, list[dict[str, Any]]] = {}
    for play, result in run.results():
        matched.setdefault(result.part.credit.index, []).append(
            {
                "invoice": result.part.purchase.invoice,
                "row": result.part.purchase.index,
                "quantity": result.part.quantity,
                "case_id": play.case_id,
                "outcome": result.outcome.value,
                "quantity_refunded": result.quantity_refunded,
                "refund_minor": result.refund_minor,
            }
        )
    return [
        {
            "invoice": line.row.invoice,
            "row": line.row.index,
            "stock_code": line.row.stock_code,
            "quantity": line.quantity,
            "reason": line.rejection.value if line.rejection else None,
            "matched": _in_matching_order(line.matches, matched.get(line.row.index, [])),
        }
        for line in run.scope.credit_lines
    ]


def _in_matching_order(matches: Sequence[Any], entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Latest purchase first, as they were matched, not as their cases came about."""
    place = {match.purchase.index: position for position, match in enumerate(matches)}
    return sorted(entries, key=lambda entry: place[entry["row"]])
