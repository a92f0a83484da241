"""What logistics listens to: returns and reshipments decided (resolution), contacts (sealed), the customer's own waybill (case)."""

from collections.abc import Mapping

from contracts.case_v1 import ReturnShipped
from contracts.contact_v1 import ContactRecorded
from contracts.identifiers import MerchantId
from contracts.merchant import Merchant
from contracts.resolution_v1 import ReshipmentCancelled, ReshipmentRequested, ReturnAuthorised, ReturnClosed
from contracts.topics import Topic
from services.kit.errors import PermanentError
from services.kit.handlers import Handlers, Received
from services.kit.postgres import Connection
from services.kit.sealing import Sealer
from services.logistics.handlers import contacts, returns, shipments


class LogisticsConsumers:
    """The handlers of events. They write rows and jobs only; the carrier is called later, by the job loop."""

    def __init__(self, merchants: Mapping[MerchantId, Merchant], sealer: Sealer) -> None:
        self._merchants = merchants
        self._sealer = sealer

    def build(self) -> Handlers:
        """Register everything."""
        handlers = Handlers()
        handlers.on(ReturnAuthorised)(self.return_authorised)
        handlers.on(ReturnClosed)(self.return_closed)
        handlers.on(ReturnShipped)(self.return_shipped)
        handlers.on(ReshipmentRequested)(self.reshipment_requested)
        handlers.on(ReshipmentCancelled)(self.reshipment_cancelled)
        handlers.on(ContactRecorded)(self.contact_recorded)
        handlers.tombstone(Topic.CONTACT)(self.contact_erased)
        return handlers

    async def return_authorised(self, conn: Connection, event: Received[ReturnAuthorised]) -> None:
        """R-RTN-01."""
        self._check_merchant(event.body.merchant_id)
        await returns.authorise(conn, event.body, authorised_at=event.occurred_at, test=event.test)

    async def return_closed(self, conn: Connection, event: Received[ReturnClosed]) -> None:
        """R-RTN-02, R-RTN-05."""
        await returns.close(conn, event.body, closed_at=event.occurred_at)

    async def return_shipped(self, conn: Connection, event: Received[ReturnShipped]) -> None:
        """R-RTN-02."""
        await returns.declare_own_parcel(conn, event.body)

    async def reshipment_requested(self, conn: Connection, event: Received[ReshipmentRequested]) -> None:
        """R-RSH-04."""
        self._check_merchant(event.body.merchant_id)
        await shipments.request(conn, event.body, requested_at=event.occurred_at, test=event.test)

    async def reshipment_cancelled(self, conn: Connection, event: Received[ReshipmentCancelled]) -> None:
        """R-CASE-05."""
        await shipments.cancel(conn, event.body)

    async def contact_recorded(self, conn: Connection, event: Received[ContactRecorded]) -> None:
        """R-RSH-07."""
        await contacts.record(conn, event.body, self._sealer)

    async def contact_erased(self, conn: Connection, event: Received[None]) -> None:
        """The customer was erased."""
        await contacts.erase(conn, event.key)

    def _check_merchant(self, merchant_id: MerchantId) -> None:
        if merchant_id not in self._merchants:
            raise PermanentError(f"merchant {merchant_id} is not in the merchants file: add it, restart, then replay")
