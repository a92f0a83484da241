"""What a storefront sends: order snapshots with their contact block, by webhook, by ``PUT``, on ``storefront.order.v1`` or as a back-fill.

Only intake reads these. They may carry personal data, so nothing else does.
"""

from typing import Annotated

from pydantic import ConfigDict, Field

from contracts.base import CurrencyCode, Model, Moment
from contracts.order_v1 import FreightCharge, OrderDiscount, OrderLine, OrderStatus, Payment, Reference, Shipment


class Contact(Model):
    """How to reach the customer, and where goods go. Personal data: it leaves intake only sealed, in a contact event."""

    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=254)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    address_lines: tuple[Annotated[str, Field(max_length=200)], ...] = ()
    postcode: Annotated[str, Field(max_length=20)] | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    locale: Annotated[str, Field(max_length=20)] | None = None


class OrderSnapshot(Model):
    """A whole snapshot of an order as the storefront knows it.

    ``order_version`` rises with every change; the highest wins. ``customer_id`` is the storefront's own id of the customer. Unknown fields
    are refused here, so that a misspelt one is not lost without a trace.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Reference
    order_version: Annotated[int, Field(ge=1, le=2**53)]
    status: OrderStatus
    currency: CurrencyCode
    customer_id: Reference
    placed_at: Moment
    paid_at: Moment | None = None
    tax_included: bool = True
    lines: Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=2_000)]
    discounts: tuple[OrderDiscount, ...] = ()
    freight: tuple[FreightCharge, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    payments: tuple[Payment, ...] = ()
    contact: Contact | None = None
