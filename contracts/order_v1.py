"""Orders as the platform knows them, on ``aftersales.order.v1``: whole snapshots without any personal data.

Amounts are minor units of ``Order.currency``, and are what was charged: taxes after every discount, line amounts before discounts.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from contracts.base import AmountMinor, CurrencyCode, Model, Moment, Quantity
from contracts.events import EventBody, OrderEvent
from contracts.identifiers import CustomerRef, MerchantId, OrderId
from contracts.topics import Topic

Reference = Annotated[str, Field(min_length=1, max_length=120)]
"""A short name that somebody else gave: a line id, a number, a waybill."""


class OrderStatus(StrEnum):
    """How far an order has come."""

    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Tax(Model):
    """One tax charged on a line or on freight. ``rate_ppm`` is parts per million: 20 % is 200000."""

    code: Reference
    rate_ppm: Annotated[int, Field(ge=0, le=1_000_000)]
    amount_minor: AmountMinor


class OrderLine(Model):
    """A SKU and a quantity.

    ``amount_minor`` is quantity times unit price, before any discount; ``discount_minor`` the line's own discount. ``tags`` are the
    attributes policy asks for, such as ``customised`` or ``hygiene_opened`` (R-ELIG-05).
    """

    line_id: Reference
    sku: Reference
    name: Annotated[str, Field(max_length=500)] = ""
    quantity: Quantity
    amount_minor: AmountMinor
    discount_minor: AmountMinor = 0
    taxes: tuple[Tax, ...] = ()
    category: str | None = None
    tags: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _discount_within_amount(self) -> Self:
        if self.discount_minor > self.amount_minor:
            raise ValueError("discount_minor is larger than amount_minor")
        return self


class DiscountTier(Model):
    """A smaller discount that is granted from a smaller amount or number on: a fixed amount, or a percentage (``rate_ppm``, parts per million)."""

    minimum_goods_minor: AmountMinor | None = None
    minimum_quantity: Quantity | None = None
    amount_minor: AmountMinor | None = None
    rate_ppm: Annotated[int, Field(ge=0, le=1_000_000)] | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if (self.amount_minor is None) == (self.rate_ppm is None):
            raise ValueError("a tier gives either amount_minor or rate_ppm: set exactly one")
        return self


class DiscountCondition(Model):
    """From what on a discount is granted, and what is granted below that.

    ``minimum_goods_minor`` counts list amounts after line discounts, without tax on top and freight; ``minimum_quantity`` counts units. Both count
    ``line_ids`` only, where given. Of the ``tiers`` that hold, the one that gives most counts; without any, nothing is granted below the minimum.
    """

    minimum_goods_minor: AmountMinor | None = None
    minimum_quantity: Quantity | None = None
    line_ids: tuple[Reference, ...] = ()
    tiers: tuple[DiscountTier, ...] = ()


class OrderDiscount(Model):
    """A discount or coupon on the order as a whole, prorated over its lines (R-RFD-05).

    ``condition`` and ``percentage`` matter only where a shop recomputes discounts after a return: a percentage shrinks with the goods, a fixed amount
    does not. A discount of some lines only is their ``discount_minor``.
    """

    discount_id: Reference
    amount_minor: AmountMinor
    percentage: bool = False
    condition: DiscountCondition | None = None


class FreightCharge(Model):
    """Outbound freight the customer paid, of one shipment or (``shipment_id`` None) of the order."""

    freight_id: Reference
    shipment_id: Reference | None = None
    amount_minor: AmountMinor
    discount_minor: AmountMinor = 0
    taxes: tuple[Tax, ...] = ()


class ShippedLine(Model):
    """Units of one line in a shipment."""

    line_id: Reference
    quantity: Quantity


class Shipment(Model):
    """A parcel on its way to the customer."""

    shipment_id: Reference
    carrier: str | None = None
    waybill: str | None = None
    shipped_at: Moment
    delivered_at: Moment | None = None
    lines: tuple[ShippedLine, ...]


class Payment(Model):
    """Money captured for the order at a payment provider, and what was refunded of it elsewhere (it counts against the cap).

    ``currency`` may be left out; where given it must be the order's, or nothing can be refunded: amounts are never converted.
    """

    payment_id: Reference
    provider: Reference
    provider_reference: Reference
    method: Reference
    captured_minor: AmountMinor
    refunded_elsewhere_minor: AmountMinor = 0
    captured_at: Moment
    currency: CurrencyCode | None = None

    @model_validator(mode="after")
    def _refunded_within_captured(self) -> Self:
        if self.refunded_elsewhere_minor > self.captured_minor:
            raise ValueError("refunded_elsewhere_minor is larger than captured_minor")
        return self


class Order(Model):
    """A whole snapshot of an order. The highest ``order_version`` wins, so that order of arrival does not matter."""

    order_id: OrderId
    merchant_id: MerchantId
    number: Reference
    order_version: Annotated[int, Field(ge=1)]
    status: OrderStatus
    currency: CurrencyCode
    customer_ref: CustomerRef
    placed_at: Moment
    paid_at: Moment | None = None
    tax_included: bool = True
    lines: Annotated[tuple[OrderLine, ...], Field(min_length=1)]
    discounts: tuple[OrderDiscount, ...] = ()
    freight: tuple[FreightCharge, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    payments: tuple[Payment, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, ids in (
            ("lines", [line.line_id for line in self.lines]),
            ("shipments", [shipment.shipment_id for shipment in self.shipments]),
            ("payments", [payment.payment_id for payment in self.payments]),
            ("freight", [charge.freight_id for charge in self.freight]),
        ):
            if len(set(ids)) != len(ids):
                raise ValueError(f"{name}: an id is used twice")
        ordered = {line.line_id: line.quantity for line in self.lines}
        shipped: dict[str, int] = {}
        for shipment in self.shipments:
            for part in shipment.lines:
                if part.line_id not in ordered:
                    raise ValueError(f"shipment {shipment.shipment_id} names line {part.line_id}, which the order does not have")
                shipped[part.line_id] = shipped.get(part.line_id, 0) + part.quantity
        for line_id, quantity in shipped.items():
            if quantity > ordered[line_id]:
                raise ValueError(f"line {line_id}: {quantity} units shipped, but {ordered[line_id]} ordered")
        return self

    def line(self, line_id: str) -> OrderLine:
        """The line of that id. Raises ``KeyError`` where the order has none."""
        for line in self.lines:
            if line.line_id == line_id:
                return line
        raise KeyError(line_id)

    def delivered_quantity(self, line_id: str) -> int:
        """How many units of a line have been delivered."""
        return sum(
            part.quantity
            for shipment in self.shipments
            if shipment.delivered_at is not None
            for part in shipment.lines
            if part.line_id == line_id
        )

    def delivered_at(self, line_id: str) -> Moment | None:
        """When the last units of a line were delivered, None where none were."""
        moments = [
            shipment.delivered_at
            for shipment in self.shipments
            if shipment.delivered_at is not None and any(part.line_id == line_id for part in shipment.lines)
        ]
        return max(moments, default=None)


class OrderRecorded(OrderEvent):
    """An order, or a newer version of it, is known."""

    event_type: ClassVar[str] = "aftersales.order.recorded.v1"
    topic: ClassVar[Topic] = Topic.ORDER

    order: Order


EVENTS: tuple[type[EventBody], ...] = (OrderRecorded,)
