"""Fewer units came back than were agreed: what is paid at once, and what stays in dispute (R-RTN-05, ``short_quantity``)."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.order_v1 import Order
from contracts.quote import Deduction, PriorRefunds, Quote, RefundEverything, RefundItem, RefundRequest, RefundUnits
from services.workflow.money.errors import NothingLeftError, QuantityExceededError
from services.workflow.money.fees import fees_due
from services.workflow.money.prior import after, everything_left
from services.workflow.money.quote import quote
from services.workflow.money.worksheet import worksheet


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an agreed refund: what to ask for, and what it comes to."""

    request: RefundRequest
    quote: Quote


@dataclass(frozen=True, slots=True)
class ArrivalSplit:
    """An agreed refund in two parts, which sum to it. None where a part has nothing in it."""

    arrived: Part | None
    disputed: Part | None


def split_by_arrival(order: Order, agreed: RefundRequest, arrived: Mapping[str, int], prior: PriorRefunds) -> ArrivalSplit:
    """Quote the ``arrived`` units by line id now, and the missing ones after them.

    Freight belongs to the whole return and stays with the missing units; deductions and fees, which are of the whole, are taken from the arrived
    units first. Raises ``QuantityExceededError`` where more units arrived than were agreed, and what :func:`quote` raises.
    """
    agreed = _spelled_out(order, agreed, prior)
    coming = dict(arrived)
    now: list[RefundItem] = []
    later: list[RefundItem] = []
    for item in agreed.items:
        if not isinstance(item, RefundUnits):
            later.append(item)
            continue
        here = min(coming.get(item.line_id, 0), item.quantity)
        coming[item.line_id] = coming.get(item.line_id, 0) - here
        _divide(item, here, now, later)
    for line_id, count in coming.items():
        if count > 0:
            agreed_units = sum(item.quantity for item in agreed.items if isinstance(item, RefundUnits) and item.line_id == line_id)
            raise QuantityExceededError(line_id, agreed_units + count, agreed_units)
    if not any(isinstance(item, RefundUnits) for item in later):
        now, later = [*now, *later], []
    first = _part(order, agreed, now, agreed.deductions, prior)
    rest = _open_deductions(agreed.deductions, first)
    following = after(prior, first.quote) if first else prior
    return ArrivalSplit(arrived=first, disputed=_part(order, agreed, later, rest, following))


def _spelled_out(order: Order, agreed: RefundRequest, prior: PriorRefunds) -> RefundRequest:
    """The request with ``everything`` as its units and freight, and with fees as the amounts they come to on the whole."""
    items = agreed.items
    if any(isinstance(item, RefundEverything) for item in items):
        left = everything_left(order, prior)
        if left is None:
            raise NothingLeftError(order.number)
        items = left.items
    if not agreed.fees:
        return agreed if items is agreed.items else agreed.model_copy(update={"items": items})
    sheet = worksheet(order, prior)
    for item in items:
        sheet.take(item)
    due = (each.model_copy(update={"steps": ()}) for each in fees_due(agreed.fees, sheet.drafts, sheet.lines))
    return agreed.model_copy(update={"items": items, "fees": (), "deductions": (*agreed.deductions, *due)})


def _divide(item: RefundUnits, here: int, now: list[RefundItem], later: list[RefundItem]) -> None:
    part = None if item.amount_minor is None else item.amount_minor * here // item.quantity
    rest = None if item.amount_minor is None or part is None else item.amount_minor - part
    if here:
        now.append(item.model_copy(update={"quantity": here, "amount_minor": part}))
    if item.quantity > here:
        later.append(item.model_copy(update={"quantity": item.quantity - here, "amount_minor": rest}))


def _part(
    order: Order, agreed: RefundRequest, items: list[RefundItem], deductions: tuple[Deduction, ...], prior: PriorRefunds
) -> Part | None:
    if not items:
        return None
    request = agreed.model_copy(update={"items": tuple(items), "deductions": deductions})
    return Part(request=request, quote=quote(order, request, prior))


def _open_deductions(asked: tuple[Deduction, ...], first: Part | None) -> tuple[Deduction, ...]:
    if first is None:
        return asked
    held = zip(asked, first.quote.deductions, strict=True)
    rest = (whole.model_copy(update={"amount_minor": whole.amount_minor - part.amount_minor}) for whole, part in held)
    return tuple(each for each in rest if each.amount_minor)
