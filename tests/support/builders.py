"""Builders of domain objects with sensible defaults: say only what the test is about."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from contracts.case_v1 import CaseOpened, Channel, OpenedBy
from contracts.decision import AffectedUnits, Facts
from contracts.identifiers import CaseId, MerchantId, customer_ref_for, order_id_for
from contracts.merchant import Merchant, ReturnAddress
from contracts.order_v1 import Order, OrderLine, OrderStatus, Payment, Shipment, ShippedLine
from contracts.scenes import Scene

MERCHANT = MerchantId("demo-shop")
PLACED_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DELIVERED_AT = PLACED_AT + timedelta(days=3)
OPENED_AT = DELIVERED_AT + timedelta(days=2)


def a_merchant(**changes: Any) -> Merchant:
    """A British test merchant."""
    defaults: dict[str, Any] = {
        "merchant_id": MERCHANT,
        "name": "Demo Shop",
        "time_zone": "Europe/London",
        "locale": "en",
        "currency": "GBP",
        "policy_pack": "uk-retail",
        "return_address": ReturnAddress(name="Demo Shop Returns", lines=("1 Dock Road",), postcode="E16 1AA", country="GB"),
    }
    return Merchant(**(defaults | changes))


def an_order_line(line_id: str = "1", **changes: Any) -> OrderLine:
    """Three mugs at 4.25 each."""
    defaults: dict[str, Any] = {"line_id": line_id, "sku": "22993", "name": "Mug", "quantity": 3, "amount_minor": 1275}
    return OrderLine(**(defaults | changes))


def a_payment(captured_minor: int, **changes: Any) -> Payment:
    """A card payment."""
    defaults: dict[str, Any] = {
        "payment_id": "p1",
        "provider": "sandbox",
        "provider_reference": "pay_0001",
        "method": "card",
        "captured_minor": captured_minor,
        "captured_at": PLACED_AT,
    }
    return Payment(**(defaults | changes))


def an_order(number: str = "545231", *, merchant_id: MerchantId = MERCHANT, **changes: Any) -> Order:
    """A delivered order of three mugs, paid by card; the payment covers the lines, less discounts, plus freight, unless given."""
    lines: tuple[OrderLine, ...] = changes.get("lines", (an_order_line(),))
    paid = sum(line.amount_minor - line.discount_minor for line in lines)
    paid -= sum(discount.amount_minor for discount in changes.get("discounts", ()))
    paid += sum(charge.amount_minor - charge.discount_minor for charge in changes.get("freight", ()))
    defaults: dict[str, Any] = {
        "order_id": order_id_for(merchant_id, number),
        "merchant_id": merchant_id,
        "number": number,
        "order_version": 4,
        "status": OrderStatus.DELIVERED,
        "currency": "GBP",
        "customer_ref": customer_ref_for(merchant_id, "15194"),
        "placed_at": PLACED_AT,
        "paid_at": PLACED_AT,
        "lines": lines,
        "shipments": (
            Shipment(
                shipment_id="s1",
                shipped_at=PLACED_AT + timedelta(days=1),
                delivered_at=DELIVERED_AT,
                lines=tuple(ShippedLine(line_id=line.line_id, quantity=line.quantity) for line in lines),
            ),
        ),
        "payments": (a_payment(paid),),
    }
    return Order(**(defaults | changes))


def a_case_id(name: str = "one") -> CaseId:
    """A case id that a name stands for."""
    return CaseId(uuid5(UUID(int=0), f"case/{name}"))


def a_case(name: str = "one", *, order: Order | None = None, **changes: Any) -> CaseOpened:
    """A customer sends two of three mugs back without a reason."""
    order = order or an_order()
    defaults: dict[str, Any] = {
        "merchant_id": order.merchant_id,
        "case_id": a_case_id(name),
        "case_number": "C26-000001",
        "customer_ref": order.customer_ref,
        "locale": "en",
        "channel": Channel.SELF_SERVICE,
        "opened_by": OpenedBy(kind="customer"),
        "scene": Scene.RETURN_NO_REASON,
        "affected": (AffectedUnits(line_id="1", quantity=2),),
        "requested_at": OPENED_AT,
        "opened_at": OPENED_AT,
        "order": order,
    }
    return CaseOpened(**(defaults | changes))


def facts(**changes: Any) -> Facts:
    """The facts of :func:`a_case`, two days after delivery."""
    defaults: dict[str, Any] = {
        "moment": OPENED_AT,
        "requested_at": OPENED_AT,
        "time_zone": "Europe/London",
        "scene": Scene.RETURN_NO_REASON,
        "order": an_order(),
        "affected": (AffectedUnits(line_id="1", quantity=2),),
    }
    return Facts(**(defaults | changes))
