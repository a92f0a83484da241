"""Fewer units came back than were agreed: what is paid at once, and what stays in dispute (R-RTN-05, ``short_quantity``)."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.order_v1 import Order
from contracts.quote import Deduction, PriorRefunds, Quote, RefundItem, RefundRequest, RefundUnits
from services.workflow.money.errors import QuantityExceededError
from services.workflow.money.prior import after
from services.workflow.money.quote import quote


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

    Freight belongs to the whole return and stays with the missing units; deductions are taken from the arrived units first. Raises
    ``QuantityExceededError`` where more units arrived than were agreed, and what :func:`quote` raises.
    """
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
    first = _part(order, agreed.currency, now, agreed.deductions, prior)
    rest = _open_deductions(agreed.deductions, first)
    following = after(prior, first.quote) if first else prior
    return ArrivalSplit(arrived=first, disputed=_part(order, agreed.currency, later, rest, following))


def _divide(item: RefundUnits, here: int, now: list[RefundItem], later: list[RefundItem]) -> None:
    part = None if item.amount_minor is None else item.amount_minor * here // item.quantity
    rest = None if item.amount_minor is None or part is None else item.amount_minor - part
    if here:
        now.append(item.model_copy(update={"quantity": here, "amount_minor": part}))
    if item.quantity > here:
        later.append(item.model_copy(update={"quantity": item.quantity - here, "amount_minor": rest}))


def _part(order: Order, currency: str, items: list[RefundItem], deductions: tuple[Deduction, ...], prior: PriorRefunds) -> Part | None:
    if not items:
        return None
    request = RefundRequest(currency=currency, items=tuple(items), deductions=deductions)
    return Part(request=request, quote=quote(order, request, prior))


def _open_deductions(asked: tuple[Deduction, ...], first: Part | None) -> tuple[Deduction, ...]:
    if first is None:
        return asked
    held = zip(asked, first.quote.deductions, strict=True)
    rest = (whole.model_copy(update={"amount_minor": whole.amount_minor - part.amount_minor}) for whole, part in held)
    return tuple(each for each in rest if each.amount_minor)
