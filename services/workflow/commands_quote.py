"""`aftersales refund`: what a refund or an exchange comes to, from files and without a running stack, by the published models and the same arithmetic."""

import json
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

from cyclopts import App, Parameter
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console

from contracts.exchange import ExchangeRequest
from contracts.identifiers import MerchantId, customer_ref_for, order_id_for
from contracts.order_v1 import Order
from contracts.quote import PriorRefunds, Quote, RefundRequest
from contracts.storefront_v1 import OrderSnapshot
from services.workflow.money.credit_note import credit_note_of
from services.workflow.money.errors import MoneyError
from services.workflow.money.exchange import quote_exchange
from services.workflow.money.prior import after
from services.workflow.money.quote import quote
from services.workflow.quote_view import difference, explanation, summary

refund_app = App(name="refund", help="What a refund or an exchange comes to, and why. Reads files, changes nothing.")

A = TypeVar("A", bound=BaseModel)
B = TypeVar("B", bound=BaseModel)
M = TypeVar("M", bound=BaseModel)

NOBODY = MerchantId("file")
"""The merchant of an order that a storefront's snapshot describes: money does not depend on whose order it is."""

PIPED_COLUMNS = 120
REMEDIES = {
    "missing": "add it",
    "extra_forbidden": "there is no such field: check the spelling, or leave it out",
    "int_type": "write a whole number; amounts are in minor units, such as 1275 for GBP 12.75",
    "int_from_float": "write a whole number; amounts are in minor units, such as 1275 for GBP 12.75",
    "int_parsing": "write a whole number; amounts are in minor units, such as 1275 for GBP 12.75",
    "too_short": "name at least one",
    "union_tag_invalid": "use one of these kinds",
    "union_tag_not_found": "say which kind of item it is",
    "string_pattern_mismatch": "a currency is three capital letters, such as GBP",
    "json_invalid": "mend the JSON",
}


@refund_app.command(name="quote")
def quote_refund(
    order: Path,
    request: Path,
    *,
    prior: Path | None = None,
    explain: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Say what a refund comes to, where it goes back to, and what is held back. Exit status 1 where it cannot be.

    Args:
        order: the order as JSON: a model.order, or a storefront's snapshot (storefront.order.v1).
        request: what to refund as JSON: a model.refund_request.
        prior: what was given back before as JSON: a model.prior_refunds, or a list of earlier quotes (model.quote).
        explain: every step, tax, limit and allocation, the journal and the credit note as well.
        as_json: the quote as JSON (model.quote); with --explain together with its credit note.
    """
    bought, asked = _order(order), _model(RefundRequest, request, _read(request))
    quoted = _answer(quote, bought, asked, prior, f"{order}, {request}")
    if as_json:
        whole = {"quote": quoted.model_dump(mode="json"), "credit_note": credit_note_of(quoted).model_dump(mode="json")}
        sys.stdout.write(json.dumps(whole if explain else whole["quote"], indent=2, ensure_ascii=False) + "\n")
        return
    _console().print(explanation(bought, quoted) if explain else summary(bought, quoted))


@refund_app.command(name="exchange")
def exchange(order: Path, request: Path, *, prior: Path | None = None, as_json: Annotated[bool, Parameter(name="--json")] = False) -> None:
    """Say what an exchange comes to: what is collected before shipping, or given back. Exit status 1 where it cannot be.

    Args:
        order: the order as JSON: a model.order, or a storefront's snapshot (storefront.order.v1).
        request: what is exchanged for what as JSON: a model.exchange_request.
        prior: what was given back before as JSON: a model.prior_refunds, or a list of earlier quotes (model.quote).
        as_json: the answer as JSON (model.exchange_quote).
    """
    bought, asked = _order(order), _model(ExchangeRequest, request, _read(request))
    found = _answer(quote_exchange, bought, asked, prior, f"{order}, {request}")
    if as_json:
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
        return
    _console().print(difference(bought, found))


def _answer(ask: Callable[[Order, A, PriorRefunds], B], bought: Order, asked: A, prior: Path | None, files: str) -> B:
    before = PriorRefunds() if prior is None else _prior(prior)
    try:
        return ask(bought, asked, before)
    except MoneyError as error:
        _fail(f"{files if prior is None else f'{files}, {prior}'}: {error}")


def _console() -> Console:
    """As wide as the terminal; for a file or a pipe wide enough for every column."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPED_COLUMNS)


def _order(path: Path) -> Order:
    told = _read(path)
    if not isinstance(told, dict) or "order_id" in told or "customer_id" not in told:
        return _model(Order, path, told)
    snapshot = _model(OrderSnapshot, path, told)
    same = {name: getattr(snapshot, name) for name in Order.model_fields if name in OrderSnapshot.model_fields}
    owner = {"merchant_id": NOBODY, "order_id": order_id_for(NOBODY, snapshot.number), "customer_ref": customer_ref_for(NOBODY, "file")}
    return _model(Order, path, owner | same)


def _prior(path: Path) -> PriorRefunds:
    told = _read(path)
    if isinstance(told, dict) and "allocations" in told:
        told = [told]
    if isinstance(told, list):
        quotes = [_model(Quote, path, each, f"[{place}].") for place, each in enumerate(told)]
        return reduce(after, quotes, PriorRefunds())
    return _model(PriorRefunds, path, told)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        _fail(f"{path}: cannot be read ({error.strerror}): check the name")
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        _fail(f"{path}: is not JSON ({error}): {REMEDIES['json_invalid']}")


def _model(model: type[M], path: Path, told: Any, within: str = "") -> M:
    """Unknown fields are refused here: a misspelt one could give money away."""
    try:
        return model.model_validate(told, extra="forbid")
    except ValidationError as error:
        _fail("\n".join(f"{path}: {within}{_told(each)}" for each in _own(error.errors(include_url=False, include_context=False))))


def _own(problems: list[ErrorDetails]) -> list[ErrorDetails]:
    """The problems without what only follows from others: a list counts as too short where its one item is wrong."""
    inner = {each["loc"][:depth] for each in problems for depth in range(len(each["loc"]))}
    return [each for each in problems if each["type"] != "too_short" or each["loc"] not in inner]


def _told(problem: ErrorDetails) -> str:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
    remedy = REMEDIES.get(problem["type"])
    return f"{field or 'the whole'}: {problem['msg']}" + (f": {remedy}" if remedy else "")


def _fail(message: str) -> NoReturn:
    Console(stderr=True).print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(1)
