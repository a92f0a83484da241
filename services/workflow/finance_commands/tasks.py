"""`tasks`, `resolve`: what waits for finance, and saying that it was looked at."""

from typing import Literal

from services.workflow.asking import TokenOption, UrlOption, ask_service, pages
from services.workflow.finance_commands.output import JsonOption, note, print_json, print_rows, told

NEXT = {
    "finance_refund_failed": "aftersales refunds attempt (--by-payout), or give-up",
    "finance_refund_refused": "aftersales refunds attempt (--by-payout), or give-up",
    "finance_refund_reversed": "aftersales refunds attempt (--by-payout), or give-up",
    "finance_payout_due": "pay it, then: aftersales finance pay",
    "finance_provider_contradicts": "ask the provider, then: aftersales finance resolve",
    "finance_refund_unknown": "ask the provider, then: aftersales finance resolve",
}
"""What to do about a task, by its kind."""


def tasks(
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    state: Literal["open", "done"] = "open",
    merchant: str | None = None,
    limit: int = 50,
    json: JsonOption = False,
) -> None:
    """Show what waits for finance, oldest first, and what to do about it.

    Args:
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        state: open (default) or done.
        merchant: one merchant; default all of yours.
        limit: at most so many.
        json: print JSON.
    """
    with told():
        found = pages(url, token, "/v1/work-items", {"role": "finance", "state": state, "merchant_id": merchant}, limit)
    if json:
        print_json(found)
        return
    rows = [
        (
            *(each["work_item_id"], each["kind"], each["case_number"], each["detail"].get("refund_id") or each["detail"].get("payout_id")),
            *(
                each["detail"].get("code"),
                each["opened_at"][:19].replace("T", " "),
                each["resolution"] or NEXT.get(each["kind"], _OTHERWISE),
            ),
        )
        for each in found
    ]
    last = "what to do" if state == "open" else "what became of it"
    print_rows(("task", "kind", "case", "refund or payout", "why", "since (UTC)", last), rows, empty="Nothing waits for finance.")


def resolve(task: str, resolution: str, *, url: UrlOption = "", token: TokenOption = "", key: str | None = None) -> None:
    """Say that a task was looked at, such as a break of reconciliation. A task about a payout ends with the payout.

    Args:
        task: its id; see: aftersales finance tasks, aftersales finance breaks.
        resolution: what came of it, as a code such as written_off or made_by_hand.
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        key: an idempotency key; give the same one when you repeat a command whose answer was lost.
    """
    with told():
        done = ask_service(url, token, "POST", f"/v1/work-items/{task}/resolve", body={"resolution": resolution}, key=key)
    note(f"{done['kind']}: {done['resolution']}, by {done['resolved_by']}")


_OTHERWISE = "look into it, then: aftersales finance resolve"
