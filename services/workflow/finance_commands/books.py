"""`ledger`, `journal`, `accounts`: the books on a terminal."""

from datetime import date
from typing import Any

from services.workflow.asking import MOST_ITEMS, TokenOption, UrlOption, ask_service
from services.workflow.finance_commands.output import JsonOption, flag, print_json, print_rows, told
from services.workflow.money.display import in_words
from services.workflow.money.rounding import percent


def accounts(*, url: UrlOption = "", token: TokenOption = "", json: JsonOption = False) -> None:
    """Show the chart of accounts.

    Args:
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        json: print JSON.
    """
    with told():
        chart = ask_service(url, token, "GET", "/v1/ledger/accounts")
    if json:
        print_json(chart)
        return
    codes = [f"{each['code']}:<{each['member']}>" if each["member"] else each["code"] for each in chart]
    rows = [(each["number"], code, each["name"], each["kind"], each["meaning"]) for each, code in zip(chart, codes, strict=True)]
    print_rows(("no.", "account", "name", "kind", "what it holds"), rows)


def ledger(
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    merchant: str | None = None,
    since: date | None = None,
    until: date | None = None,
    test: bool | None = None,
    json: JsonOption = False,
) -> None:
    """Show the balance of each account, of all time or of some days by accounting date.

    Args:
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        merchant: one merchant; default all of yours.
        since: first day, in the merchant's time zone.
        until: last day, included.
        test: --test for test merchants only, --no-test for live ones only.
        json: print JSON.
    """
    query = {"merchant_id": merchant, "since": since, "until": until, "test": flag(test)}
    with told():
        answer = ask_service(url, token, "GET", "/v1/ledger/balance", query=query)
    if json:
        print_json(answer)
        return
    rows = [
        (
            *(each["merchant_id"], "TEST" if each["test"] else "", each["number"], each["name"]),
            *("" if each["tax_rate_ppm"] is None else percent(each["tax_rate_ppm"]), each["lines"], *_sides(each)),
        )
        for each in answer["accounts"]
    ]
    rows += [("", "", "", f"sum {currency}", "", "", in_words(rest, currency), "") for currency, rest in answer["balance_minor"].items()]
    print_rows(
        ("merchant", "mode", "no.", "account", "tax", "lines", "debit", "credit"),
        rows,
        amounts=("lines", "debit", "credit"),
        empty="Nothing is booked.",
    )


def journal(
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    merchant: str | None = None,
    since: date | None = None,
    until: date | None = None,
    account: str | None = None,
    test: bool | None = None,
    limit: int = 50,
    json: JsonOption = False,
) -> None:
    """Show journal entries, oldest first. To have all in a file, use: aftersales finance export journal.

    Args:
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        merchant: one merchant; default all of yours.
        since: first day, in the merchant's time zone.
        until: last day, included.
        account: only lines of this account, or of a family such as returns.tax, by code or number.
        test: --test for test merchants only, --no-test for live ones only.
        limit: at most so many entries.
        json: print JSON.
    """
    query = {"merchant_id": merchant, "since": since, "until": until, "account": account, "test": flag(test)}
    lines: list[dict[str, Any]] = []
    cursor, left = None, limit
    with told():
        while left > 0:
            page = ask_service(url, token, "GET", "/v1/ledger/journal", query={**query, "limit": min(left, MOST_ITEMS), "cursor": cursor})
            lines += page["items"]
            cursor, left = page["next_cursor"], left - MOST_ITEMS
            if cursor is None:
                break
    if json:
        print_json(lines)
        return
    print_rows(
        ("date", "entry", "what", "case", "order", "no.", "account", "tax", "debit", "credit", "document"),
        _entries(lines),
        amounts=("debit", "credit"),
    )


def _entries(lines: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """What the lines of an entry have in common stands on the first of them."""
    rows: list[tuple[object, ...]] = []
    before = None
    for line in lines:
        head = (line["accounting_date"], line["entry_id"][:8], line["kind"], line["case_number"], line["order_number"])
        amounts = [None if line[side] is None else in_words(line[side], line["currency"]) for side in ("debit_minor", "credit_minor")]
        rate = f"{line['tax_rate_percent']} %" if line["tax_rate_percent"] else ""
        first = line["entry_id"] != before
        rows.append(
            (
                *(head if first else ("",) * 5),
                line["account_number"],
                line["account_name"],
                rate,
                *amounts,
                line["document"] if first else "",
            )
        )
        before = line["entry_id"]
    return rows


def _sides(account: dict[str, Any]) -> tuple[str, str]:
    amount = in_words(abs(account["amount_minor"]), account["currency"])
    return (amount, "") if account["amount_minor"] >= 0 else ("", amount)
