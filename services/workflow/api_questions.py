"""Questions that change nothing: what policy would decide on facts, and what a refund would come to. No case is opened, no money moves."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.decision_facts import Facts
from contracts.decision_result import Decision
from contracts.identifiers import MerchantId, order_id_for
from contracts.order_v1 import Order, Reference
from contracts.quote import PriorRefunds, Quote, RefundRequest
from services.kit.clock import utc_now
from services.kit.problems import FieldError, Problem
from services.workflow.adapters.known_orders import KnownOrder, known_order
from services.workflow.adapters.orders import OrderNotFoundError
from services.workflow.api_askers import Asker, Asking
from services.workflow.api_context import ApiContext, Context
from services.workflow.money.errors import MoneyError, NoPaymentError, OrderMoneyError, PriorMoneyError, RequestCurrencyError
from services.workflow.money.quote import quote
from services.workflow.policy.decide import decide
from services.workflow.policy.errors import FactsError, UnknownPackError
from services.workflow.policy.policy import Policy
from services.workflow.policy.registry import PolicyRegistry
from services.workflow.policy.suite.document import Node
from services.workflow.policy.suite.errors import SuiteError
from services.workflow.policy.suite.names import check_names

router = APIRouter(prefix="/v1", tags=["questions"])

FROM_THE_BOOKS = ("prior", "first_tier_paid_minor", "reshipped", "merchant_fault_refunded")
"""What the books say of an order that the service knows."""


class DecisionQuestion(BaseModel):
    """Facts to decide on: ``model.facts.json``.

    With an ``order``, with the ``order_number`` of one that the service knows, or with neither where no order is meant. With a number, what was given
    back or sent again before comes from the books. ``time_zone`` may be left out for the merchant's own, ``moment`` for now, ``requested_at`` for
    ``moment``. ``policy`` is ``pack@version``, or a pack for the version in force when the order was placed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    facts: dict[str, Any]
    policy: Annotated[str, Field(max_length=200)] | None = None
    merchant_id: str | None = None


class QuoteQuestion(BaseModel):
    """A refund to quote: an ``order`` with what went before in ``prior``, or the ``order_number`` of one that the service knows, with its books."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: RefundRequest
    order: Order | None = None
    order_number: Reference | None = None
    prior: PriorRefunds | None = None
    merchant_id: str | None = None


async def _spelt(request: Request) -> None:
    """Names that no model has are refused in a quote, too: contract models ignore them, and a limit that is misspelt would be none."""
    asked = await request.json() if await request.body() else None
    given = asked if isinstance(asked, dict) else {}
    for name, shape in (("request", RefundRequest), ("order", Order), ("prior", PriorRefunds)):
        _check_spelling(given.get(name), shape, name, f"/{name}")


@router.post("/policy/decisions")
async def ask_for_decision(question: DecisionQuestion, context: Context, asker: Asking) -> Decision:
    """What policy says to these facts, and why."""
    given = dict(question.facts)
    _check_given(given)
    number = given.pop("order_number", None)
    if number is not None:
        known = await _known(context, asker.merchant(question.merchant_id), str(number))
        given |= {"order": known.order, **{name: getattr(known, name) for name in FROM_THE_BOOKS}}
    merchant_id = asker.merchant(question.merchant_id or _merchant_of(given.get("order")))
    facts = _facts(given, context, merchant_id)
    if facts.order is not None:
        _own(asker, question.merchant_id, facts.order)
    try:
        return decide(facts, _policy(context, asker, merchant_id, question.policy or facts.policy_version, facts))
    except FactsError as error:
        told = f"{error} (its order_number will do)" if error.field == "order" and facts.order is None else str(error)
        errors = [FieldError(_pointer("/facts", error.field), told)]
        raise Problem(422, "facts_refused", "The facts are incomplete or contradict each other.", told, errors=errors) from error


@router.post("/refunds/quotes")
async def ask_for_quote(question: QuoteQuestion, context: Context, asker: Asking, _: Annotated[None, Depends(_spelt)]) -> Quote:
    """What a refund would come to, each cent explained."""
    order, prior = question.order, question.prior
    if (order is None) == (question.order_number is None):
        raise _invalid("/order", "Send either order or order_number.")
    if question.order_number is not None:
        if prior is not None:
            raise _invalid("/prior", "What was given back on a known order is taken from the books.")
        known = await _known(context, asker.merchant(question.merchant_id), question.order_number)
        order, prior = known.order, known.prior
    else:
        assert order is not None  # noqa: S101 - one of the two is there
        _own(asker, question.merchant_id, order)
    try:
        return quote(order, question.request, prior or PriorRefunds())
    except MoneyError as error:
        where = _money_pointer(error, by_number=question.order_number is not None)
        raise Problem(
            422, "refund_not_possible", "The refund is not possible as asked.", str(error), errors=[FieldError(where, str(error))]
        ) from error


def _check_given(given: dict[str, Any]) -> None:
    """Names that no fact has are refused: misspelt, they would decide something else without a word."""
    if "order" in given and "order_number" in given:
        raise _invalid("/facts/order", "Send either order or order_number.")
    for name in FROM_THE_BOOKS if "order_number" in given else ():
        if name in given:
            raise _invalid(f"/facts/{name}", "What became of a known order is taken from the books.")
    _check_spelling({name: value for name, value in given.items() if name != "order_number"}, Facts, "facts", "/facts")


def _check_spelling(given: Any, shape: type[BaseModel], name: str, pointer: str) -> None:
    try:
        check_names(pointed(given, pointer), shape, name)
    except SuiteError as error:
        raise _invalid(error.place, error.problem) from error


def _facts(given: dict[str, Any], context: ApiContext, merchant_id: MerchantId) -> Facts:
    given.setdefault("moment", utc_now())
    given.setdefault("requested_at", given["moment"])
    if "time_zone" not in given and (merchant := context.deciding.merchants.get(merchant_id)) is not None:
        given["time_zone"] = merchant.time_zone
    try:
        return Facts.model_validate(given)
    except ValidationError as error:
        errors = [
            FieldError("/facts" + "".join(f"/{step}" for step in fault["loc"]), str(fault["msg"]))
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise Problem(422, "invalid_request", "The request does not fit what this route takes.", "See errors.", errors=errors) from error


def _merchant_of(order: object) -> str | None:
    """Whose order it is, None where nobody says."""
    found = order.get("merchant_id") if isinstance(order, dict) else getattr(order, "merchant_id", None)
    return found if isinstance(found, str) else None


def _own(asker: Asker, named: str | None, order: Order) -> MerchantId:
    """The merchant of an order that was sent along; it must be the asker's, and the one that is named."""
    if named is not None and named != order.merchant_id:
        raise _invalid("/merchant_id", "The order is another merchant's.")
    return asker.merchant(order.merchant_id)


def _policy(context: ApiContext, asker: Asker, merchant_id: MerchantId, named: str | None, facts: Facts) -> Policy:
    """The policy that is named, else the merchant's own. A storefront may ask for versions of its own pack only: others' policies are not its business."""
    merchant = context.deciding.merchants.get(merchant_id)
    own = merchant.policy_pack if merchant is not None else None
    if named is None and own is None:
        raise _invalid("/policy", f"Merchant {merchant_id} is not known here: name the policy to decide by.")
    wanted = named or str(own)
    try:
        registry = context.deciding.registry if not asker.storefront else PolicyRegistry(context.deciding.registry.packs.get(own or "", ()))
        return registry.get(wanted) if "@" in wanted else registry.in_force(wanted, facts.order.placed_at if facts.order else facts.moment)
    except UnknownPackError as error:
        raise Problem(
            404, "policy_not_found", "There is no such policy.", str(error), errors=[FieldError("/policy", str(error))]
        ) from error


async def _known(context: ApiContext, merchant_id: MerchantId, number: str) -> KnownOrder:
    try:
        return await known_order(context.pool, order_id_for(merchant_id, number))
    except OrderNotFoundError as error:
        raise Problem(404, "order_not_found", "There is no such order.", "Send the order itself, or tell intake about it first.") from error


def pointed(value: Any, pointer: str) -> Node:
    """Plain data as nodes whose places are JSON pointers."""
    if isinstance(value, dict):
        return Node({str(key): pointed(each, f"{pointer}/{key}") for key, each in value.items()}, pointer)
    if isinstance(value, list):
        return Node([pointed(each, f"{pointer}/{place}") for place, each in enumerate(value)], pointer)
    return Node(value, pointer)


def _pointer(start: str, field: str) -> str:
    return f"{start}/{field.replace('[', '.').replace(']', '').replace('.', '/')}"


def _money_pointer(error: MoneyError, *, by_number: bool) -> str:
    if isinstance(error, RequestCurrencyError):
        return "/request/currency"
    if isinstance(error, OrderMoneyError | NoPaymentError | PriorMoneyError) and by_number:
        return "/order_number"
    if isinstance(error, NoPaymentError):
        return "/order/payments"
    if isinstance(error, OrderMoneyError):
        return "/order"
    return "/prior" if isinstance(error, PriorMoneyError) else "/request/items"


def _invalid(pointer: str, detail: str) -> Problem:
    return Problem(422, "invalid_request", "The request does not fit what this route takes.", detail, errors=[FieldError(pointer, detail)])
