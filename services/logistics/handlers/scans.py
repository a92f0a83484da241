"""What a carrier's scans mean for returns and outbound shipments. Every transition is guarded by the state, so repeats change nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from contracts.identifiers import ReshipId
from contracts.shipment_v1 import ReshipmentDelivered, ReshipmentFailed, ReshipmentShipped, ReturnInTransit, ReturnLost
from services.kit.logging import get_logger
from services.kit.postgres import Connection
from services.logistics.adapters import job_rows, parcel_rows, return_rows, shipment_rows, stock_rows
from services.logistics.adapters.job_rows import JobKind
from services.logistics.adapters.parcel_rows import Parcel
from services.logistics.domain.returns import NOT_HANDED_IN, Return, ReturnState
from services.logistics.domain.scans import ParcelProgress, Scan, fold
from services.logistics.domain.shipments import BEFORE_HAND_OVER, Shipment, ShipmentKind, ShipmentState
from services.logistics.handlers.publishing import about, publish

log = get_logger(__name__)


async def take_scans(conn: Connection, carrier: str, waybill: str, scans: Sequence[Scan]) -> None:
    """Keep scans of one parcel and do what they mean. Known ones change nothing; those of an unknown waybill wait for its booking."""
    parcel = await parcel_rows.lock_or_make(conn, carrier, waybill)
    added = [await parcel_rows.add_scan(conn, scan) for scan in scans]
    if any(added):
        await apply_scans(conn, parcel)


async def apply_scans(conn: Connection, parcel: Parcel) -> None:
    """Bring the owner of a locked parcel to where all its scans say it is."""
    progress = fold(await parcel_rows.scans(conn, parcel))
    if progress.last_scan_at is None:
        return
    if parcel.lost_at is not None and progress.lost_at is None and progress.delivered_at is None:
        if progress.last_scan_at > parcel.lost_at:
            await job_rows.arm(conn, JobKind.PARCEL, parcel.parcel_id)  # found again: to be followed again
        else:
            progress = replace(progress, lost_at=parcel.lost_at)  # a late word of an older scan finds nothing
    await parcel_rows.save_progress(conn, parcel, progress)
    if parcel.rma_id is not None:
        ret = await return_rows.lock(conn, parcel.rma_id)
        if ret is not None:
            await _move_return(conn, ret, parcel, progress)
    elif parcel.shipment_id is not None:
        shipment = await shipment_rows.lock(conn, parcel.shipment_id)
        if shipment is not None:
            await _move_shipment(conn, shipment, progress)


async def declare_lost(conn: Connection, parcel: Parcel, lost_at: datetime) -> None:
    """Nobody saw a parcel under way for too long (R-RTN-06)."""
    await parcel_rows.set_lost(conn, parcel, lost_at)
    if parcel.rma_id is not None:
        ret = await return_rows.lock(conn, parcel.rma_id)
        if ret is not None:
            await _lose_return(conn, ret, parcel, lost_at)
    elif parcel.shipment_id is not None:
        shipment = await shipment_rows.lock(conn, parcel.shipment_id)
        if shipment is not None and shipment.state is ShipmentState.SHIPPED:
            await _lose_shipment(conn, shipment, lost_at)


async def _move_return(conn: Connection, ret: Return, parcel: Parcel, progress: ParcelProgress) -> None:
    handed_in_at = progress.handed_in_at
    if handed_in_at is None:
        return
    if ret.state in NOT_HANDED_IN:
        ret = await return_rows.change(
            conn, ret.rma_id, state=ReturnState.IN_TRANSIT.value, in_transit_at=handed_in_at, carrier=parcel.carrier, waybill=parcel.waybill
        )
        body = ReturnInTransit(**about(ret), rma_id=ret.rma_id, carrier=parcel.carrier, waybill=parcel.waybill, scanned_at=handed_in_at)
        await publish(conn, ret, ret.rma_id, body)
    if progress.lost_at is not None:
        await _lose_return(conn, ret, parcel, progress.lost_at)
    elif ret.state is ReturnState.LOST:
        await return_rows.change(conn, ret.rma_id, state=ReturnState.IN_TRANSIT.value, lost_at=None)
        log.info("return.found_again", rma_id=ret.rma_id)


async def _lose_return(conn: Connection, ret: Return, parcel: Parcel, lost_at: datetime) -> None:
    if ret.state is not ReturnState.IN_TRANSIT or ret.waybill != parcel.waybill:
        return
    lost = await return_rows.change(conn, ret.rma_id, state=ReturnState.LOST.value, lost_at=lost_at)
    body = ReturnLost(
        **about(lost),
        rma_id=ret.rma_id,
        carrier=parcel.carrier,
        waybill=parcel.waybill,
        merchant_arranged=parcel.merchant_arranged,
        lost_at=lost_at,
    )
    await publish(conn, lost, ret.rma_id, body)


async def _move_shipment(conn: Connection, shipment: Shipment, progress: ParcelProgress) -> None:
    handed_in_at = progress.handed_in_at
    if handed_in_at is not None and shipment.state in BEFORE_HAND_OVER:
        shipment = await _hand_over(conn, shipment, handed_in_at)
    if progress.delivered_at is not None and shipment.state in {ShipmentState.SHIPPED, ShipmentState.LOST}:
        shipment = await shipment_rows.change(
            conn, shipment.shipment_id, state=ShipmentState.DELIVERED.value, delivered_at=progress.delivered_at, reason=None
        )
        if shipment.kind is ShipmentKind.RESHIP:
            delivered = ReshipmentDelivered(
                **about(shipment),
                reship_id=ReshipId(shipment.shipment_id),
                waybill=shipment.waybill or "",
                delivered_at=progress.delivered_at,
            )
            await publish(conn, shipment, shipment.shipment_id, delivered)
    elif progress.lost_at is not None and shipment.state is ShipmentState.SHIPPED:
        await _lose_shipment(conn, shipment, progress.lost_at)
    elif progress.lost_at is None and shipment.state is ShipmentState.LOST:
        await shipment_rows.change(conn, shipment.shipment_id, state=ShipmentState.SHIPPED.value, reason=None)


async def _hand_over(conn: Connection, shipment: Shipment, shipped_at: datetime) -> Shipment:
    await stock_rows.consume(conn, shipment.shipment_id)
    shipped = await shipment_rows.change(conn, shipment.shipment_id, state=ShipmentState.SHIPPED.value, shipped_at=shipped_at, reason=None)
    if shipped.kind is ShipmentKind.RESHIP:
        body = ReshipmentShipped(
            **about(shipped),
            reship_id=ReshipId(shipped.shipment_id),
            carrier=shipped.carrier or "",
            waybill=shipped.waybill or "",
            shipped_at=shipped_at,
        )
        await publish(conn, shipped, shipped.shipment_id, body)
    return shipped


async def _lose_shipment(conn: Connection, shipment: Shipment, lost_at: datetime) -> None:
    lost = await shipment_rows.change(conn, shipment.shipment_id, state=ShipmentState.LOST.value, reason="lost")
    if lost.kind is ShipmentKind.RESHIP:
        body = ReshipmentFailed(**about(lost), reship_id=ReshipId(lost.shipment_id), reason="lost", failed_at=lost_at)
        await publish(conn, lost, lost.shipment_id, body)
