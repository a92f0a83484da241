"""`reconcile`, `breaks`: are the records of the same money the same (R-RFD-13)."""

import sys
from datetime import UTC, date, datetime
from typing import Any, Literal

from services.workflow.asking import TokenOption, UrlOption, ask_service, pages
from services.workflow.finance_commands.output import JsonOption, print_json, print_rows, told
from services.workflow.money.display import in_words
from services.workflow.reconciliation.breaks import REASONS, BreakKind, break_id_of

PATIENCE_SECONDS = 1800
"""A year of days is a file each at the provider."""


def reconcile(
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    since: date | None = None,
    until: date | None = None,
    subject: str | None = None,
    json: JsonOption = False,
) -> None:
    """Compare now: each payment provider's file with our payments, and the ledger with what was published. Exit status 1 where something differs.

    Each difference becomes a task of finance; one that is gone is closed, one that a person has resolved is not counted. Every day is compared by itself in
    the night after the next. What the ledger booked within the last minute is left to the next look.

    Args:
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token; it takes finance of all merchants.
        since: first day (UTC); default the same as the last.
        until: last day (UTC), included; default today.
        subject: only this: a payment provider such as stripe or "sandbox (test)", or ledger.
        json: print JSON.
    """
    body = {"since": since and since.isoformat(), "until": until and until.isoformat(), "subject": subject}
    with told():
        reports = ask_service(url, token, "POST", "/v1/reconciliations", body=body, patience_seconds=PATIENCE_SECONDS)
    if json:
        print_json(reports)
    else:
        rows = [
            (
                each["subject"],
                each["since"],
                each["until"],
                _sums(each["ours"]),
                _sums(each["theirs"]),
                each["matched"],
                len(each["breaks"]) - len(each["judged"]),
                len(each["judged"]),
            )
            for each in reports
        ]
        columns = ("what", "since", "until", "ours", "theirs", "agree", "breaks", "judged")
        print_rows(columns, rows, amounts=columns[3:])
        today = datetime.now(UTC).date()
        _print_breaks([_as_task(found, today) for each in reports for found in each["breaks"] if _task_of(found) not in each["judged"]])
    if any(len(each["breaks"]) > len(each["judged"]) for each in reports):
        sys.exit(1)


def breaks(
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    state: Literal["open", "done"] = "open",
    subject: str | None = None,
    merchant: str | None = None,
    limit: int = 100,
    json: JsonOption = False,
) -> None:
    """Show the breaks that reconciliation found, oldest first, with reason and age.

    Args:
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        state: open, or done: gone by themselves, or judged by a person.
        subject: only this: a payment provider, or ledger.
        merchant: one merchant; default all of yours, and what belongs to none where you see all.
        limit: at most so many.
        json: print JSON.
    """
    query = {"state": state, "subject": subject, "merchant_id": merchant}
    with told():
        found = pages(url, token, "/v1/reconciliations/breaks", query, limit)
    if json:
        print_json(found)
        return
    if not found:
        print_rows((), (), empty="No breaks.")
        return
    _print_breaks(
        [{**each["detail"], **each, "kind": each["kind"].removeprefix("reconciliation_"), "age": f"{each['age_days']} d"} for each in found]
    )


def _task_of(found: dict[str, Any]) -> str:
    return str(break_id_of(found["subject"], BreakKind(found["kind"]), found["key"]))


def _as_task(found: dict[str, Any], today: date) -> dict[str, Any]:
    age = f"{(today - date.fromisoformat(found['day'])).days} d"
    return {**found, "reason": REASONS[BreakKind(found["kind"])], "work_item_id": _task_of(found), "age": age}


def _print_breaks(found: list[dict[str, Any]]) -> None:
    if not found:
        return
    rows = [
        (
            *(each["subject"], each["day"], each.get("age"), each["kind"], _amount(each, "ours_minor"), _amount(each, "theirs_minor")),
            *(each.get("refund_id") or each.get("provider_refund_id") or each.get("reference"), each.get("work_item_id")),
            each["reason"] if each.get("state") != "done" else f"{each['resolution']}, by {each['resolved_by']}",
        )
        for each in found
    ]
    columns = ("what", "day", "age", "break", "ours", "theirs", "refund", "task", "reason")
    print_rows(columns, rows, amounts=("age", "ours", "theirs"))


def _amount(found: dict[str, Any], side: str) -> str | None:
    minor = found.get(side)
    currency = found.get("theirs_currency") if side == "theirs_minor" else None
    return None if minor is None else in_words(minor, currency or found["currency"])


def _sums(sums: dict[str, int]) -> str:
    return ", ".join(in_words(minor, currency) for currency, minor in sums.items()) or "0"
