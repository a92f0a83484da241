"""The records of cases, together: what every step of a case's processes works with."""

from dataclasses import dataclass
from uuid import UUID

from contracts.progress import Progress
from contracts.resolution_v1 import ResolutionEvent
from services.kit.postgres import Connection, Pool
from services.workflow.adapters.approvals import ApprovalBook
from services.workflow.adapters.cases import CaseBook, CaseRow, Changes
from services.workflow.adapters.deciding import Deciding
from services.workflow.adapters.facts import FactBook
from services.workflow.adapters.offers import OfferBook
from services.workflow.adapters.orders import PostgresOrderBook
from services.workflow.adapters.refunds import PostgresRefunds
from services.workflow.adapters.settled_units import SettledBook
from services.workflow.adapters.work_items import WorkItemBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The books, the pool they are kept in, and the policies that cases are decided by."""

    pool: Pool
    deciding: Deciding
    cases: CaseBook
    facts: FactBook
    offers: OfferBook
    work_items: WorkItemBook
    orders: PostgresOrderBook
    refunds: PostgresRefunds
    settled: SettledBook
    approvals: ApprovalBook

    async def publish(
        self,
        conn: Connection,
        row: CaseRow,
        operation_id: UUID,
        progress: Progress,
        *events: ResolutionEvent,
        changes: Changes | None = None,
    ) -> None:
        """The case now stands at ``progress``, with these :class:`Changes`; publish what led there. Last in a transaction."""
        await self.cases.publish(conn, row.header, operation_id, events, progress, changes)


def open_books(pool: Pool, deciding: Deciding, refunds: PostgresRefunds, cases: CaseBook, work_items: WorkItemBook) -> Books:
    """The books of one schema."""
    return Books(
        pool=pool,
        deciding=deciding,
        cases=cases,
        facts=FactBook(),
        offers=OfferBook(),
        work_items=work_items,
        orders=PostgresOrderBook(work_items),
        refunds=refunds,
        settled=SettledBook(),
        approvals=ApprovalBook(),
    )
