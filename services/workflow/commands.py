"""`aftersales approvals` and `aftersales refunds`: what staff do on the command line, through the workflow service's HTTP API with a staff token."""

import sys
from datetime import date
from typing import Any, Literal, NoReturn

from cyclopts import App
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from services.workflow.asking import NotAnsweredError, TokenOption, UrlOption, ask_service

approvals_app = App(name="approvals", help="Decisions that wait for a person.")
refunds_app = App(name="refunds", help="Refunds, and what finance orders about them.")

WIDEST = 1000

_console = Console()
_errors = Console(stderr=True)


@approvals_app.command(name="list")
def list_approvals(
    *,
    url: UrlOption = "",
    token: TokenOption = "",
    status: str = "open",
    tier: str | None = None,
    case_number: str | None = None,
    limit: int = 50,
) -> None:
    """List approvals, oldest first.

    Args:
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        status: open, granted, declined or withdrawn.
        tier: only those that this role decides now.
        case_number: only of this case.
        limit: at most so many.
    """
    query = {"status": status, "tier": tier, "case_number": case_number, "limit": limit}
    page = _call(url, token, "GET", "/v1/approvals", query=query)
    _print(
        page["items"],
        ("approval_id", "case_number", "kind", "tier", "status", "amount_minor", "currency", "reason", "due_at", "decided_by"),
    )


@approvals_app.command
def decide(
    approval_id: str,
    decision: Literal["grant", "decline"],
    *,
    reason: str,
    url: UrlOption = "",
    token: TokenOption = "",
    amount_minor: int | None = None,
    ruling: str | None = None,
    key: str | None = None,
) -> None:
    """Grant or decline an approval.

    Args:
        approval_id: which one.
        decision: grant or decline.
        reason: why, in words; they are kept with the decision.
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        amount_minor: the amount of a granted partial refund, in minor units.
        ruling: take_back or accept_partial, for a granted inspection ruling.
        key: an idempotency key; give the same one when you repeat a command whose answer was lost.
    """
    body = {"decision": decision, "reason": reason, "amount_minor": amount_minor, "ruling": ruling}
    answer = _call(url, token, "POST", f"/v1/approvals/{approval_id}/decision", body=body, key=key)
    _console.print(f"{answer['case_number']}: {answer['status']} by {answer['decided_by']} ({answer['decided_role']})")


@refunds_app.command(name="list")
def list_refunds(
    *, url: UrlOption = "", token: TokenOption = "", state: str | None = None, case_number: str | None = None, limit: int = 50
) -> None:
    """List refunds, oldest first.

    Args:
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        state: requested, stuck, refused, settled or failed.
        case_number: only of this case.
        limit: at most so many.
    """
    page = _call(url, token, "GET", "/v1/refunds", query={"state": state, "case_number": case_number, "limit": limit})
    _print(
        page["items"],
        ("refund_id", "case_number", "order_number", "state", "code", "amount_minor", "currency", "requested_at", "settled_at"),
    )


@refunds_app.command
def attempt(refund_id: str, *, url: UrlOption = "", token: TokenOption = "", by_payout: bool = False, key: str | None = None) -> None:
    """Order one more attempt of a stuck or refused refund (finance).

    Args:
        refund_id: which one.
        by_payout: finance pays it out itself, since the original payment cannot take it; see: aftersales finance payouts.
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        key: an idempotency key; give the same one when you repeat a command whose answer was lost.
    """
    answer = _call(url, token, "POST", f"/v1/refunds/{refund_id}/attempts", body={"by_payout": by_payout}, key=key)
    _console.print(f"attempt {answer['attempt']} of refund {refund_id} is ordered")


@refunds_app.command(name="give-up")
def give_up(refund_id: str, *, code: str, url: UrlOption = "", token: TokenOption = "", key: str | None = None) -> None:
    """End a refund of which nothing is paid, after the provider's own records say so (finance). What it had reserved is free again.

    Args:
        refund_id: which one.
        code: why, as a code such as paid_by_other_means.
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        key: an idempotency key; give the same one when you repeat a command whose answer was lost.
    """
    _call(url, token, "POST", f"/v1/refunds/{refund_id}/give-up", body={"code": code}, key=key)
    _console.print(f"refund {refund_id} is given up")


@refunds_app.command
def reconcile(*, provider: str, url: UrlOption = "", token: TokenOption = "", since: date | None = None, until: date | None = None) -> None:
    """Compare what was paid with a provider's own settlement list; exit code 1 where they differ (finance, all merchants).

    Args:
        provider: its name, such as sandbox.
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        since: first day (UTC); today unless given.
        until: last day (UTC); today unless given.
    """
    answer = _call(url, token, "GET", "/v1/reconciliation", query={"provider": provider, "since": since, "until": until})
    _console.print(
        f"{answer['provider']} {answer['since']} to {answer['until']}: ours {answer['ours']}, theirs {answer['theirs']}, matched {answer['matched']}"
    )
    if answer["differences"]:
        _print(answer["differences"], ("kind", "submission_id", "refund_id", "ours_minor", "theirs_minor"))
        sys.exit(1)


def _call(url: str, token: str, method: str, path: str, **asked: Any) -> Any:
    try:
        return ask_service(url, token, method, path, **asked)
    except NotAnsweredError as error:
        _fail(str(error))


def _print(items: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    if not items:
        _console.print("Nothing.")
        return
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for item in items:
        table.add_row(*("" if item.get(column) is None else str(item[column]) for column in columns))
    console = Console(width=WIDEST)
    console.width = Measurement.get(console, console.options, table).maximum  # a narrow terminal wraps lines, but no id or deadline is cut
    console.print(table)


def _fail(message: str) -> NoReturn:
    _errors.print(message, style="red", markup=False, soft_wrap=True)
    sys.exit(1)
