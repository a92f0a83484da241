"""`refund`: one refund from the first word to the last cent, for who has to explain it."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from contracts.order_v1 import Order
from contracts.quote import JournalLine, Quote
from services.workflow.asking import TokenOption, UrlOption, ask_service
from services.workflow.finance_commands.output import JsonOption, print_json, show, told
from services.workflow.money.display import in_words
from services.workflow.quote_view import booked, calculation, summary


def refund(refund_id: str, *, url: UrlOption = "", token: TokenOption = "", steps: bool = False, json: JsonOption = False) -> None:
    """Explain one refund: what for, who allowed it, which way it was paid, how it is booked, and everything that happened to it.

    Args:
        refund_id: which one; list them with: aftersales refunds list
        url: where the workflow service's API is; default the running stack of this home.
        token: your staff token.
        steps: every step of the calculation as well.
        json: print JSON.
    """
    with told():
        found = ask_service(url, token, "GET", f"/v1/refunds/{refund_id}")
    if json:
        print_json(found)
        return
    show(Group(*_parts(found, steps=steps)))


def _parts(found: dict[str, Any], *, steps: bool) -> list[RenderableType]:
    currency = found["currency"]
    parts: list[RenderableType] = [_head(found), Text()]
    if found["quote"] is not None:
        order, quoted = Order.model_validate(found["order"]), Quote.model_validate(found["quote"])
        parts += [(calculation if steps else summary)(order, quoted), Text()]
    if found["submissions"]:
        parts += [_payments(found["submissions"], currency), Text()]
    if found["ledger"]:
        parts += [booked((JournalLine.model_validate(line) for line in found["ledger"]), currency), Text()]
    return [*parts, _history(found["history"], currency)]


def _head(found: dict[str, Any]) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    stands = f"{found['state']} ({found['code']})" if found["code"] else found["state"]
    for name, value in (
        ("refund", found["refund_id"]),
        ("amount", in_words(found["amount_minor"], found["currency"])),
        ("stands", stands),
        ("case, order", f"{found['case_number']}, {found['order_number']} ({found['merchant_id']})"),
        ("what for", f"{found['remedy']}: {found['reason']}, by {found['policy_version']}"),
        ("allowed by", f"{found['approver']} ({found['tier']})"),
        ("credit notes", ", ".join(found["credit_notes"]) or "none yet"),
    ):
        table.add_row(name, value)
    return table


def _payments(submissions: list[dict[str, Any]], currency: str) -> RenderableType:
    table = Table(title="Ways of the money", title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("payment", "attempt", "by", "method", "amount", "state", "provider's reference", "why not", "ordered by"):
        table.add_column(column, justify="right" if column == "amount" else "left")
    for each in submissions:
        table.add_row(
            *(each["payment_id"], str(each["attempt"]), each["provider"], each["method"], in_words(each["amount_minor"], currency)),
            *(each["state"], each["provider_refund_id"] or "", each["failure_code"] or "", each["ordered_by"]),
        )
    return table


def _history(items: list[dict[str, Any]], currency: str) -> RenderableType:
    table = Table(title="History (UTC)", title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("when", "what", "who", "why", "about", "amount"):
        table.add_column(column, justify="right" if column == "amount" else "left")
    for each in items:
        amount = "" if each["amount_minor"] is None else in_words(each["amount_minor"], currency)
        when = each["at"].partition(".")[0].replace("T", " ").removesuffix("Z")
        table.add_row(when, each["kind"].replace("_", " "), each["actor"], each["code"], each["about"], amount)
    return table
