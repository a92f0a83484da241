"""What intake reads from Kafka: storefront orders, and the facts of the other services, which become its own view of each case."""

from datetime import datetime
from typing import Any

from contracts import refund_v1, resolution_v1, shipment_v1
from contracts.case_state import ENDED
from contracts.events import CaseEvent
from contracts.identifiers import MerchantId
from contracts.refund_v1 import RefundEvent
from contracts.resolution_v1 import CaseClosed, ResolutionEvent
from contracts.shipment_v1 import ShipmentEvent
from contracts.topics import Topic
from services.intake.domain.errors import IntakeError
from services.intake.domain.facts_told import INTERNAL, facts_told, timeline_code
from services.intake.domain.fold_resolution import fold_resolution, settled_units
from services.intake.domain.fold_shipment import fold_shipment
from services.intake.domain.orders import parse_snapshot, prepare
from services.intake.domain.view import CaseRecord, CaseView, TimelineEntry
from services.intake.house import House
from services.kit.errors import PermanentError
from services.kit.handlers import Handlers, RawRecord, Received
from services.kit.postgres import Connection


def build_handlers(house: House) -> Handlers:
    """The handlers of all topics."""
    handlers = Handlers()
    handlers.raw(Topic.STOREFRONT_ORDER)(_Storefront(house).take)
    views = _Views(house)
    for resolution in resolution_v1.EVENTS:
        handlers.on(resolution)(views.resolution)
    for shipment in shipment_v1.EVENTS:
        handlers.on(shipment)(views.shipment)
    for refund in refund_v1.EVENTS:
        if issubclass(refund, RefundEvent):  # what finance pays or posts beside refunds is no part of a case's view
            handlers.on(refund)(views.refund)
    return handlers


class _Storefront:
    """Orders from ``storefront.order.v1``: the key is ``merchant_id:order_number``, the value an ``OrderSnapshot``."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def take(self, connection: Connection, record: RawRecord) -> None:
        """Take an order in. Raises :class:`PermanentError` for what can never be one."""
        merchant_id, colon, number = record.key.partition(":")
        merchant = self._house.merchants.get(MerchantId(merchant_id))
        if not colon or merchant is None:
            raise PermanentError("the key must be merchant_id:order_number of a configured merchant")
        try:
            snapshot = parse_snapshot(record.value)
            if snapshot.number != number:
                raise PermanentError("the number in the body is not the one in the key")
            await self._house.record_orders.one(connection, merchant, prepare(merchant.merchant_id, snapshot))
        except IntakeError as error:
            faults = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in error.faults)
            raise PermanentError(f"{error.code}: {faults or error.detail}") from error


class _Views:
    """Keeps the view of each case. Kafka keeps the order per key; what is older than what was seen changes nothing."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def resolution(self, connection: Connection, event: Received[Any]) -> None:
        """Take in what the workflow decided or did."""
        body: ResolutionEvent = event.body
        case = await self._locked(connection, body)
        if _seen(case.view, event):
            return
        view = fold_resolution(case.view, body, event.occurred_at)
        await self._save(connection, case, view, event)
        if units := settled_units(body):
            await self._house.cases.settle(connection, case.case_id, units)
        if body.progress.status in ENDED and not _reopened_since(case.view, body, event.occurred_at):
            await self._house.cases.set_open(connection, case.case_id, is_open=False)
        elif case.view.status in ENDED and body.progress.status not in ENDED:
            await self._house.cases.set_open(connection, case.case_id, is_open=True)

    async def shipment(self, connection: Connection, event: Received[Any]) -> None:
        """Take in what happened to goods."""
        body: ShipmentEvent = event.body
        case = await self._locked(connection, body)
        if not _seen(case.view, event):
            await self._save(connection, case, fold_shipment(case.view, body), event)

    async def refund(self, connection: Connection, event: Received[Any]) -> None:
        """Take in what became of a refund; the sequence counts per order."""
        body: RefundEvent = event.body
        case = await self._house.cases.get(connection, body.case_id, lock=True)
        if case is None:
            raise PermanentError("intake knows no such case")
        state = timeline_code(type(body)).partition(".")[2]
        await self._house.refunds.apply(connection, body, state, event.envelope.sequence, event.occurred_at)
        await self._house.cases.save(connection, case, case.view, event.occurred_at, [_entry(event)])

    async def _locked(self, connection: Connection, body: CaseEvent) -> CaseRecord:
        case = await self._house.cases.get(connection, body.case_id, lock=True)
        if case is None or case.merchant_id != body.merchant_id:
            raise PermanentError("intake knows no such case")
        return case

    async def _save(self, connection: Connection, case: CaseRecord, view: CaseView, event: Received[Any]) -> None:
        sequences = {**view.sequences, event.topic.value: event.envelope.sequence}
        view = view.model_copy(update={"sequences": sequences})
        await self._house.cases.save(connection, case, view, event.occurred_at, [_entry(event)])


def _entry(event: Received[Any]) -> TimelineEntry:
    kind = type(event.body)
    return TimelineEntry(event.occurred_at, timeline_code(kind), facts_told(event.body), internal=kind in INTERNAL)


def _seen(view: CaseView, event: Received[Any]) -> bool:
    return event.envelope.sequence <= view.sequences.get(event.topic.value, 0)


def _reopened_since(view: CaseView, body: ResolutionEvent, occurred_at: datetime) -> bool:
    """Whether an end is older than the reopening that intake has recorded since: its units stay claimed."""
    if view.reopened_at is None:
        return False
    ended_at = body.closed_at if isinstance(body, CaseClosed) else occurred_at
    return ended_at < view.reopened_at
