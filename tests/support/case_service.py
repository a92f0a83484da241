"""The workflow service as it runs, but for Kafka: real worker, real deliveries, real database, API and payment provider; events are handed in by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client
from temporalio.worker import Worker

from contracts.case_v1 import CaseOpened
from contracts.envelope import Envelope
from contracts.events import EventBody
from contracts.identifiers import CaseId, EventId, MerchantId
from contracts.merchant import Merchant
from contracts.order_v1 import Order, OrderLine, Shipment, ShippedLine
from contracts.registry import parse
from contracts.resolution_v1 import ApprovalKind, ApprovalRequested
from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.deliveries import Deliverer
from services.kit.handlers import Received
from services.kit.health import Health
from services.kit.postgres import Pool, open_pool, transaction
from services.kit.settings import KitSettings
from services.workflow.adapters.books import Books, open_books
from services.workflow.adapters.cases import CaseBook
from services.workflow.adapters.deciding import Deciding
from services.workflow.adapters.providers import Providers
from services.workflow.adapters.refunds import PostgresRefunds
from services.workflow.adapters.work_items import WorkItemBook
from services.workflow.api import create_api
from services.workflow.consumers import CaseConsumers
from services.workflow.deliverer import CaseDeliverer
from services.workflow.policy.registry import BUILT_IN, load_packs
from services.workflow.ports import PaymentProvider
from services.workflow.settings import WorkflowSettings
from services.workflow.starter import CaseStarter
from services.workflow.sweeper import Sweeper
from services.workflow.worker import build_worker
from tests.support.builders import a_case, a_merchant, a_payment, an_order
from tests.support.workflow_api import PUBLIC_KEY, Caller, a_client, a_token

QUICK_SHOP, SLOW_SHOP, HASTY_SHOP = MerchantId("quick-shop"), MerchantId("slow-shop"), MerchantId("hasty-shop")
"""A merchant whose limits are minutes (the demo's pack), one with real ones, and one whose every limit lapses within a second or two."""

PACKS = Path(__file__).parent / "packs"

MERCHANTS: dict[MerchantId, Merchant] = {
    QUICK_SHOP: a_merchant(merchant_id=QUICK_SHOP, policy_pack="demo-uk"),
    SLOW_SHOP: a_merchant(merchant_id=SLOW_SHOP, policy_pack="uk-retail"),
    HASTY_SHOP: a_merchant(merchant_id=HASTY_SHOP, policy_pack="hasty"),
}


@dataclass
class CaseService:
    """A running workflow service."""

    pool: Pool
    client: Client
    books: Books
    starter: CaseStarter
    sweeper: Sweeper
    worker: Callable[[], Worker]

    def __post_init__(self) -> None:
        self._handlers = CaseConsumers(self.books).handlers()

    async def tell(self, *bodies: EventBody, test: bool = True) -> list[UUID]:
        """Hand events in, as the consumers would. Returns their ids."""
        ids: list[UUID] = []
        for body in bodies:
            event_id = EventId(uuid4())
            ids.append(event_id)
            await self.tell_as(event_id, body, test=test)
        return ids

    async def tell_as(self, event_id: EventId, body: EventBody, *, test: bool = True) -> None:
        """Hand one event in under an id."""
        envelope = Envelope(event_id, body.event_type, "aftersales/test", body.partition_key, utc_now(), 1, body.merchant_id, test)
        received = Received(body, envelope, body.topic, body.partition_key, 0, 0)
        async with transaction(self.pool) as conn:
            await self._handlers.events[body.event_type][1](conn, received)

    async def row(self, case_id: CaseId) -> dict[str, Any]:
        """A case's row."""
        return dict(await self.pool.fetchrow("SELECT * FROM cases WHERE case_id = $1", case_id) or {})

    async def events(self, case_id: CaseId) -> list[EventBody]:
        """The resolution events of a case, in order."""
        rows = await self.pool.fetch(
            "SELECT event_type, value FROM outbox WHERE topic = 'aftersales.resolution.v1' AND key = $1 ORDER BY sequence", str(case_id)
        )
        return [parse(row["event_type"], bytes(row["value"])) for row in rows]

    async def types(self, case_id: CaseId) -> list[str]:
        """The last words of the types of a case's events."""
        return [type(event).__name__ for event in await self.events(case_id)]

    async def event(self, case_id: CaseId, kind: type[EventBody], *, nth: int = 1, seconds: float = 60) -> Any:
        """The n-th event of a kind, once it is there."""

        async def found() -> EventBody | None:
            fitting = [event for event in await self.events(case_id) if isinstance(event, kind)]
            return fitting[nth - 1] if len(fitting) >= nth else None

        return await self.until(found, f"{kind.__name__} number {nth}", seconds)

    async def ended(self, case_id: CaseId, seconds: float = 60) -> str:
        """How the case ended, once it did and its process is gone."""

        async def over() -> str | None:
            row = await self.row(case_id)
            return row["outcome"] if row and not row["workflow_open"] and await self.starter.running(case_id) is None else None

        return str(await self.until(over, "the end of the case", seconds))

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
        """The first truthy answer, within a deadline."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not (answer := await condition()):
            assert asyncio.get_running_loop().time() < deadline, f"{what}: not within {seconds} s"
            await asyncio.sleep(0.05)
        return answer

    async def history_length(self, workflow_id: str) -> int:
        """How many events a process has."""
        return len((await self.client.get_workflow_handle(workflow_id).fetch_history()).events)

    async def decide(
        self, case_id: CaseId, kind: ApprovalKind, decision: str, *, role: Role = Role.DUTY_DIRECTOR, nth: int = 1, **more: Any
    ) -> None:
        """Have somebody decide the n-th approval of a kind that the case asked for, over HTTP."""

        async def asked() -> ApprovalRequested | None:
            fitting = [event for event in await self.events(case_id) if isinstance(event, ApprovalRequested) and event.kind is kind]
            return fitting[nth - 1] if len(fitting) >= nth else None

        request = await self.until(asked, f"an approval {kind.value}")
        body = {"decision": decision, "reason": "seen the goods", **more}
        await self.post(f"/v1/approvals/{request.approval_id}/decision", body, role)

    async def resolve(self, case_id: CaseId, kind: str, *, role: Role = Role.DUTY_DIRECTOR) -> None:
        """Have somebody finish a work item of the case, over HTTP."""

        async def opened() -> Any:
            return await self.pool.fetchval(
                "SELECT work_item_id FROM work_items WHERE case_id = $1 AND kind = $2 AND state = 'open' LIMIT 1", case_id, kind
            )

        item_id = await self.until(opened, f"a work item {kind}")
        await self.post(f"/v1/work-items/{item_id}/resolve", {"resolution": "done"}, role)

    async def post(self, path: str, body: dict[str, Any], role: Role, staff_id: str = "sam") -> None:
        """Have somebody of a role order something over HTTP."""
        settings = KitSettings(merchants_file=Path("unused.json"), staff_public_key=PUBLIC_KEY)
        app = create_api(
            self.pool, settings, Providers([]), self.books.cases, self.books.work_items, Health(), deciding=self.books.deciding
        )
        async with a_client(app) as client:
            answer = await Caller(client, a_token(staff_id, role, merchants=tuple(MERCHANTS))).post(path, body)
            assert answer.is_success, answer.text

    async def details(self, workflow_id: str) -> str:
        """What the screen says of a process now."""
        metadata = await self.client.get_workflow_handle(workflow_id).query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        return str(metadata.current_details)

    async def attributes(self, workflow_id: str) -> dict[str, Any]:
        """The search attributes of a process."""
        description = await self.client.get_workflow_handle(workflow_id).describe()
        return {pair.key.name: pair.value for pair in description.typed_search_attributes}

    async def refunds(self, case_id: CaseId) -> list[tuple[str, int]]:
        """State and amount of each refund of a case."""
        rows = await self.pool.fetch("SELECT state, amount_minor FROM refunds WHERE case_id = $1 ORDER BY requested_at", case_id)
        return [(row["state"], row["amount_minor"]) for row in rows]


@asynccontextmanager
async def a_case_service(dsn: str, client: Client, provider: PaymentProvider, task_queue: str) -> AsyncIterator[CaseService]:
    """The service, its worker and deliverer running."""
    providers = Providers([provider])
    settings = WorkflowSettings(postgres_dsn=dsn, http_port=0, merchants_file=Path("unused.json"), task_queue=task_queue)
    async with open_pool(dsn, service="workflow-test", max_size=16) as pool:
        cases = CaseBook()
        items = WorkItemBook(cases)
        books = open_books(
            pool, Deciding(MERCHANTS, load_packs(BUILT_IN, PACKS)), PostgresRefunds(cases, items, providers.serves), cases, items
        )
        starter = CaseStarter(client, books, task_queue)
        deliverer = Deliverer(pool, CaseDeliverer(client, books, starter, task_queue).deliver, concurrency=16)
        stop = asyncio.Event()
        delivering = asyncio.create_task(deliverer.run(stop))
        service = CaseService(
            pool, client, books, starter, Sweeper(pool, starter), lambda: build_worker(client, books, providers, settings)
        )
        try:
            async with service.worker():
                yield service
        finally:
            stop.set()
            await delivering


def an_order_today(
    merchant_id: MerchantId, *, quantity: int = 3, unit_minor: int = 425, reference: str = "pay_0001", days_ago: int = 3, **changes: Any
) -> Order:
    """Some mugs, delivered ``days_ago``."""
    now = utc_now() - timedelta(days=days_ago - 3)
    line = OrderLine(line_id="1", sku="22993", name="Mug", quantity=quantity, amount_minor=quantity * unit_minor)
    delivered = now - timedelta(days=3)
    shipment = Shipment(
        shipment_id="s1", shipped_at=now - timedelta(days=5), delivered_at=delivered, lines=(ShippedLine(line_id="1", quantity=quantity),)
    )
    defaults: dict[str, Any] = {
        "lines": (line,),
        "placed_at": now - timedelta(days=6),
        "paid_at": now - timedelta(days=6),
        "shipments": (shipment,),
        "payments": (replace_reference(a_payment(line.amount_minor), reference),),
    }
    return an_order(uuid4().hex[:10], merchant_id=merchant_id, **(defaults | changes))


def replace_reference(payment: Any, reference: str) -> Any:
    """The payment under the provider's own reference."""
    return payment.model_copy(update={"provider_reference": reference})


def a_case_today(order: Order, **changes: Any) -> CaseOpened:
    """A case opened now."""
    case_id = CaseId(uuid4())
    now = utc_now()
    defaults: dict[str, Any] = {"case_id": case_id, "case_number": f"T{case_id.hex[:8]}", "requested_at": now, "opened_at": now}
    return a_case(order=order, **(defaults | changes))
