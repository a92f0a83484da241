"""A desk with the workflow service's real records on a real database: cases, orders, refunds, approvals, as tests need them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from contracts.case_state import OptionCode
from contracts.case_v1 import CaseOpened
from contracts.identifiers import CaseId, RefundId, refund_id_for
from contracts.order_v1 import Order
from contracts.quote import RefundItem, RefundRequest, RefundUnits
from services.kit.clock import utc_now
from services.kit.deliveries import NewDelivery
from services.kit.postgres import Pool, open_pool, transaction
from services.workflow.activities.refunds import RefundActivities
from services.workflow.adapters.bookkeeping import Bookkeeper
from services.workflow.adapters.cases import CaseBook
from services.workflow.adapters.orders import PostgresOrderBook
from services.workflow.adapters.providers import Providers
from services.workflow.adapters.refund_steps import PostgresRefundSteps
from services.workflow.adapters.refunds import PostgresRefunds
from services.workflow.adapters.settlements import Settlements
from services.workflow.adapters.work_items import WorkItemBook
from services.workflow.payloads.refund import IssueRefundInput, RefundHandle, RefundStep, RefundTimers, RequestRefund
from services.workflow.ports import PaymentProvider, ProviderRefund, ProviderState
from tests.support.builders import MERCHANT, a_case, a_merchant, an_order


def every_provider(_name: str, _test: bool) -> bool:
    """Every provider is there."""
    return True


@dataclass(frozen=True)
class RecordsDesk:
    """The records of one database."""

    pool: Pool
    cases: CaseBook
    work_items: WorkItemBook
    orders: PostgresOrderBook
    refunds: PostgresRefunds
    settlements: Settlements
    bookkeeper: Bookkeeper

    async def take(self, order: Order | None = None, **changes: Any) -> CaseOpened:
        """A case of its own about an order of its own (unless given), both on record."""
        order = order or an_order(uuid4().hex[:12])
        case_id = CaseId(uuid4())
        opened = a_case(order=order, case_id=case_id, **{"case_number": f"C26-{case_id.hex[:6]}", **changes})
        async with transaction(self.pool) as conn:
            await self.orders.apply(conn, order)
            await self.cases.open(conn, opened, heard_by_nobody(), test=True)
        return opened

    async def apply(self, order: Order) -> bool:
        """Take a snapshot in."""
        async with transaction(self.pool) as conn:
            return await self.orders.apply(conn, order)

    async def request(self, issue: IssueRefundInput) -> None:
        """Make a refund's rows."""
        async with transaction(self.pool) as conn:
            await self.refunds.request(conn, issue)

    async def record(self, said: ProviderRefund) -> RefundStep | None:
        """Take in what a provider says."""
        async with transaction(self.pool) as conn:
            return await self.settlements.record(conn, said)

    async def events(self, refund_id: UUID) -> list[str]:
        """The last words of the types of a refund's events, in order."""
        rows = await self.pool.fetch("SELECT event_type, value FROM outbox WHERE topic = 'aftersales.refund.v1' ORDER BY id")
        return [row["event_type"].split(".")[2] for row in rows if str(refund_id).encode() in bytes(row["value"])]

    async def tasks(self, case_id: UUID) -> list[str]:
        """The kinds of the tasks of a case."""
        rows = await self.pool.fetch("SELECT kind FROM work_items WHERE case_id = $1 ORDER BY opened_at", case_id)
        return [row["kind"] for row in rows]

    async def submissions(self, refund_id: UUID) -> list[dict[str, Any]]:
        """The submissions of a refund, by attempt."""
        rows = await self.pool.fetch("SELECT * FROM refund_submissions WHERE refund_id = $1 ORDER BY attempt, payment_id", refund_id)
        return [dict(row) for row in rows]

    async def refund(self, refund_id: UUID) -> dict[str, Any]:
        """The row of a refund."""
        return dict(await self.pool.fetchrow("SELECT * FROM refunds WHERE refund_id = $1", refund_id) or {})

    async def deliveries(self, key: str) -> list[dict[str, Any]]:
        """What waits to be delivered to a process."""
        return [row["payload"] for row in await self.pool.fetch("SELECT payload FROM delivery WHERE key = $1 ORDER BY id", key)]

    def activities(
        self, provider: PaymentProvider, *, steps: type[PostgresRefundSteps] = PostgresRefundSteps, **options: Any
    ) -> RefundActivities:
        """The refund activities with one provider."""
        providers = Providers([provider])
        return RefundActivities(steps(self.pool, self.cases, self.work_items, self.bookkeeper, providers.serves), providers, **options)


@asynccontextmanager
async def a_desk(dsn: str, provider_serves: Callable[[str, bool], bool] = every_provider) -> AsyncIterator[RecordsDesk]:
    """A desk on a migrated database."""
    async with open_pool(dsn, service="workflow-test", max_size=12) as pool:
        cases = CaseBook()
        work_items = WorkItemBook(cases)
        refunds = PostgresRefunds(cases, work_items, provider_serves)
        bookkeeper = Bookkeeper({MERCHANT: a_merchant()})
        settlements = Settlements(work_items, bookkeeper)
        yield RecordsDesk(pool, cases, work_items, PostgresOrderBook(work_items), refunds, settlements, bookkeeper)


def heard_by_nobody() -> NewDelivery:
    """The start of a case whose process these tests do without."""
    return NewDelivery(event_id=uuid4(), key="nobody", kind="start_case", payload={})


def an_issue(
    case: CaseOpened, *items: RefundItem, ordinal: int = 1, timers: RefundTimers | None = None, **changes: Any
) -> IssueRefundInput:
    """A refund of two mugs of a case, unless it says otherwise."""
    refund = {
        "refund_id": refund_id_for(case.case_id, ordinal),
        "case_id": case.case_id,
        "merchant_id": case.merchant_id,
        "order_id": case.order.order_id,
        "request": RefundRequest(currency=case.order.currency, items=items or (RefundUnits(line_id="1", quantity=2),)),
        "remedy": OptionCode.RETURN_REFUND,
        "reason": "no_reason",
        "policy_version": "uk-retail/1",
        **changes,
    }
    return IssueRefundInput(
        refund=RequestRefund.model_validate(refund), timers=timers or RefundTimers(), case_workflow_id=f"case/{case.case_id}"
    )


def a_handle(refund_id: RefundId, timers: RefundTimers | None = None) -> RefundHandle:
    """What an activity is told of its process."""
    return RefundHandle(refund_id=refund_id, timers=timers or RefundTimers(), at=utc_now())


def word(submission: dict[str, Any], state: str, **changes: Any) -> ProviderRefund:
    """What the provider says of a submission."""
    said = {
        "submission_id": submission["submission_id"],
        "state": ProviderState(state),
        "amount_minor": submission["amount_minor"],
        "currency": submission["currency"],
        "provider_refund_id": "re_1",
        "failure_code": "account_closed" if state == "failed" else None,
        **changes,
    }
    return ProviderRefund(**said)
