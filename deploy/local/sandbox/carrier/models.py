"""What callers send to the carrier, and what it shows them."""

import json
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from deploy.local.sandbox.carrier.journey import Kind, ScanStatus
from deploy.local.sandbox.clock import rfc3339
from deploy.local.sandbox.store import Row

Text = Annotated[str, Field(min_length=1, max_length=255)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
Service = Literal["economy", "standard", "express"]
WeightGrams = Annotated[int, Field(gt=0, le=50_000)]
LengthMm = Annotated[int | None, Field(gt=0, le=3000)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Parcel(_Request):
    """What is carried."""

    weight_grams: WeightGrams
    length_mm: LengthMm = None
    width_mm: LengthMm = None
    height_mm: LengthMm = None
    contents: Text | None = None


class Address(_Request):
    """Where it goes."""

    name: Text
    phone: Text | None = None
    lines: Annotated[list[Text], Field(min_length=1, max_length=4)]
    city: Text
    region: Text | None = None
    postcode: Text | None = None
    country: Country


class BookingRequest(_Request):
    """A parcel to be carried: back to the shop, or out to a customer."""

    kind: Kind
    merchant_reference: Text
    service: Service = "standard"
    parcel: Parcel
    from_postcode: Text | None = None
    to: Address | None = None


class TrackingRequest(_Request):
    """Another carrier's parcel that shall be followed here."""

    kind: Kind
    carrier: Text
    waybill: Annotated[str, Field(pattern="^[A-Za-z0-9-]{6,40}$")]
    merchant_reference: Text


class ScanRequest(_Request):
    """Somebody saw the parcel."""

    status: ScanStatus
    place: Text | None = None
    note: Text | None = None
    # Strict mode would want a datetime object, which JSON has not.
    occurred_at: Annotated[AwareDatetime | None, Field(strict=False)] = None


def show_scan(row: Row) -> Row:
    """A scan as callers and webhooks see it."""
    shown = {name: row[name] for name in ("id", "sequence", "status", "place", "note")}
    return {**shown, "occurred_at": rfc3339(row["occurred_ms"])}


def show_shipment(row: Row, scans: list[Row], tracking_url: str) -> dict[str, Any]:
    """A parcel as callers see it."""
    return {
        "id": row["id"],
        "object": "shipment",
        "kind": row["kind"],
        "carrier": row["carrier"],
        "waybill": row["waybill"],
        "tracking_url": tracking_url,
        "status": row["status"],
        "service": row["service"],
        "merchant_reference": row["merchant_reference"],
        "idempotency_key": row["idempotency_key"],
        "parcel": _loaded(row["parcel"]),
        "from_postcode": row["from_postcode"],
        "to": _loaded(row["to_address"]),
        "scans": [show_scan(scan) for scan in scans],
        "created_at": rfc3339(row["created_ms"]),
        "updated_at": rfc3339(row["updated_ms"]),
    }


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)
