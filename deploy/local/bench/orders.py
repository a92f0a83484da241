"""Orders to measure with: three mugs, delivered and paid, as a storefront sends them and as the platform keeps them."""

from datetime import datetime, timedelta
from typing import Any

from contracts.identifiers import MerchantId
from contracts.merchant import Merchant
from contracts.storefront_v1 import OrderSnapshot
from services.intake.domain.orders import OrderRow, prepare
from services.kit.clock import utc_now

MERCHANT = MerchantId("high-street")
"""Its limits are those of life: nothing lapses while something is measured."""
UNITS, PRICE_MINOR = 3, 1275


def a_snapshot(number: str, payment: str = "pay_0001", *, shipped: bool = True, now: datetime | None = None) -> dict[str, Any]:
    """The order as the storefront sends it. ``payment`` is the provider's reference; ``shipped`` False leaves it in the warehouse."""
    delivered = (now or utc_now()) - timedelta(days=3)
    placed = (delivered - timedelta(days=2)).isoformat()
    shipment = {
        "shipment_id": "s1",
        "shipped_at": placed,
        "delivered_at": delivered.isoformat(),
        "lines": [{"line_id": "1", "quantity": UNITS}],
    }
    paid = {"payment_id": "p1", "provider": "sandbox", "provider_reference": payment, "method": "card"}
    return {
        "number": number,
        "order_version": 1,
        "status": "delivered" if shipped else "paid",
        "currency": "GBP",
        "customer_id": f"c-{number}",
        "placed_at": placed,
        "paid_at": placed,
        "lines": [{"line_id": "1", "sku": "22993", "name": "Mug", "quantity": UNITS, "amount_minor": PRICE_MINOR}],
        "shipments": [shipment] if shipped else [],
        "payments": [paid | {"captured_minor": PRICE_MINOR, "captured_at": placed}],
        "contact": {
            "name": "Ann Example",
            "email": f"{number.lower()}@customers.example",
            "phone": "+447700900123",
            "postcode": "EX4 4PL",
            "country": "GB",
            "address_lines": ["1 Market Street", "Exeter"],
            "locale": "en",
        },
    }


def order_row(merchant: Merchant, snapshot: dict[str, Any]) -> OrderRow:
    """What intake keeps of a snapshot, without the hashes of its contact."""
    prepared = prepare(merchant.merchant_id, OrderSnapshot.model_validate(snapshot))
    return OrderRow(prepared.order, b"", None, "en")
