"""What the workflow service hears: cases and what happens to them, orders, goods. Each event becomes rows and a pending delivery, in one transaction.

A delivery starts or signals a process afterwards (``deliverer.py``); the process reads what happened from the rows.
"""

from uuid import UUID, uuid5

from contracts import case_v1, shipment_v1
from contracts.case_v1 import CaseOpened, CaseReopened
from contracts.events import CaseEvent
from contracts.identifiers import CaseId
from contracts.merchant import Mode
from contracts.order_v1 import OrderRecorded
from contracts.roles import Role
from services.kit import deliveries
from services.kit.deliveries import NewDelivery
from services.kit.errors import PermanentError
from services.kit.handlers import Handlers, Received
from services.kit.postgres import Connection
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import CaseNotFoundError, CaseRow
from services.workflow.cases import standing
from services.workflow.payloads.case import FactKind

_KINDS: dict[type[CaseEvent], FactKind] = {
    case_v1.EvidenceAdded: FactKind.EVIDENCE_ADDED,
    case_v1.EvidenceRefused: FactKind.EVIDENCE_REFUSED,
    case_v1.EvidenceReviewed: FactKind.EVIDENCE_REVIEWED,
    case_v1.OptionChosen: FactKind.OPTION_CHOSEN,
    case_v1.OfferRejected: FactKind.OFFER_REJECTED,
    case_v1.CaseWithdrawn: FactKind.WITHDRAWN,
    case_v1.ReturnShipped: FactKind.RETURN_SHIPPED,
    case_v1.InspectionAnswered: FactKind.INSPECTION_ANSWERED,
    case_v1.SatisfactionStated: FactKind.SATISFACTION_STATED,
    shipment_v1.ReturnInTransit: FactKind.RETURN_IN_TRANSIT,
    shipment_v1.ReturnReceived: FactKind.RETURN_RECEIVED,
    shipment_v1.ReturnInspected: FactKind.RETURN_INSPECTED,
    shipment_v1.ReturnLost: FactKind.RETURN_LOST,
    shipment_v1.ReshipmentShipped: FactKind.RESHIPMENT_SHIPPED,
    shipment_v1.ReshipmentDelivered: FactKind.RESHIPMENT_DELIVERED,
    shipment_v1.ReshipmentFailed: FactKind.RESHIPMENT_FAILED,
}

_OF_THE_RETURN = frozenset({FactKind.RETURN_SHIPPED, FactKind.INSPECTION_ANSWERED})
"""Facts from customers about the return in hand; they do not name it."""

_SHOWN_AT_ONCE = frozenset({FactKind.RETURN_SHIPPED, FactKind.RETURN_IN_TRANSIT, FactKind.RETURN_RECEIVED, FactKind.RESHIPMENT_SHIPPED})
"""Facts after which a case cannot be withdrawn any more: the row says so before anybody else looks at it. They wait for the row's lock, as a choice
does: whoever closes a case for want of an answer has it on record, or the case is over for it."""

_LOCKED_FOR = _SHOWN_AT_ONCE | {FactKind.OPTION_CHOSEN}


class CaseConsumers:
    """The handlers of the workflow service."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def handlers(self) -> Handlers:
        """All of them, registered."""
        handlers = Handlers()
        handlers.on(OrderRecorded)(self.record_order)
        handlers.on(CaseOpened)(self.open_case)
        handlers.on(CaseReopened)(self.reopen_case)
        for body in _KINDS:
            handlers.on(body)(self.hear)
        return handlers

    async def record_order(self, conn: Connection, event: Received[OrderRecorded]) -> None:
        """Take an order's snapshot in."""
        await self._books.orders.apply(conn, event.body.order)

    async def open_case(self, conn: Connection, event: Received[CaseOpened]) -> None:
        """Make the case's row, take its order in, and have its process started."""
        opened = event.body
        merchant = self._books.deciding.merchant(opened.merchant_id)
        start = start_of(event.event_id, opened.case_id, 0)
        if await self._books.cases.open(conn, opened, start, test=merchant.mode is Mode.TEST):
            await self._books.orders.apply(conn, opened.order)

    async def reopen_case(self, conn: Connection, event: Received[CaseReopened]) -> None:
        """Start the next run of an ended case. One that is not over is left as it is, and a person told."""
        reopened = event.body
        row = await self._case(conn, reopened)
        if await self._books.cases.reopen(conn, reopened.case_id, reopened.reopen_number, reopened.reopened_at):
            start = start_of(event.event_id, reopened.case_id, row.run_number + 1)
            await deliveries.add(conn, start)
        elif row.workflow_open and row.reopen_number < reopened.reopen_number:
            detail = {"reopen_number": reopened.reopen_number, "reason": reopened.reason}
            await self._books.work_items.open(
                conn, uuid5(event.event_id, "open"), reopened.case_id, "reopening_of_open_case", Role.AGENT, detail
            )

    async def hear(self, conn: Connection, event: Received[CaseEvent]) -> None:
        """Keep a fact, let the row show what it changes at once, and tell the process that waits for it."""
        body, kind = event.body, _KINDS[type(event.body)]
        locked = kind in _LOCKED_FOR
        row = await self._case(conn, body, lock=locked) if locked or kind in _OF_THE_RETURN else None
        workflow_id = _listener(row, kind, body)
        if not await self._books.facts.add(conn, event.event_id, kind, workflow_id, body, event.occurred_at):
            await self._case(conn, body, lock=False)  # the fact is known, or the case is not
        elif row is not None:
            await self._show(conn, row, kind, workflow_id, event)

    async def _case(self, conn: Connection, body: CaseEvent, *, lock: bool = True) -> CaseRow:
        cases = self._books.cases
        try:
            return await cases.lock(conn, body.case_id) if lock else await cases.read(conn, body.case_id)
        except CaseNotFoundError as error:
            raise PermanentError(f"{error}: its opening must come first; replay once it did") from error

    async def _show(self, conn: Connection, row: CaseRow, kind: FactKind, workflow_id: str, event: Received[CaseEvent]) -> None:
        """What cannot be undone any more shows at once, so that a withdrawal that comes after it is refused (R-CASE-05)."""
        if not row.workflow_open or row.active_workflow != workflow_id or row.policy_version is None:
            return
        timers, at = self._books.deciding.timers(row.policy_version), event.occurred_at
        match kind:
            case FactKind.RETURN_SHIPPED | FactKind.RETURN_IN_TRANSIT if row.progress.status in standing.BEFORE_TRANSIT:
                progress = standing.return_in_transit(at + timers.return_transit_max)
            case FactKind.RETURN_RECEIVED if row.progress.status in standing.BEFORE_RECEIPT:
                progress = standing.return_received(at + timers.return_process)
            case FactKind.RESHIPMENT_SHIPPED:
                progress = standing.reshipping(at + timers.reship_delivery, shipped=True)
            case _:
                return
        await self._books.cases.publish(conn, row.header, event.event_id, [], progress)


def start_of(event_id: UUID, case_id: CaseId, run_number: int) -> NewDelivery:
    """The delivery that starts a run of a case."""
    payload = {"case_id": case_id, "run_number": run_number}
    return NewDelivery(event_id=event_id, key=f"case/{case_id}", kind="start_case", payload=payload)


def _listener(row: CaseRow | None, kind: FactKind, body: CaseEvent) -> str:
    """The process that waits for a fact of this kind; ``row`` is needed for those of the return in hand."""
    rma_id, reship_id = getattr(body, "rma_id", None), getattr(body, "reship_id", None)
    if rma_id is not None:
        return f"return/{rma_id}"
    if reship_id is not None:
        return f"reship/{reship_id}"
    if row is not None and kind in _OF_THE_RETURN and row.active_workflow is not None:
        return row.active_workflow
    return f"case/{body.case_id}"
