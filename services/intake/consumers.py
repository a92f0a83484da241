"""What intake reads from Kafka: storefront orders, and the facts of the other services, which become its own view of each case."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts import refund_v1, resolution_v1, shipment_v1
from contracts.case_state import ENDED
from contracts.identifiers import CaseId, MerchantId
from contracts.refund_v1 import RefundEvent
from contracts.resolution_v1 import CaseClosed, ResolutionEvent
from contracts.shipment_v1 import ShipmentEvent
from contracts.topics import Topic
from services.intake.adapters.refunds import RefundSeen
from services.intake.domain.errors import IntakeError
from services.intake.domain.facts_told import INTERNAL, facts_told, timeline_code
from services.intake.domain.fold_resolution import fold_resolution, settled_units
from services.intake.domain.fold_shipment import fold_shipment
from services.intake.domain.orders import parse_snapshot, prepare
from services.intake.domain.view import CaseRecord, CaseView, ChangedCase, TimelineEntry
from services.intake.house import House
from services.kit.errors import PermanentError
from services.kit.handlers import Handlers, RawRecord, Received
from services.kit.postgres import Connection


def build_handlers(house: House) -> Handlers:
    """The handlers of all topics."""
    handlers = Handlers()
    handlers.raw(Topic.STOREFRONT_ORDER)(_Storefront(house).take)
    views = _Views(house)
    # One handler for all types of a topic, so that whatever follows one another is taken in together.
    resolutions, shipments, refunds = views.resolutions, views.shipments, views.refunds
    for resolution in resolution_v1.EVENTS:
        handlers.on_many(resolution)(resolutions)
    for shipment in shipment_v1.EVENTS:
        handlers.on_many(shipment)(shipments)
    for refund in refund_v1.EVENTS:
        if issubclass(refund, RefundEvent):  # what finance pays or posts beside refunds is no part of a case's view
            handlers.on_many(refund)(refunds)
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
    """Keeps the views of cases. Kafka keeps the order per key; what is older than what was seen changes nothing."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def resolutions(self, connection: Connection, events: Sequence[Received[Any]]) -> None:
        """Take in what the workflow decided or did."""
        async with self._changing(connection, events) as cases:
            for event in events:
                body: ResolutionEvent = event.body
                case, before = cases[body.case_id], cases[body.case_id].view
                if not case.is_news(event):
                    continue
                case.take(event, fold_resolution(before, body, event.occurred_at))
                if units := settled_units(body):
                    await self._house.cases.settle(connection, body.case_id, units)
                if body.progress.status in ENDED and not _reopened_since(before, body, event.occurred_at):
                    await self._house.cases.set_open(connection, body.case_id, is_open=False)
                elif before.status in ENDED and body.progress.status not in ENDED:
                    await self._house.cases.set_open(connection, body.case_id, is_open=True)

    async def shipments(self, connection: Connection, events: Sequence[Received[Any]]) -> None:
        """Take in what happened to goods."""
        async with self._changing(connection, events) as cases:
            for event in events:
                body: ShipmentEvent = event.body
                case = cases[body.case_id]
                if case.is_news(event):
                    case.take(event, fold_shipment(case.view, body))

    async def refunds(self, connection: Connection, events: Sequence[Received[Any]]) -> None:
        """Take in what became of refunds; their sequence counts per order."""
        async with self._changing(connection, events) as cases:
            for event in events:
                cases[event.body.case_id].tell(event)
            await self._house.refunds.apply(connection, [_seen(event) for event in events])

    @asynccontextmanager
    async def _changing(self, connection: Connection, events: Sequence[Received[Any]]) -> AsyncIterator[dict[CaseId, "_Changing"]]:
        """The cases that events are about, locked; saved at the end of the block. Raises :class:`PermanentError` where intake does not know one."""
        records = await self._house.cases.lock(connection, {event.body.case_id for event in events})
        for event in events:
            record = records.get(event.body.case_id)
            if record is None or record.merchant_id != event.body.merchant_id:
                raise PermanentError("intake knows no such case")
        cases = {case_id: _Changing(record, record.view) for case_id, record in records.items()}
        yield cases
        changed = [ChangedCase(case.record, case.view, case.entries[-1].at, case.entries) for case in cases.values() if case.entries]
        await self._house.cases.save_all(connection, changed)


@dataclass(slots=True)
class _Changing:
    """A case as it was read, and what became of it since."""

    record: CaseRecord
    view: CaseView
    entries: list[TimelineEntry] = field(default_factory=list)

    def is_news(self, event: Received[Any]) -> bool:
        """Whether an event is later than what was seen of its topic."""
        return event.envelope.sequence > self.view.sequences.get(event.topic.value, 0)

    def take(self, event: Received[Any], view: CaseView) -> None:
        """The view after an event that is news."""
        self.view = view.model_copy(update={"sequences": {**view.sequences, event.topic.value: event.envelope.sequence}})
        self.tell(event)

    def tell(self, event: Received[Any]) -> None:
        """An event that the timeline has."""
        kind = type(event.body)
        self.entries.append(TimelineEntry(event.occurred_at, timeline_code(kind), facts_told(event.body), internal=kind in INTERNAL))


def _seen(event: Received[RefundEvent]) -> RefundSeen:
    body, state = event.body, timeline_code(type(event.body)).partition(".")[2]
    return RefundSeen(body.refund_id, body.case_id, body.amount_minor, body.currency, state, event.envelope.sequence, event.occurred_at)


def _reopened_since(view: CaseView, body: ResolutionEvent, occurred_at: datetime) -> bool:
    """Whether an end is older than the reopening that intake has recorded since: its units stay claimed."""
    if view.reopened_at is None:
        return False
    ended_at = body.closed_at if isinstance(body, CaseClosed) else occurred_at
    return ended_at < view.reopened_at
