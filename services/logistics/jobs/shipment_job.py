"""What an outbound shipment needs: stock, an address, a carrier; or its cancellation (R-RSH-04, R-RSH-05, R-RSH-07)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.kit.clock import utc_now
from services.kit.logging import get_logger
from services.kit.postgres import Pool, transaction
from services.logistics.adapters import contact_rows, shipment_rows, task_rows
from services.logistics.adapters.carriers import Carriers
from services.logistics.adapters.task_rows import TaskKind
from services.logistics.domain.recipient import Recipient
from services.logistics.domain.shipments import BEFORE_BOOKING, Shipment, ShipmentState, booking_key
from services.logistics.handlers import shipments
from services.logistics.jobs.booking import book_once
from services.logistics.ports.carrier import Booked, CancelNotPossibleError, CarrierRefusedError, OutboundBooking

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ShipmentJob:
    """``address_wait`` bounds the wait for an address, ``track_every`` is the time to the first look-up of a booked parcel."""

    pool: Pool
    carriers: Carriers
    address_wait: timedelta
    track_every: timedelta
    unit_weight_grams: int

    async def run(self, shipment_id: UUID) -> datetime | None:
        """Do what the shipment's state asks for; gives when to look again. Raises ``CarrierUnavailableError``: try again later."""
        shipment = await shipment_rows.get(self.pool, shipment_id)
        if shipment is not None and shipment.state is ShipmentState.REQUESTED:
            async with transaction(self.pool) as conn:
                await shipments.reserve(conn, shipment_id)
            shipment = await shipment_rows.get(self.pool, shipment_id)
        if shipment is None:
            return None
        if shipment.state is ShipmentState.CANCELLING:
            await self._cancel(shipment)
            return None
        if shipment.state not in BEFORE_BOOKING:
            return None
        recipient = await contact_rows.recipient(self.pool, shipment.customer_ref)
        if recipient is None:
            async with transaction(self.pool) as conn:
                return await shipments.await_address(conn, shipment_id, utc_now() + self.address_wait)
        await self._book(shipment, recipient)
        return None

    async def _book(self, shipment: Shipment, recipient: Recipient) -> None:
        carrier = self.carriers.of_merchant(shipment.merchant_id)
        if carrier is None:
            await self._ask(shipment, TaskKind.NO_CARRIER)
            return
        async with transaction(self.pool) as conn:
            await shipment_rows.change(conn, shipment.shipment_id, booking_begun=True)
        # Whose address went out, and for which parcel, is on record; the address itself is not (R-SEC-05).
        log.info("contact.used", customer_ref=shipment.customer_ref, shipment_id=shipment.shipment_id, carrier=carrier.name)
        booking = OutboundBooking(
            reference=str(shipment.shipment_id), weight_grams=shipment.total_units * self.unit_weight_grams, recipient=recipient
        )

        async def book(key: str) -> Booked:
            return await carrier.book_outbound(booking, key)

        try:
            booked = await book_once(
                carrier, booking_key(shipment.shipment_id, shipment.booking_attempt), book, begun_before=shipment.booking_begun
            )
        except CarrierRefusedError as refusal:
            await self._ask(shipment, TaskKind.BOOKING_REFUSED, refusal.code)
            return
        async with transaction(self.pool) as conn:
            await shipments.record_booking(conn, shipment.shipment_id, booked, next_look_up=utc_now() + self.track_every)

    async def _cancel(self, shipment: Shipment) -> None:
        carrier = self.carriers.of_merchant(shipment.merchant_id)
        if carrier is not None and shipment.booking_begun:
            waybill = shipment.waybill
            if waybill is None:
                booked = await carrier.find_booking(booking_key(shipment.shipment_id, shipment.booking_attempt))
                if booked is not None:
                    waybill = booked.waybill
                    async with transaction(self.pool) as conn:
                        await shipments.record_booking(conn, shipment.shipment_id, booked, next_look_up=utc_now() + self.track_every)
            if waybill is not None:
                try:
                    await carrier.cancel(waybill)
                except CancelNotPossibleError:
                    async with transaction(self.pool) as conn:
                        await shipments.record_cancel_refused(conn, shipment.shipment_id, shipment.carrier or carrier.name, waybill)
                    return
                except CarrierRefusedError as refusal:
                    # The carrier knows of no such booking, so there is nothing that could leave.
                    log.warning("shipment.cancel_refused", shipment_id=shipment.shipment_id, code=refusal.code)
        async with transaction(self.pool) as conn:
            await shipments.record_cancelled(conn, shipment.shipment_id)

    async def _ask(self, shipment: Shipment, kind: TaskKind, detail: str = "") -> None:
        log.warning("shipment.task", shipment_id=shipment.shipment_id, kind=kind, detail=detail)
        async with transaction(self.pool) as conn:
            await task_rows.open_task(conn, kind, shipment, detail)
