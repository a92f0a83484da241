"""The part of the workflow service that pays refunds, as it runs: API with webhooks, deliverer and worker, at the real sandbox provider."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from contracts.quote import RefundUnits
from services.kit.deliveries import Deliverer, Delivery
from services.workflow.adapters.provider_sandbox import open_sandbox_provider
from services.workflow.payloads.refund import IssueRefundInput, RefundResult, RefundSignal, RefundTimers
from services.workflow.worker import WORKFLOW_RUNNER
from services.workflow.workflows.issue_refund import IssueRefund
from tests.support.builders import a_payment, an_order
from tests.support.sandbox import API_KEY, WEBHOOK_SECRET, SandboxServer
from tests.support.workflow_api import an_api, served
from tests.support.workflow_records import RecordsDesk, an_issue

QUICK = RefundTimers(first_look=timedelta(seconds=1), longest_look=timedelta(seconds=2), retry_distance=timedelta(seconds=1))


@asynccontextmanager
async def a_running_service(
    desk: RecordsDesk, sandbox: SandboxServer, client: Client, task_queue: str, **options: Any
) -> AsyncIterator[None]:
    """API, deliverer and worker, as the service runs them."""

    async def deliver(delivery: Delivery) -> None:
        handle = client.get_workflow_handle(f"refund/{delivery.payload['refund_id']}")
        with contextlib.suppress(RPCError):  # closed meanwhile: the row is the truth
            await handle.signal(IssueRefund.outcome, RefundSignal(event_id=delivery.payload["event_id"]))

    stop = asyncio.Event()
    async with open_sandbox_provider(sandbox.url, API_KEY, [WEBHOOK_SECRET]) as provider:
        activities = desk.activities(provider, **options)
        app = an_api(desk, [provider])
        delivering = asyncio.create_task(Deliverer(desk.pool, deliver).run(stop))
        try:
            async with (
                served(app) as url,
                Worker(
                    client, task_queue=task_queue, workflows=[IssueRefund], activities=activities.all(), workflow_runner=WORKFLOW_RUNNER
                ),
            ):
                with sandbox.client() as admin:
                    admin.put("/admin/webhook-endpoint", json={"url": f"{url}/v1/providers/sandbox/webhooks"}).raise_for_status()
                yield
        finally:
            stop.set()
            await delivering


async def issues(desk: RecordsDesk, sandbox: SandboxServer, count: int) -> list[IssueRefundInput]:
    """Refunds of as many orders, each paid at the provider."""
    made = []
    with sandbox.client() as api:
        for place in range(count):
            body = {"amount_minor": 1275, "currency": "GBP", "method": "card", "merchant_reference": "536365"}
            paid = api.post("/v1/payments", json=body, headers={"idempotency-key": uuid4().hex}).raise_for_status().json()
            order = an_order(uuid4().hex[:12], payments=(a_payment(1275, provider_reference=paid["id"]),))
            made.append(an_issue(await desk.take(order), RefundUnits(line_id="1", quantity=1 + place % 3), timers=QUICK))
    return made


async def run(client: Client, issue: IssueRefundInput, task_queue: str) -> RefundResult:
    """Run a refund to its end."""
    return await client.execute_workflow(IssueRefund.run, issue, id=f"refund/{issue.refund.refund_id}", task_queue=task_queue)


def provider_totals(sandbox: SandboxServer) -> dict[str, int]:
    """How many refunds the provider has paid, and how much."""
    with sandbox.client() as api:
        refunds = api.get("/v1/totals").raise_for_status().json()["refunds"]
    return {"count": refunds["count"], "sum_minor": refunds["sum_minor"].get("GBP", 0)}
