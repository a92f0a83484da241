"""The sandbox carrier over HTTP (docs/sandbox.md)."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import httpx2

from services.logistics.domain.recipient import Recipient
from services.logistics.domain.scans import Scan, ScanStatus
from services.logistics.ports.carrier import (
    Booked,
    CancelNotPossibleError,
    CarrierRefusedError,
    CarrierUnavailableError,
    OutboundBooking,
    OutcomeUnknownError,
    OwnParcel,
    ReturnBooking,
    WebhookUnreadableError,
)

NAME: Final = "sandbox"
MOST_ADDRESS_LINES: Final = 4
LONGEST_TEXT: Final = 255
HEAVIEST_GRAMS: Final = 50_000
NOT_NOW: Final = frozenset({401, 403, 408, 425, 429})
"""Answers that say nothing about the booking: a wrong key, or too much at once."""
SERVER_ERROR: Final = 500


class SandboxCarrier:
    """A carrier whose parcels are play."""

    name = NAME
    sandbox = True

    def __init__(self, url: str, api_key: str, timeout_seconds: float = 10.0) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url, headers={"authorization": f"Bearer {api_key}"}, timeout=timeout_seconds, trust_env=False
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def book_return(self, booking: ReturnBooking, key: str) -> Booked:
        """See the port."""
        return await self._book({"kind": "return", "merchant_reference": booking.reference, "parcel": _parcel(booking.weight_grams)}, key)

    async def book_outbound(self, booking: OutboundBooking, key: str) -> Booked:
        """See the port."""
        body = {
            "kind": "outbound",
            "merchant_reference": booking.reference,
            "parcel": _parcel(booking.weight_grams),
            "to": _address(booking.recipient),
        }
        return await self._book(body, key)

    async def find_booking(self, key: str) -> Booked | None:
        """See the port."""
        found = (await self._get("/v1/shipments", {"idempotency_key": key}))["data"]
        return _booked(found[0]) if found else None

    async def follow(self, parcel: OwnParcel, key: str) -> None:
        """See the port."""
        body = {"kind": "return", "carrier": parcel.carrier, "waybill": parcel.waybill, "merchant_reference": parcel.reference}
        await self._post("/v1/trackings", body, key)

    async def cancel(self, waybill: str) -> None:
        """See the port."""
        try:
            await self._post(f"/v1/shipments/{waybill}/cancel", None, None)
        except CarrierRefusedError as refusal:
            if refusal.code == "cancel_not_possible":
                raise CancelNotPossibleError from refusal
            raise

    async def scans_of(self, waybill: str) -> tuple[Scan, ...]:
        """See the port."""
        found = (await self._get("/v1/shipments", {"waybill": waybill}))["data"]
        return tuple(_scan(shipment, scan) for shipment in found for scan in shipment["scans"])

    def read_webhook(self, body: bytes) -> Scan | None:
        """See the port."""
        try:
            event = json.loads(body)
            if event["type"] != "shipment.scanned":
                return None
            return _scan(event["data"], event["data"]["scan"])
        except (ValueError, KeyError, TypeError) as error:
            raise WebhookUnreadableError(type(error).__name__) from error

    async def _book(self, body: dict[str, Any], key: str) -> Booked:
        try:
            return _booked(await self._post("/v1/shipments", {"service": "standard", **body}, key))
        except CarrierRefusedError as refusal:
            if refusal.code == "idempotency_conflict":
                # Something else was booked under the key (an address that has changed since): what it was can be looked up.
                raise OutcomeUnknownError from refusal
            raise

    async def _post(self, path: str, body: dict[str, Any] | None, key: str | None) -> Any:
        headers = {} if key is None else {"idempotency-key": key}
        try:
            answer = await self._http.post(path, json=body, headers=headers)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise CarrierUnavailableError(type(error).__name__) from error
        except httpx2.HTTPError as error:
            raise OutcomeUnknownError(type(error).__name__) from error
        return _read(answer, OutcomeUnknownError)

    async def _get(self, path: str, parameters: dict[str, str]) -> Any:
        try:
            answer = await self._http.get(path, params=parameters)
        except httpx2.HTTPError as error:
            raise CarrierUnavailableError(type(error).__name__) from error
        return _read(answer, CarrierUnavailableError)


def _read(answer: httpx2.Response, if_broken: Callable[[str], CarrierUnavailableError]) -> Any:
    if answer.status_code >= SERVER_ERROR:
        raise if_broken(f"status {answer.status_code}")
    if answer.status_code in NOT_NOW:
        raise CarrierUnavailableError(f"status {answer.status_code}")
    try:
        content = answer.json()
        if answer.is_success:
            return content
        code = str(content["error"]["code"])
    except (ValueError, KeyError, TypeError) as error:
        raise if_broken(f"status {answer.status_code}, unreadable") from error
    # What the carrier says beside its code may repeat an address.
    raise CarrierRefusedError(code)


def _parcel(weight_grams: int) -> dict[str, int]:
    return {"weight_grams": max(1, min(weight_grams, HEAVIEST_GRAMS))}


def _address(recipient: Recipient) -> dict[str, Any]:
    lines = list(recipient.lines)
    if len(lines) > MOST_ADDRESS_LINES:
        lines[MOST_ADDRESS_LINES - 1 :] = [", ".join(lines[MOST_ADDRESS_LINES - 1 :])[:LONGEST_TEXT]]
    return {
        "name": recipient.name,
        "phone": recipient.phone or None,
        "lines": lines,
        "city": recipient.city,
        "postcode": recipient.postcode or None,
        "country": recipient.country,
    }


def _booked(shipment: Any) -> Booked:
    return Booked(carrier=str(shipment["carrier"]), waybill=str(shipment["waybill"]))


def _scan(shipment: Any, scan: Any) -> Scan:
    occurred_at = datetime.fromisoformat(scan["occurred_at"])
    if occurred_at.tzinfo is None:
        raise ValueError("a scan without an offset")
    return Scan(str(shipment["carrier"]), str(shipment["waybill"]), str(scan["id"]), ScanStatus(scan["status"]), occurred_at)
