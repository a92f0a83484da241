"""The carrier's book: bookings and scans. Writing methods work in the caller's transaction."""

import secrets
from typing import Any

from deploy.local.sandbox.carrier.journey import POSSIBLE_SCANS
from deploy.local.sandbox.carrier.models import BookingRequest, ScanRequest, TrackingRequest, show_scan, show_shipment
from deploy.local.sandbox.carrier.refusals import (
    AddressRequiredError,
    CancelNotPossibleError,
    ScanNotPossibleError,
    ShipmentNotFoundError,
    WaybillTakenError,
)
from deploy.local.sandbox.carrier.waybill import waybill_for
from deploy.local.sandbox.clock import now_ms, to_ms
from deploy.local.sandbox.store import Row, Store
from deploy.local.sandbox.webhook_queue import WebhookQueue

_OWN_NAME = "sandbox"
_INSERT = """
INSERT INTO shipment (id, kind, carrier, waybill, status, service, merchant_reference, idempotency_key, parcel, from_postcode, to_address,
  created_ms, updated_ms)
VALUES (:id, :kind, :carrier, :waybill, 'booked', :service, :merchant_reference, :idempotency_key, :parcel, :from_postcode, :to_address,
  :at_ms, :at_ms)
"""


class CarrierBook:
    """Parcels and their scans. ``public_url`` is the beginning of tracking addresses."""

    def __init__(self, store: Store, webhooks: WebhookQueue, public_url: str) -> None:
        self._store = store
        self._webhooks = webhooks
        self._public_url = public_url

    def book(self, wanted: BookingRequest, idempotency_key: str) -> dict[str, Any]:
        """Book a parcel and give it a waybill. Raises AddressRequiredError."""
        if wanted.kind == "outbound" and wanted.to is None:
            raise AddressRequiredError("An outbound parcel needs an address: send to.", "to")
        shipment_id = self._insert(
            kind=wanted.kind,
            carrier=_OWN_NAME,
            service=wanted.service,
            merchant_reference=wanted.merchant_reference,
            idempotency_key=idempotency_key,
            parcel=wanted.parcel.model_dump_json(),
            from_postcode=wanted.from_postcode,
            to_address=None if wanted.to is None else wanted.to.model_dump_json(),
        )
        row = self.row(shipment_id)
        self._store.run("UPDATE shipment SET waybill = ? WHERE id = ?", (waybill_for(wanted.kind, row["row_number"]), shipment_id))
        return self.show(self.row(shipment_id))

    def follow(self, wanted: TrackingRequest, idempotency_key: str) -> dict[str, Any]:
        """Register another carrier's waybill. Raises WaybillTakenError."""
        if self._store.one("SELECT 1 FROM shipment WHERE waybill = ?", (wanted.waybill,)) is not None:
            raise WaybillTakenError(f"The waybill {wanted.waybill} is followed already; look it up by waybill.", "waybill")
        shipment_id = self._insert(
            kind=wanted.kind,
            carrier=wanted.carrier,
            waybill=wanted.waybill,
            merchant_reference=wanted.merchant_reference,
            idempotency_key=idempotency_key,
        )
        return self.show(self.row(shipment_id))

    def _insert(self, **values: str | None) -> str:
        shipment_id = f"shp_{secrets.token_hex(12)}"
        blank = dict.fromkeys(("waybill", "service", "parcel", "from_postcode", "to_address"))
        self._store.run(_INSERT, {**blank, **values, "id": shipment_id, "at_ms": now_ms()})
        return shipment_id

    def scan(self, reference: str, wanted: ScanRequest) -> dict[str, Any]:
        """Write down that a parcel was seen, and tell it. Raises ShipmentNotFoundError, ScanNotPossibleError."""
        row = self.row(reference)
        if wanted.status not in POSSIBLE_SCANS[row["status"]]:
            possible = ", ".join(sorted(POSSIBLE_SCANS[row["status"]])) or "none"
            raise ScanNotPossibleError(
                f"A parcel that is {row['status']} cannot be scanned {wanted.status}; possible: {possible}.", "status"
            )
        at_ms, scan_id = now_ms(), f"scn_{secrets.token_hex(12)}"
        occurred_ms = at_ms if wanted.occurred_at is None else to_ms(wanted.occurred_at)
        self._store.run(
            "INSERT INTO scan (id, shipment_id, sequence, status, place, note, occurred_ms)"
            " SELECT ?, ?, 1 + count(*), ?, ?, ?, ? FROM scan WHERE shipment_id = ?",
            (scan_id, row["id"], wanted.status, wanted.place, wanted.note, occurred_ms, row["id"]),
        )
        self._store.run("UPDATE shipment SET status = ?, updated_ms = ? WHERE id = ?", (wanted.status, at_ms, row["id"]))
        scanned = self._store.one("SELECT * FROM scan WHERE id = ?", (scan_id,))
        self._tell(row, show_scan(scanned or {}))
        return self.show(self.row(row["id"]))

    def _tell(self, row: Row, scan: Row) -> None:
        names = ("waybill", "carrier", "kind", "merchant_reference")
        data = {"shipment_id": row["id"], **{name: row[name] for name in names}, "status": scan["status"], "scan": scan}
        self._webhooks.enqueue("shipment.scanned", row["id"], f"{row['idempotency_key']}/{scan['sequence']}", data)

    def cancel(self, reference: str) -> dict[str, Any]:
        """Take back a booking. Raises ShipmentNotFoundError, CancelNotPossibleError."""
        row = self.row(reference)
        if row["status"] not in ("booked", "cancelled"):
            raise CancelNotPossibleError(f"The parcel is {row['status']} already; only a booked one can be cancelled.")
        if row["status"] == "booked":
            self._store.run("UPDATE shipment SET status = 'cancelled', updated_ms = ? WHERE id = ?", (now_ms(), row["id"]))
        return self.show(self.row(row["id"]))

    def row(self, reference: str) -> Row:
        """The record of a parcel by id or waybill. Raises ShipmentNotFoundError."""
        row = self._store.one("SELECT * FROM shipment WHERE id = ? OR waybill = ?", (reference, reference))
        if row is None:
            raise ShipmentNotFoundError(
                f"There is no shipment {reference}. Send its id or waybill; look it up by idempotency_key if both were lost."
            )
        return row

    def show(self, row: Row) -> dict[str, Any]:
        """A parcel with its scans, as callers see it."""
        scans = self._store.all("SELECT * FROM scan WHERE shipment_id = ? ORDER BY sequence", (row["id"],))
        return show_shipment(row, scans, f"{self._public_url}/track/{row['waybill']}")
