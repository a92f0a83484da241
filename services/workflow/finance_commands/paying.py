"""`payouts`, `pay`: what finance pays itself (R-RFD-15)."""

from typing import Literal

from services.workflow.asking import TokenOption, UrlOption, ask_service, pages
from services.workflow.finance_commands.output import JsonOption, flag, note, print_json, print_rows, told
from services.workflow.money.display import in_words


def payouts(
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    state: Literal["requested", "paid", "returned", "failed", "cancelled"] = "requested",
    merchant: str | None = None,
    test: bool | None = None,
    limit: int = 50,
    json: JsonOption = False,
) -> None:
    """Show what finance has to pay out itself, oldest first: cash on delivery, closed accounts, and what is no refund of an order.

    Args:
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        state: requested (default), paid, returned, failed or cancelled.
        merchant: one merchant; default all of yours.
        test: --test for test merchants only (play money), --no-test for live ones only.
        limit: at most so many.
        json: print JSON.
    """
    with told():
        found = pages(url, token, "/v1/payouts", {"state": state, "merchant_id": merchant, "test": flag(test)}, limit)
    if json:
        print_json(found)
        return
    rows = [
        (
            *(
                each["payout_id"],
                "TEST" if each["test"] else "",
                each["merchant_id"],
                each["kind"],
                each["case_number"],
                each["order_number"],
            ),
            in_words(each["amount_minor"], each["currency"]),
            *(each["reason"], each["requested_by"], _at(each["requested_at"]), each["document"], each["ended_by"], _at(each["ended_at"])),
            each["code"],
        )
        for each in found
    ]
    print_rows(
        (
            "payout",
            "mode",
            "merchant",
            "kind",
            "case",
            "order",
            "amount",
            "reason",
            "asked by",
            "when (UTC)",
            "document",
            "ended by",
            "when",
            "why",
        ),
        rows,
        amounts=("amount",),
    )


def _at(moment: str | None) -> str:
    return (moment or "")[:19].replace("T", " ")


def pay(payout_id: str, *, document: str, url: UrlOption = "", token: TokenOption = "", key: str | None = None) -> None:
    """Say that a payout was paid. It is booked, and a refund it is part of goes on.

    Args:
        payout_id: which one.
        document: what proves it: the bank's reference, or the number of a voucher.
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token; somebody else than who asked for the payout.
        key: an idempotency key; give the same one when you repeat a command whose answer was lost.
    """
    with told():
        paid = ask_service(url, token, "POST", f"/v1/payouts/{payout_id}/paid", body={"document": document}, key=key)
    note(f"{paid['case_number']}: {in_words(paid['amount_minor'], paid['currency'])} paid, document {paid['document']}")
