"""What callers send to the payment provider, and what it shows them."""

import json
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploy.local.sandbox.clock import rfc3339, rfc3339_or_none
from deploy.local.sandbox.store import Row

RefundStatus = Literal["pending", "succeeded", "failed", "reversed"]
AmountMinor = Annotated[int, Field(gt=0, le=10**12, description="minor units of the currency")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217")]
Reference = Annotated[str, Field(min_length=1, max_length=255)]

_FAILURES = {
    "declined_by_issuer": "The customer's bank did not accept the refund.",
    "account_closed": "The account the payment came from is closed.",
    "returned_by_bank": "The customer's bank sent the money back.",
}


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CaptureRequest(_Request):
    """A payment that the shop has taken."""

    amount_minor: AmountMinor
    currency: Currency
    method: Annotated[str, Field(min_length=1, max_length=40)]
    merchant_reference: Reference
    reference: Reference | None = None


class CaptureBatch(_Request):
    """Many payments at once; all are taken or none."""

    payments: Annotated[list[CaptureRequest], Field(min_length=1, max_length=1000)]


class RefundRequest(_Request):
    """Money back on one payment."""

    payment_id: Reference
    amount_minor: AmountMinor
    currency: Currency
    merchant_reference: Reference | None = None
    metadata: dict[str, str] = Field(default_factory=dict, max_length=50)


class ReversalRequest(_Request):
    """Which succeeded refund comes back, and why."""

    refund_id: Reference | None = None
    idempotency_key: Reference | None = None
    failure_code: Annotated[str, Field(min_length=1, max_length=100)] = "returned_by_bank"

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if (self.idempotency_key is None) == (self.refund_id is None):
            raise ValueError("name the refund by idempotency_key or by refund_id")
        return self


def show_payment(row: Row) -> Row:
    """A payment as callers see it."""
    return {
        "id": row["id"],
        "object": "payment",
        "status": "captured",
        "amount_minor": row["amount_minor"],
        "currency": row["currency"],
        "method": row["method"],
        "merchant_reference": row["merchant_reference"],
        "reference": row["reference"],
        "refunded_minor": row["refunded_minor"],
        "refund_pending_minor": row["refund_pending_minor"],
        "refundable_minor": row["amount_minor"] - row["refunded_minor"] - row["refund_pending_minor"],
        "created_at": rfc3339(row["created_ms"]),
    }


def show_refund(row: Row) -> Row:
    """A refund as callers and webhooks see it."""
    code = row["failure_code"]
    return {
        "id": row["id"],
        "object": "refund",
        "status": row["status"],
        "payment_id": row["payment_id"],
        "amount_minor": row["amount_minor"],
        "currency": row["currency"],
        "merchant_reference": row["merchant_reference"],
        "idempotency_key": row["idempotency_key"],
        "metadata": json.loads(row["metadata"]),
        "failure_code": code,
        "failure_message": None if code is None else _FAILURES.get(code, "The refund did not reach the customer."),
        "settlement_reference": row["settlement_reference"],
        "created_at": rfc3339(row["created_ms"]),
        "updated_at": rfc3339(row["updated_ms"]),
        "settled_at": rfc3339_or_none(row["settled_ms"]),
        "reversed_at": rfc3339_or_none(row["reversed_ms"]),
    }


def show_settlement(row: Row) -> Row:
    """A line of the settlement file: ``kind`` and ``at_ms`` say which of a refund's two it is."""
    shown = show_refund(row)
    names = ("payment_id", "merchant_reference", "idempotency_key", "amount_minor", "currency", "settlement_reference")
    mark = "REF" if row["kind"] == "refund" else "REV"
    return {
        "reference": f"{mark}-{row['row_number']:08d}",
        "kind": row["kind"],
        "refund_id": shown["id"],
        **{name: shown[name] for name in names},
        "settled_at": rfc3339(row["at_ms"]),
    }
