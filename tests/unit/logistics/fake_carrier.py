"""A carrier in memory, for unit tests. ``drop_answers`` makes the next bookings happen without an answer."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.logistics.domain.recipient import Recipient
from services.logistics.domain.scans import Scan, ScanStatus
from services.logistics.ports.carrier import (
    Booked,
    CancelNotPossibleError,
    CarrierRefusedError,
    OutboundBooking,
    OutcomeUnknownError,
    OwnParcel,
    ReturnBooking,
    WebhookUnreadableError,
)


class FakeCarrier:
    name = "fake"
    sandbox = True

    def __init__(self) -> None:
        self.bookings: dict[str, tuple[Any, Booked]] = {}
        self.scans: dict[str, list[Scan]] = {}
        self.cancelled: set[str] = set()
        self.drop_answers = 0
        self.calls = 0
        self._numbers = count(1)

    async def book_return(self, booking: ReturnBooking, key: str) -> Booked:
        return self._book(booking, key)

    async def book_outbound(self, booking: OutboundBooking, key: str) -> Booked:
        return self._book(booking, key)

    async def find_booking(self, key: str) -> Booked | None:
        found = self.bookings.get(key)
        return None if found is None else found[1]

    async def follow(self, parcel: OwnParcel, key: str) -> None:
        known = self.bookings.get(key)
        if parcel.waybill in self.scans and (known is None or known[1].waybill != parcel.waybill):
            raise CarrierRefusedError("waybill_taken")
        self.bookings[key] = (parcel, Booked(carrier=parcel.carrier, waybill=parcel.waybill))
        self.scans.setdefault(parcel.waybill, [])

    async def cancel(self, waybill: str) -> None:
        if self.scans.get(waybill):
            raise CancelNotPossibleError
        self.cancelled.add(waybill)

    async def scans_of(self, waybill: str) -> tuple[Scan, ...]:
        return tuple(self.scans.get(waybill, ()))

    def read_webhook(self, body: bytes) -> Scan | None:
        try:
            event = json.loads(body)
            if event["type"] != "shipment.scanned":
                return None
            scan: Scan = self.scans[event["waybill"]][event["number"]]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise WebhookUnreadableError(str(error)) from error
        return scan

    def scan(self, waybill: str, status: ScanStatus) -> None:
        carrier = next(booked.carrier for _, booked in self.bookings.values() if booked.waybill == waybill)
        scans = self.scans[waybill]
        moment = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=len(scans))
        scans.append(Scan(carrier, waybill, f"{waybill}/{len(scans)}", status, moment))

    def recipient_of(self, waybill: str) -> Recipient:
        booking = next(booking for booking, booked in self.bookings.values() if booked.waybill == waybill)
        assert isinstance(booking, OutboundBooking)
        return booking.recipient

    def _book(self, booking: ReturnBooking | OutboundBooking, key: str) -> Booked:
        self.calls += 1
        if key not in self.bookings:
            booked = Booked(carrier=self.name, waybill=f"FK{next(self._numbers):08}")
            self.bookings[key] = (booking, booked)
            self.scans[booked.waybill] = []
        known, booked = self.bookings[key]
        if known != booking or self.drop_answers > 0:
            self.drop_answers = max(self.drop_answers - 1, 0)
            raise OutcomeUnknownError
        return booked
