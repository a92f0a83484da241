"""An order's life as a storefront tells it: one snapshot as it is placed, paid, shipped, delivered. Customers' contacts are invented."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.local.demo.dataset import LARGEST_QUANTITY, Row
from deploy.local.demo.orders import UNKNOWN_CUSTOMER, DemoOrder

CURRENCY = "GBP"
_LONGEST_NAME = 500

ContactOf = Callable[[DemoOrder], dict[str, Any]]
"""The contact block of an order whose customer is known."""

_TO_PAID = timedelta(minutes=5)
_TO_SHIPPED = timedelta(hours=20)
_TO_DELIVERED = timedelta(hours=44)
_CHINESE_READERS = frozenset({"Hong Kong", "Singapore"})


def arrival(order: DemoOrder, no_later: datetime) -> datetime:
    """When an order reached the customer, in the file's time: two days after it was placed, but before its first goods came back (``no_later``)."""
    return max(order.moment, min(order.moment + _TO_DELIVERED, no_later))


def snapshots(
    order: DemoOrder,
    number: str,
    shift: timedelta,
    provider_reference: str | None,
    delivered: datetime,
    contact_of: ContactOf | None = None,
) -> Iterator[dict[str, Any]]:
    """The order as it is placed, paid, shipped and delivered: ``OrderSnapshot`` as JSON values, versions from 1.

    ``number`` is what the order is called in this run, ``shift`` what is added to the file's dates. ``provider_reference`` is the captured payment,
    None where nothing was charged. ``delivered`` is in the file's time. ``contact_of`` gives other contacts than :func:`invented_contact`. An order that
    nothing came of is placed and cancelled.
    """
    placed_at = order.moment.replace(tzinfo=UTC) + shift
    base = _base(order, number, placed_at, contact_of or invented_contact)
    yield base | {"order_version": 1, "status": "placed"}
    if not order.lines:
        yield base | {"order_version": 2, "status": "cancelled"}
        return
    delivered_at = delivered.replace(tzinfo=UTC) + shift
    shipped_at = min(placed_at + _TO_SHIPPED, delivered_at)
    paid = base | _payment(order, provider_reference, min(placed_at + _TO_PAID, shipped_at))
    shipment = {
        "shipment_id": "1",
        "carrier": "sandbox",
        "shipped_at": shipped_at.isoformat(),
        "lines": [{"line_id": str(row.index), "quantity": row.quantity} for row in order.lines],
    }
    yield paid | {"order_version": 2, "status": "paid"}
    yield paid | {"order_version": 3, "status": "shipped", "shipments": [shipment]}
    yield paid | {"order_version": 4, "status": "delivered", "shipments": [shipment | {"delivered_at": delivered_at.isoformat()}]}


def _payment(order: DemoOrder, provider_reference: str | None, paid_at: datetime) -> dict[str, Any]:
    if provider_reference is None:
        return {"paid_at": paid_at.isoformat()}
    payment = {
        "payment_id": "card",
        "provider": "sandbox",
        "provider_reference": provider_reference,
        "method": "card",
        "captured_minor": order.total_minor,
        "captured_at": paid_at.isoformat(),
    }
    return {"paid_at": paid_at.isoformat(), "payments": [payment]}


def _base(order: DemoOrder, number: str, placed_at: datetime, contact_of: ContactOf) -> dict[str, Any]:
    snapshot: dict[str, Any] = {
        "number": number,
        "currency": CURRENCY,
        "customer_id": order.customer or f"{UNKNOWN_CUSTOMER}-{order.number}",
        "placed_at": placed_at.isoformat(),
        "lines": [_line(row, row.total_minor) for row in order.lines] or [_line(row, 0) for row in order.unsold],
        "discounts": [{"discount_id": "D", "amount_minor": order.discount_minor}] if order.discount_minor else [],
        "freight": [{"freight_id": str(row.index), "amount_minor": row.total_minor} for row in order.freight],
    }
    return snapshot | ({"contact": contact_of(order)} if order.customer else {})


def _line(row: Row, amount_minor: int) -> dict[str, Any]:
    return {
        "line_id": str(row.index),
        "sku": row.stock_code or "none",
        "name": row.description[:_LONGEST_NAME],
        "quantity": min(max(1, abs(row.quantity)), LARGEST_QUANTITY),
        "amount_minor": amount_minor,
    }


def invented_contact(order: DemoOrder) -> dict[str, Any]:
    """An invented customer: the file has none, and reserved domains and numbers reach nobody (RFC 2606; UK drama numbers)."""
    short = re.sub(r"[^A-Za-z0-9]+", "-", order.customer)[:60]
    digits = "".join(re.findall(r"[0-9]", order.customer))[-3:] or "0"
    return {
        "name": f"Customer {order.customer}"[:200],
        "email": f"customer-{short}@example.com",
        "phone": f"+447700900{int(digits):03d}",
        "address_lines": [f"{int(digits) % 90 + 1} Market Street", "Exampleton"],
        "postcode": "EX4 4PL",
        "country": "GB",
        "locale": "zh-CN" if order.country in _CHINESE_READERS else "en",
    }
