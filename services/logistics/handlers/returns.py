"""Returns as the platform and the customer tell of them: authorised, sent with a carrier of the customer's own choice, closed."""

from datetime import datetime, timedelta

from contracts.case_v1 import ReturnShipped
from contracts.resolution_v1 import ReturnAuthorised, ReturnClosed
from contracts.shipment_v1 import ReturnInTransit, ReturnLabelCreated
from services.kit.errors import PermanentError
from services.kit.logging import get_logger
from services.kit.postgres import Connection
from services.logistics.adapters import job_rows, parcel_rows, return_rows, shipment_rows
from services.logistics.adapters.job_rows import JobKind
from services.logistics.adapters.parcel_rows import Parcel
from services.logistics.domain.returns import BEFORE_ARRIVAL, NOT_HANDED_IN, Return, ReturnState
from services.logistics.domain.shipments import ShipmentKind, requested_shipment, take_back_id
from services.logistics.handlers.label_links import LabelLinks
from services.logistics.handlers.publishing import about, publish
from services.logistics.handlers.scans import apply_scans
from services.logistics.ports.carrier import Booked

log = get_logger(__name__)

TAKE_BACK_WITHIN = timedelta(hours=48)
"""When goods taken back are to leave: R-SLA-13 bounds how long returned goods wait."""


async def authorise(conn: Connection, event: ReturnAuthorised, *, authorised_at: datetime, test: bool) -> None:
    """The customer may send goods back: a label is to be made (R-RTN-01)."""
    await return_rows.lock_case(conn, event.case_id)
    if not await return_rows.insert(conn, event, authorised_at=authorised_at, test=test):
        return
    await job_rows.arm(conn, JobKind.RETURN, event.rma_id)
    declared = await return_rows.take_declared_parcel(conn, event.case_id)
    ret = await return_rows.lock(conn, event.rma_id)
    if declared is not None and ret is not None:
        carrier, waybill, shipped_at = declared
        await _declare(conn, ret, await parcel_rows.lock_or_make(conn, carrier, waybill), shipped_at)


async def declare_own_parcel(conn: Connection, event: ReturnShipped) -> None:
    """The customer named carrier and waybill: the parcel counts as handed in (R-RTN-02)."""
    await return_rows.lock_case(conn, event.case_id)
    # The parcel is locked before the return, as webhooks do, so that the two never wait for each other.
    parcel = await parcel_rows.lock_or_make(conn, event.carrier, event.waybill)
    ret = await return_rows.lock_newest_of_case(conn, event.case_id)
    if ret is None or (ret.state is ReturnState.CLOSED and ret.receipt_id is None):
        await return_rows.declare_parcel(conn, event.case_id, event.carrier, event.waybill, event.shipped_at)
        return
    await _declare(conn, ret, parcel, event.shipped_at)


async def _declare(conn: Connection, ret: Return, parcel: Parcel, shipped_at: datetime) -> None:
    if ret.state not in BEFORE_ARRIVAL:
        log.info("return.own_parcel_ignored", rma_id=ret.rma_id, state=ret.state)
        return
    own = parcel.waybill != ret.label_waybill
    if own and ret.state is ReturnState.IN_TRANSIT and not ret.own_parcel:
        log.warning("return.own_parcel_ignored", rma_id=ret.rma_id, state=ret.state)  # the carrier has it under our label already
        return
    foreign = own and (parcel.shipment_id is not None or parcel.rma_id not in {None, ret.rma_id})
    if foreign:
        # Somebody else's waybill: it is written down as said, but its scans stay with whom they belong to.
        log.warning("return.own_parcel_taken", rma_id=ret.rma_id, parcel_id=parcel.parcel_id)
    elif own:
        parcel = await parcel_rows.claim(
            conn, parcel, rma_id=ret.rma_id, merchant_arranged=False, followed=parcel.followed, underway_since=shipped_at
        )
        await job_rows.arm(conn, JobKind.PARCEL, parcel.parcel_id)
    changed = await return_rows.change(
        conn,
        ret.rma_id,
        own_parcel=own,
        carrier=parcel.carrier if own else ret.label_carrier,
        waybill=parcel.waybill,
        state=ReturnState.IN_TRANSIT.value,
        in_transit_at=ret.in_transit_at or shipped_at,
    )
    if own:
        await job_rows.arm(conn, JobKind.RETURN, ret.rma_id)  # a label that was made meanwhile is not needed
    body = ReturnInTransit(
        **about(changed), rma_id=ret.rma_id, carrier=changed.carrier or "", waybill=parcel.waybill, scanned_at=shipped_at
    )
    await publish(conn, changed, ret.rma_id, body)
    if own and not foreign:
        await apply_scans(conn, parcel)


async def record_label(conn: Connection, ret: Return, booked: Booked, links: LabelLinks, *, next_look_up: datetime) -> None:
    """The carrier has booked. A return that still waits for its label gets it; for another the booking is only remembered, to be cancelled."""
    parcel = await parcel_rows.lock_or_make(conn, booked.carrier, booked.waybill)
    now = await return_rows.lock(conn, ret.rma_id)
    if now is None or now.label_waybill is not None:
        return
    parcel = await parcel_rows.claim(conn, parcel, rma_id=now.rma_id)
    expires_at = links.expiry_for(now.ship_by)
    wanted = now.state is ReturnState.AUTHORISED
    changed = await return_rows.change(
        conn, now.rma_id, label_carrier=booked.carrier, label_waybill=booked.waybill, label_expires_at=expires_at, label_cancelled=False
    )
    if not wanted:
        return
    changed = await return_rows.change(conn, now.rma_id, state=ReturnState.LABELLED.value, carrier=booked.carrier, waybill=booked.waybill)
    await job_rows.arm(conn, JobKind.PARCEL, parcel.parcel_id, next_look_up)
    body = ReturnLabelCreated(
        **about(changed),
        rma_id=now.rma_id,
        carrier=booked.carrier,
        waybill=booked.waybill,
        label_url=links.url(now.rma_id, expires_at),
        ship_by=now.ship_by,
    )
    await publish(conn, changed, now.rma_id, body)
    await apply_scans(conn, parcel)


async def close(conn: Connection, event: ReturnClosed, *, closed_at: datetime) -> None:
    """The case is done with the return; goods that are taken back go out again, at the customer's cost (R-RTN-05 a)."""
    ret = await return_rows.lock(conn, event.rma_id)
    if ret is None:
        raise PermanentError(f"return {event.rma_id} is closed but was never authorised here: republish the resolution events of this case")
    if ret.closed_result is not None:
        return
    if ret.state in NOT_HANDED_IN:
        await job_rows.arm(conn, JobKind.RETURN, ret.rma_id)  # a label nobody used is cancelled
    changed = await return_rows.change(conn, ret.rma_id, state=ReturnState.CLOSED.value, closed_result=event.result, closed_at=closed_at)
    if event.take_back:
        await _take_back(conn, changed, event, closed_at)


async def _take_back(conn: Connection, ret: Return, event: ReturnClosed, requested_at: datetime) -> None:
    shipment = requested_shipment(
        **about(ret),
        shipment_id=take_back_id(ret.rma_id),
        kind=ShipmentKind.TAKE_BACK,
        rma_id=ret.rma_id,
        test=ret.test,
        units=event.take_back,
        ship_by=requested_at + TAKE_BACK_WITHIN,
        requested_at=requested_at,
    )
    if await shipment_rows.insert(conn, shipment):
        await job_rows.arm(conn, JobKind.SHIPMENT, shipment.shipment_id)
