"""What a parcel under way needs: to be followed, to be looked up where webhooks fail, and to be given up when nobody sees it (R-RTN-06)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.kit.clock import utc_now
from services.kit.logging import get_logger
from services.kit.postgres import Connection, Pool, transaction
from services.logistics.adapters import parcel_rows, return_rows, shipment_rows, task_rows
from services.logistics.adapters.carriers import Carriers
from services.logistics.adapters.parcel_rows import Parcel
from services.logistics.adapters.task_rows import TaskKind
from services.logistics.domain.returns import BEFORE_ARRIVAL, Return
from services.logistics.domain.scans import silent_too_long
from services.logistics.domain.shipments import Shipment, ShipmentState
from services.logistics.handlers import scans
from services.logistics.ports.carrier import Carrier, CarrierRefusedError, OwnParcel

log = get_logger(__name__)

_FOLLOWED_STATES = frozenset({ShipmentState.BOOKED, ShipmentState.SHIPPED, ShipmentState.CANCELLING})


@dataclass(frozen=True, slots=True)
class ParcelJob:
    """``track_every``: time between look-ups. ``lost_after``: time without a scan after which a parcel counts as lost."""

    pool: Pool
    carriers: Carriers
    track_every: timedelta
    lost_after: timedelta

    async def run(self, parcel_id: UUID) -> datetime | None:
        """Look the parcel up; gives when to look again. Raises ``CarrierUnavailableError``: try again later."""
        async with transaction(self.pool) as conn:
            parcel = await parcel_rows.lock(conn, parcel_id)
        owner = None if parcel is None else await self._owner(parcel)
        if parcel is None or owner is None or not _worth_following(owner):
            return None
        carrier = self.carriers.of_merchant(owner.merchant_id)
        if carrier is None or not (parcel.followed or await self._follow(carrier, parcel, owner)):
            return None
        found = await carrier.scans_of(parcel.waybill)
        async with transaction(self.pool) as conn:
            await scans.take_scans(conn, parcel.carrier, parcel.waybill, [scan for scan in found if scan.carrier == parcel.carrier])
            fresh = await parcel_rows.lock(conn, parcel_id)
            return None if fresh is None else await self._judge(conn, fresh)

    async def _judge(self, conn: Connection, parcel: Parcel) -> datetime | None:
        if parcel.delivered_at is not None or parcel.lost_at is not None:
            return None
        now = utc_now()
        next_look_up = now + self.track_every
        underway_since = parcel.underway_since
        if underway_since is None:
            return next_look_up
        if silent_too_long(underway_since=underway_since, last_scan_at=parcel.last_scan_at, now=now, lost_after=self.lost_after):
            log.warning("parcel.lost", parcel_id=parcel.parcel_id, rma_id=parcel.rma_id, shipment_id=parcel.shipment_id)
            await scans.declare_lost(conn, parcel, now)
            return None
        silent_at = max(underway_since, parcel.last_scan_at or underway_since) + self.lost_after
        return min(next_look_up, silent_at)

    async def _follow(self, carrier: Carrier, parcel: Parcel, owner: Return | Shipment) -> bool:
        """Have the customer's own parcel tracked. One that cannot be tracked cannot be called lost either: the warehouse will see it."""
        reference = str(parcel.rma_id or parcel.shipment_id)
        try:
            await carrier.follow(
                OwnParcel(reference=reference, carrier=parcel.carrier, waybill=parcel.waybill), f"follow/{parcel.parcel_id}"
            )
        except CarrierRefusedError as refusal:
            async with transaction(self.pool) as conn:
                await task_rows.open_task(conn, TaskKind.TRACKING_REFUSED, owner, refusal.code)
            return False
        async with transaction(self.pool) as conn:
            await parcel_rows.set_followed(conn, parcel.parcel_id)
        return True

    async def _owner(self, parcel: Parcel) -> Return | Shipment | None:
        if parcel.rma_id is not None:
            return await return_rows.get(self.pool, parcel.rma_id)
        if parcel.shipment_id is not None:
            return await shipment_rows.get(self.pool, parcel.shipment_id)
        return None


def _worth_following(owner: Return | Shipment) -> bool:
    if isinstance(owner, Return):
        return owner.state in BEFORE_ARRIVAL
    return owner.state in _FOLLOWED_STATES
