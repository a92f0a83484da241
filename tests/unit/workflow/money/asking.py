"""Short words for requests, and for asking one after the other."""

from typing import Any

from contracts.order_v1 import Order, Shipment, ShippedLine
from contracts.quote import PriorRefunds, Quote, RefundItem, RefundRequest, RefundUnits
from services.workflow.money.prior import after
from services.workflow.money.quote import quote
from tests.support.builders import PLACED_AT


def request(*items: RefundItem, **changes: Any) -> RefundRequest:
    return RefundRequest(**({"currency": "GBP", "items": items} | changes))


def units(quantity: int, line_id: str = "1", *, amount_minor: int | None = None, shipment_id: str | None = None) -> RefundUnits:
    return RefundUnits(line_id=line_id, quantity=quantity, amount_minor=amount_minor, shipment_id=shipment_id)


def parcel(shipment_id: str, **quantities: int) -> Shipment:
    """A shipment; ``l1=2`` is two units of line 1."""
    parts = tuple(ShippedLine(line_id=name.removeprefix("l"), quantity=count) for name, count in quantities.items())
    return Shipment(shipment_id=shipment_id, shipped_at=PLACED_AT, lines=parts)


def quotes_in_turn(order: Order, *requests: RefundRequest, prior: PriorRefunds | None = None) -> list[Quote]:
    before, quotes = prior or PriorRefunds(), []
    for each in requests:
        quotes.append(quote(order, each, before))
        before = after(before, quotes[-1])
    return quotes


def in_turn(order: Order, *requests: RefundRequest) -> list[int]:
    return [each.amount_minor for each in quotes_in_turn(order, *requests)]


def amounts(quoted: Quote) -> dict[str, int]:
    """What each line or charge gets, added up."""
    sums: dict[str, int] = {}
    for line in quoted.lines:
        key = line.line_id or line.freight_id or ""
        sums[key] = sums.get(key, 0) + line.amount_minor
    return sums
