"""Outbound shipments: wanted, reserved, addressed, booked, cancelled, failed (R-RSH-04, R-RSH-05, R-RSH-07)."""

from datetime import datetime
from uuid import UUID

from contracts.identifiers import ReshipId
from contracts.resolution_v1 import ReshipmentCancelled, ReshipmentRequested
from contracts.shipment_v1 import ReshipmentFailed
from services.kit.clock import utc_now
from services.kit.errors import PermanentError
from services.kit.logging import get_logger
from services.kit.postgres import Connection
from services.logistics.adapters import contact_rows, job_rows, parcel_rows, shipment_rows, stock_rows, task_rows
from services.logistics.adapters.job_rows import JobKind
from services.logistics.adapters.task_rows import TaskKind
from services.logistics.domain.shipments import (
    BEFORE_BOOKING,
    BEFORE_HAND_OVER,
    Shipment,
    ShipmentKind,
    ShipmentState,
    demand,
    requested_shipment,
)
from services.logistics.handlers.publishing import about, publish
from services.logistics.handlers.scans import apply_scans
from services.logistics.ports.carrier import Booked

log = get_logger(__name__)


async def request(conn: Connection, event: ReshipmentRequested, *, requested_at: datetime, test: bool) -> None:
    """New goods are to be sent."""
    shipment = requested_shipment(
        **about(event),
        shipment_id=event.reship_id,
        kind=ShipmentKind.RESHIP,
        test=test,
        units=event.units,
        skus=event.skus,
        ship_by=event.ship_by,
        requested_at=requested_at,
    )
    if await shipment_rows.insert(conn, shipment):
        await job_rows.arm(conn, JobKind.SHIPMENT, shipment.shipment_id)


async def cancel(conn: Connection, event: ReshipmentCancelled) -> None:
    """The goods are no longer wanted: stopped, unless the carrier has them (R-CASE-05)."""
    shipment = await shipment_rows.lock(conn, event.reship_id)
    if shipment is None:
        raise PermanentError(
            f"reshipment {event.reship_id} is cancelled but was never requested here: republish the resolution events of this case"
        )
    if shipment.state not in BEFORE_HAND_OVER:
        log.info("shipment.cancelled_too_late", shipment_id=shipment.shipment_id, state=shipment.state)
        return
    await shipment_rows.change(conn, shipment.shipment_id, state=ShipmentState.CANCELLING.value, reason=event.reason)
    await job_rows.arm(conn, JobKind.SHIPMENT, shipment.shipment_id)


async def reserve(conn: Connection, shipment_id: UUID) -> None:
    """Promise the goods to the shipment, or fail it: out of stock (R-RSH-04). Goods taken back are no stock."""
    shipment = await shipment_rows.lock(conn, shipment_id)
    if shipment is None or shipment.state is not ShipmentState.REQUESTED:
        return
    wanted = demand(shipment.units, shipment.skus)
    if await stock_rows.reserve(conn, shipment_id, shipment.merchant_id, wanted):
        await shipment_rows.change(conn, shipment_id, state=ShipmentState.RESERVED.value)
    else:
        await _end(conn, shipment, ShipmentState.FAILED, "out_of_stock")


async def await_address(conn: Connection, shipment_id: UUID, due_at: datetime) -> datetime | None:
    """No address was known: a person is asked, and it is waited until ``due_at`` for one. Gives when to look again; None once it is over.

    An address that came since is not waited for: the shipment is looked at again at once.
    """
    shipment = await shipment_rows.lock(conn, shipment_id)
    if shipment is None or shipment.state not in BEFORE_BOOKING:
        return None
    await contact_rows.lock(conn, shipment.customer_ref)
    if await contact_rows.recipient(conn, shipment.customer_ref) is not None:
        return utc_now()
    if shipment.state is not ShipmentState.WAITING_FOR_ADDRESS:
        await task_rows.open_task(conn, TaskKind.NO_ADDRESS, shipment)
        await shipment_rows.change(conn, shipment_id, state=ShipmentState.WAITING_FOR_ADDRESS.value, address_due_at=due_at)
        return due_at
    if shipment.address_due_at is not None and utc_now() < shipment.address_due_at:
        return shipment.address_due_at
    await _end(conn, shipment, ShipmentState.FAILED, "no_address")
    return None


async def record_booking(conn: Connection, shipment_id: UUID, booked: Booked, *, next_look_up: datetime) -> None:
    """The carrier has booked the shipment."""
    parcel = await parcel_rows.lock_or_make(conn, booked.carrier, booked.waybill)
    shipment = await shipment_rows.lock(conn, shipment_id)
    if shipment is None or shipment.waybill is not None:
        return
    parcel = await parcel_rows.claim(conn, parcel, shipment_id=shipment_id)
    values = {"carrier": booked.carrier, "waybill": booked.waybill}
    if shipment.state in BEFORE_BOOKING:
        values["state"] = ShipmentState.BOOKED.value
        await task_rows.close_tasks(conn, shipment_id)
    await shipment_rows.change(conn, shipment_id, **values)
    await job_rows.arm(conn, JobKind.PARCEL, parcel.parcel_id, next_look_up)
    await apply_scans(conn, parcel)


async def record_cancelled(conn: Connection, shipment_id: UUID) -> None:
    """The carrier will not come: the goods stay, and what was promised is free again."""
    shipment = await shipment_rows.lock(conn, shipment_id)
    if shipment is not None and shipment.state is ShipmentState.CANCELLING:
        await _end(conn, shipment, ShipmentState.CANCELLED, "cancelled")


async def record_cancel_refused(conn: Connection, shipment_id: UUID, carrier: str, waybill: str) -> None:
    """The carrier has the parcel already: it goes on, and its scans will say so. They take their locks in the same order, parcel first."""
    parcel = await parcel_rows.lock_or_make(conn, carrier, waybill)
    shipment = await shipment_rows.lock(conn, shipment_id)
    if shipment is None or shipment.state is not ShipmentState.CANCELLING:
        return
    await shipment_rows.change(conn, shipment_id, state=ShipmentState.BOOKED.value, reason=None)
    await job_rows.arm(conn, JobKind.PARCEL, parcel.parcel_id)
    log.info("shipment.cancel_refused", shipment_id=shipment_id)


async def _end(conn: Connection, shipment: Shipment, state: ShipmentState, reason: str) -> None:
    await stock_rows.release(conn, shipment.shipment_id)
    ended = await shipment_rows.change(conn, shipment.shipment_id, state=state.value, reason=reason)
    if ended.kind is ShipmentKind.RESHIP:
        await task_rows.close_tasks(conn, ended.shipment_id)
        body = ReshipmentFailed(**about(ended), reship_id=ReshipId(ended.shipment_id), reason=reason, failed_at=utc_now())
        await publish(conn, ended, ended.shipment_id, body)
