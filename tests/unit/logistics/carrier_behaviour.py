"""What every carrier behind the port does: run on the fake and on the real sandbox carrier."""

from typing import Protocol
from uuid import uuid4

import pytest

from services.logistics.domain.recipient import Recipient
from services.logistics.domain.scans import ScanStatus
from services.logistics.ports.carrier import (
    Booked,
    CancelNotPossibleError,
    Carrier,
    CarrierRefusedError,
    OutboundBooking,
    OutcomeUnknownError,
    OwnParcel,
    ReturnBooking,
    WebhookUnreadableError,
)

RECIPIENT = Recipient(name="A. Customer", phone="+441132960000", lines=("1 High Street", "Leeds"), postcode="LS1 1AA", country="GB")


class CarrierWorld(Protocol):
    """A carrier with the world around it."""

    @property
    def carrier(self) -> Carrier:
        """The carrier behind the port."""
        ...

    async def scan(self, waybill: str, status: ScanStatus) -> None:
        """Somebody sees the parcel."""
        ...

    async def webhook_of_last_scan(self, waybill: str) -> bytes:
        """What the carrier sent about the last scan."""
        ...

    async def recipient_of(self, waybill: str) -> Recipient:
        """Where the parcel goes, by the carrier's own record."""
        ...


def a_return(reference: str = "rma-1", weight_grams: int = 900) -> ReturnBooking:
    return ReturnBooking(reference=reference, weight_grams=weight_grams, prepaid=True)


class CarrierBehaviour:
    """Subclass it with a fixture ``world``."""

    async def book(self, world: CarrierWorld) -> Booked:
        return await world.carrier.book_return(a_return(), uuid4().hex)

    async def test_the_same_key_gives_the_same_waybill_again(self, world: CarrierWorld) -> None:
        key = uuid4().hex
        first = await world.carrier.book_return(a_return(), key)
        assert await world.carrier.book_return(a_return(), key) == first

    async def test_another_key_is_another_parcel(self, world: CarrierWorld) -> None:
        assert (await self.book(world)).waybill != (await self.book(world)).waybill

    async def test_a_booking_is_found_by_its_key_and_an_unknown_key_finds_nothing(self, world: CarrierWorld) -> None:
        key = uuid4().hex
        assert await world.carrier.find_booking(key) is None
        assert await world.carrier.book_return(a_return(), key) == await world.carrier.find_booking(key)

    async def test_another_booking_under_a_used_key_has_an_unknown_outcome_which_look_up_solves(self, world: CarrierWorld) -> None:
        key = uuid4().hex
        first = await world.carrier.book_return(a_return(weight_grams=900), key)
        with pytest.raises(OutcomeUnknownError):
            await world.carrier.book_return(a_return(weight_grams=901), key)
        assert await world.carrier.find_booking(key) == first

    async def test_an_outbound_parcel_goes_where_the_customer_lives(self, world: CarrierWorld) -> None:
        booking = OutboundBooking(reference="ship-1", weight_grams=500, recipient=RECIPIENT)
        booked = await world.carrier.book_outbound(booking, uuid4().hex)
        assert await world.recipient_of(booked.waybill) == RECIPIENT

    async def test_a_booking_can_be_cancelled_and_cancelled_again(self, world: CarrierWorld) -> None:
        booked = await self.book(world)
        await world.carrier.cancel(booked.waybill)
        await world.carrier.cancel(booked.waybill)

    async def test_a_parcel_handed_in_cannot_be_cancelled(self, world: CarrierWorld) -> None:
        booked = await self.book(world)
        await world.scan(booked.waybill, ScanStatus.HANDED_IN)
        with pytest.raises(CancelNotPossibleError):
            await world.carrier.cancel(booked.waybill)

    async def test_scans_are_looked_up_oldest_first(self, world: CarrierWorld) -> None:
        booked = await self.book(world)
        for status in (ScanStatus.HANDED_IN, ScanStatus.IN_TRANSIT, ScanStatus.DELIVERED):
            await world.scan(booked.waybill, status)
        scans = await world.carrier.scans_of(booked.waybill)
        assert [scan.status for scan in scans] == [ScanStatus.HANDED_IN, ScanStatus.IN_TRANSIT, ScanStatus.DELIVERED]
        assert {(scan.carrier, scan.waybill) for scan in scans} == {(booked.carrier, booked.waybill)}

    async def test_an_unknown_waybill_has_no_scans(self, world: CarrierWorld) -> None:
        assert await world.carrier.scans_of("CR999999999ZZ") == ()

    async def test_a_webhook_tells_the_scan_that_look_up_shows(self, world: CarrierWorld) -> None:
        booked = await self.book(world)
        await world.scan(booked.waybill, ScanStatus.HANDED_IN)
        body = await world.webhook_of_last_scan(booked.waybill)
        assert world.carrier.read_webhook(body) == (await world.carrier.scans_of(booked.waybill))[-1]

    async def test_other_webhooks_tell_no_scan_and_nonsense_is_unreadable(self, world: CarrierWorld) -> None:
        assert world.carrier.read_webhook(b'{"type": "shipment.weighed", "data": {}}') is None
        for nonsense in (b"{", b"[]", b'{"type": "shipment.scanned", "data": {"scan": {}}}', b"\xff"):
            with pytest.raises(WebhookUnreadableError):
                world.carrier.read_webhook(nonsense)

    async def test_another_carriers_parcel_can_be_followed_once(self, world: CarrierWorld) -> None:
        waybill = f"RM{uuid4().int % 10**9:09}GB"
        parcel, key = OwnParcel(reference="rma-2", carrier="Royal Mail", waybill=waybill), uuid4().hex
        await world.carrier.follow(parcel, key)
        await world.carrier.follow(parcel, key)
        with pytest.raises(CarrierRefusedError):
            await world.carrier.follow(parcel, uuid4().hex)
        await world.scan(waybill, ScanStatus.HANDED_IN)
        assert [scan.carrier for scan in await world.carrier.scans_of(waybill)] == ["Royal Mail"]
