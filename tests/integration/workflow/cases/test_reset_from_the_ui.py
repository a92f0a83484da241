"""Resetting processes of a case from the Temporal UI, or starting them over, pays nothing twice: by the provider's own records."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from contracts.case_state import OptionCode
from contracts.case_v1 import CaseOpened
from contracts.identifiers import CaseId, MerchantId
from contracts.resolution_v1 import ConfirmationRequested, OfferMade, ReturnAuthorised
from contracts.shipment_v1 import InspectionResult
from services.kit.health import Health
from services.kit.settings import KitSettings
from services.workflow.adapters.provider_sandbox import open_sandbox_provider
from services.workflow.adapters.providers import Providers
from services.workflow.api import create_api
from tests.support.case_events import Voices
from tests.support.case_service import QUICK_SHOP, SLOW_SHOP, CaseService, a_case_service, a_case_today, an_order_today
from tests.support.ops_hands import reset, start_over
from tests.support.sandbox import API_KEY, SandboxServer, a_sandbox
from tests.support.workflow_api import PUBLIC_KEY, served

pytestmark = [pytest.mark.engines, pytest.mark.slow]

Again: TypeAlias = Callable[[Client, str], Awaitable[str]]
RETURN_FIRST = ("return", "case")
INNERMOST_FIRST = ("refund", *RETURN_FIRST)
"""Where the refund has a process of its own, because it has to wait (decision 11)."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("payments", tmp_path_factory.mktemp("payments")) as server:
        yield server


@pytest.fixture(scope="module")
async def paying(
    postgres_dsn_for: Callable[[str], Awaitable[str]], pydantic_client: Client, sandbox: SandboxServer
) -> AsyncIterator[CaseService]:
    """The service with the real provider and its webhooks."""
    dsn = await postgres_dsn_for("workflow")
    settings = KitSettings(merchants_file=Path("unused.json"), staff_public_key=PUBLIC_KEY)
    async with (
        open_sandbox_provider(sandbox.url, API_KEY) as provider,
        a_case_service(dsn, pydantic_client, provider, f"cases-{uuid4().hex[:8]}") as service,
    ):
        books, providers = service.books, Providers([provider])
        app = create_api(service.pool, settings, providers, books.cases, books.work_items, Health(), deciding=books.deciding)
        async with served(app) as url:
            with sandbox.client() as admin:
                admin.put("/admin/webhook-endpoint", json={"url": f"{url}/v1/providers/sandbox/webhooks"}).raise_for_status()
            yield service


@dataclass(frozen=True)
class Paid:
    """A case whose refund was paid, or is about to be."""

    service: CaseService
    sandbox: SandboxServer
    case: CaseOpened
    payment: str
    rma_id: UUID

    @classmethod
    async def on_its_way(cls, service: CaseService, sandbox: SandboxServer, payment: str, shop: MerchantId = SLOW_SHOP) -> "Paid":
        """The customer has chosen, the goods are back as agreed: the refund follows by itself."""
        case = a_case_today(an_order_today(shop, reference=payment))
        says = Voices(case)
        await service.tell(case)
        offer = await service.event(case.case_id, OfferMade)
        await service.tell(says.chooses(offer.offer_id, OptionCode.RETURN_REFUND))
        rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
        await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.MATCH))
        return cls(service, sandbox, case, payment, rma_id)

    @classmethod
    async def back(cls, service: CaseService, sandbox: SandboxServer, shop: MerchantId = SLOW_SHOP) -> "Paid":
        """It was paid, and the customer is asked whether all is well."""
        paid = await cls.on_its_way(service, sandbox, a_payment_of(sandbox, 1275), shop)
        await service.event(paid.case_id, ConfirmationRequested)
        return paid

    @property
    def case_id(self) -> CaseId:
        return self.case.case_id

    async def processes(self) -> dict[str, str]:
        """The ids of the case's processes; the refund has one if it had to wait."""
        refund_id = await self.service.pool.fetchval("SELECT refund_id FROM refunds WHERE case_id = $1", self.case_id)
        return {"case": f"case/{self.case_id}", "return": f"return/{self.rma_id}", "refund": f"refund/{refund_id}"}

    async def books(self) -> dict[str, Any]:
        """What was paid, by the provider's records and ours."""
        counted = await self.service.pool.fetchrow(_BOOKS, self.case_id, self.case.order.order_id, str(self.case.order.order_id))
        assert counted is not None
        with self.sandbox.client() as api:
            theirs = api.get("/v1/refunds", params={"payment_id": self.payment}).raise_for_status().json()["data"]
        return {**dict(counted), "theirs": [(refund["status"], refund["amount_minor"]) for refund in theirs]}


ONCE = {
    "refunds": 1,
    "submissions": 1,
    "settled_events": 1,
    "ledger_entries": 1,
    "cleared_minor": -850,
    "reserved_minor": 850,
    "units_refunded": 2,
    "theirs": [("succeeded", 850)],
}


def a_payment_of(sandbox: SandboxServer, amount_minor: int) -> str:
    body = {"amount_minor": amount_minor, "currency": "GBP", "method": "card", "merchant_reference": "536365"}
    with sandbox.client() as api:
        return str(api.post("/v1/payments", json=body, headers={"idempotency-key": uuid4().hex}).raise_for_status().json()["id"])


async def run_again(paid: Paid, again: Again, *names: str) -> list[WorkflowHandle[Any, Any]]:
    """Have processes run again, in this order; their new runs."""
    processes, client = await paid.processes(), paid.service.client
    return [client.get_workflow_handle(processes[name], run_id=await again(client, processes[name])) for name in names]


async def ended_once(paid: Paid) -> None:
    """The case came to its end, and whatever it published it published once."""
    assert await paid.service.ended(paid.case_id) == "refunded"
    assert await paid.books() == ONCE
    types = await paid.service.types(paid.case_id)
    assert types == list(dict.fromkeys(types))
    assert types[-1] == "CaseClosed"


@pytest.mark.parametrize("again", [reset, start_over])
@pytest.mark.parametrize("names", [("case",), ("return",), RETURN_FIRST], ids="+".join)
async def test_processes_run_again_after_the_refund_pay_nothing_and_the_case_comes_to_its_end(
    paying: CaseService, sandbox: SandboxServer, names: tuple[str, ...], again: Again
) -> None:
    paid = await Paid.back(paying, sandbox)
    assert await paid.books() == ONCE
    runs = await run_again(paid, again, *names)
    await paying.tell(Voices(paid.case).is_satisfied())
    for run in runs:
        await run.result()
    await ended_once(paid)


@pytest.mark.parametrize("again", [reset, start_over])
async def test_processes_of_an_ended_case_run_again_pay_nothing_and_end_again(
    paying: CaseService, sandbox: SandboxServer, again: Again
) -> None:
    paid = await Paid.back(paying, sandbox, QUICK_SHOP)
    await paying.tell(Voices(paid.case).is_satisfied())
    await ended_once(paid)
    for name in RETURN_FIRST:
        for run in await run_again(paid, again, name):
            await run.result()
    await ended_once(paid)


@pytest.mark.parametrize("again", [reset, start_over])
async def test_processes_run_again_while_the_provider_loses_its_answers_pay_once(
    paying: CaseService, sandbox: SandboxServer, again: Again
) -> None:
    """The provider has taken the refund, and nobody here knows it."""
    payment = a_payment_of(sandbox, 1275)
    with sandbox.client() as admin:
        admin.patch("/admin/faults", json={"drop_answer_rate": 1, "webhook_drop_rate": 1}).raise_for_status()
        try:
            paid = await Paid.on_its_way(paying, sandbox, payment, QUICK_SHOP)
            await paying.until(lambda: _is_unknown(paid), "an outcome that nobody knows")
            await paying.until(lambda: _has_a_process(paid), "the refund's process")
            await run_again(paid, again, *INNERMOST_FIRST)
        finally:
            admin.post("/admin/reset-faults").raise_for_status()
    await ended_once(paid)


async def _is_unknown(paid: Paid) -> bool:
    states = await paid.service.pool.fetch(
        "SELECT s.state FROM refund_submissions s JOIN refunds USING (refund_id) WHERE case_id = $1", paid.case_id
    )
    return [row["state"] for row in states] == ["unknown"]


async def _has_a_process(paid: Paid) -> bool:
    try:
        await paid.service.client.get_workflow_handle((await paid.processes())["refund"]).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


_BOOKS = """
SELECT (SELECT count(*) FROM refunds WHERE case_id = $1) AS refunds,
    (SELECT count(*) FROM refund_submissions JOIN refunds USING (refund_id) WHERE case_id = $1) AS submissions,
    (SELECT count(*) FROM outbox WHERE topic = 'aftersales.refund.v1' AND key = $3 AND event_type LIKE '%settled%') AS settled_events,
    (SELECT count(*) FROM ledger_entries WHERE order_id = $2) AS ledger_entries,
    (SELECT sum(amount_minor)::bigint FROM ledger_lines JOIN ledger_entries USING (entry_id)
        WHERE order_id = $2 AND account = 'clearing:sandbox') AS cleared_minor,
    (SELECT sum(reserved_minor)::bigint FROM payment_caps WHERE order_id = $2) AS reserved_minor,
    (SELECT sum(units_refunded)::bigint FROM line_caps WHERE order_id = $2) AS units_refunded
"""
