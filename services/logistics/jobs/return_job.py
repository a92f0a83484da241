"""What a return has to do with the carrier: get its label, and give back one that nobody needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.kit.clock import utc_now
from services.kit.logging import get_logger
from services.kit.postgres import Pool, autocommit, transaction
from services.logistics.adapters import return_rows, task_rows
from services.logistics.adapters.carriers import Carriers
from services.logistics.adapters.task_rows import TaskKind
from services.logistics.domain.returns import Return
from services.logistics.domain.shipments import booking_key
from services.logistics.handlers import returns
from services.logistics.handlers.label_links import LabelLinks
from services.logistics.jobs.booking import book_once
from services.logistics.ports.carrier import Booked, CancelNotPossibleError, Carrier, CarrierRefusedError, ReturnBooking

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReturnJob:
    """``track_every`` is the time to the first look-up of a booked parcel."""

    pool: Pool
    carriers: Carriers
    links: LabelLinks
    track_every: timedelta
    unit_weight_grams: int

    async def run(self, rma_id: UUID) -> datetime | None:
        """Do what the return's state asks for. Raises ``CarrierUnavailableError``: try again later."""
        ret = await return_rows.get(self.pool, rma_id)
        if ret is not None and ret.wants_label:
            await self._get_label(ret)
            ret = await return_rows.get(self.pool, rma_id)
        if ret is not None and ret.label_is_idle:
            await self._give_label_back(ret)
        return None

    async def _get_label(self, ret: Return) -> None:
        carrier = self.carriers.of_merchant(ret.merchant_id)
        if carrier is None:
            await self._ask(ret, TaskKind.NO_CARRIER)
            return
        async with autocommit(self.pool) as conn:
            await return_rows.change(conn, ret.rma_id, booking_begun=True)
        booking = ReturnBooking(reference=str(ret.rma_id), weight_grams=ret.total_units * self.unit_weight_grams, prepaid=ret.prepaid)

        async def book(key: str) -> Booked:
            return await carrier.book_return(booking, key)

        try:
            booked = await book_once(carrier, booking_key(ret.rma_id, ret.booking_attempt), book, begun_before=ret.booking_begun)
        except CarrierRefusedError as refusal:
            await self._ask(ret, TaskKind.BOOKING_REFUSED, refusal.code)
            return
        async with transaction(self.pool) as conn:
            await returns.record_label(conn, ret, booked, self.links, next_look_up=utc_now() + self.track_every)

    async def _give_label_back(self, ret: Return) -> None:
        carrier = self.carriers.of_merchant(ret.merchant_id)
        waybill = ret.label_waybill
        if waybill is None and carrier is not None:
            waybill = await self._lost_waybill(carrier, ret)
        if carrier is not None and waybill is not None:
            try:
                await carrier.cancel(waybill)
            except (CancelNotPossibleError, CarrierRefusedError) as refusal:
                log.info("label.not_cancelled", rma_id=ret.rma_id, reason=type(refusal).__name__)
        async with autocommit(self.pool) as conn:
            await return_rows.change(conn, ret.rma_id, label_cancelled=True)

    async def _lost_waybill(self, carrier: Carrier, ret: Return) -> str | None:
        found = await carrier.find_booking(booking_key(ret.rma_id, ret.booking_attempt))
        return None if found is None else found.waybill

    async def _ask(self, ret: Return, kind: TaskKind, detail: str = "") -> None:
        log.warning("return.task", rma_id=ret.rma_id, kind=kind, detail=detail)
        async with transaction(self.pool) as conn:
            await task_rows.open_task(conn, kind, ret, detail)
