"""``IssueRefund`` reset from the Temporal UI, or started over, pays nothing twice: by the provider's own records, whatever it does with its answers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

import pytest
from temporalio.client import Client

from deploy.local.engines.temporal import NAMESPACE
from services.kit.data_converter import DATA_CONVERTER
from services.workflow.payloads.refund import IssueRefundInput, RefundResult
from services.workflow.workflows.issue_refund import IssueRefund
from tests.support.ops_hands import reset, start_over
from tests.support.refund_service import a_running_service, issues, provider_totals
from tests.support.sandbox import SandboxServer, a_sandbox
from tests.support.waiting import eventually
from tests.support.workflow_records import RecordsDesk

pytestmark = [pytest.mark.engines, pytest.mark.slow]

Again: TypeAlias = Callable[[Client, str], Awaitable[str]]
REFUNDS = 6


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("payments", tmp_path_factory.mktemp("payments")) as server:
        yield server


@pytest.fixture(scope="module")
async def client(temporal_address: str) -> Client:
    return await Client.connect(temporal_address, namespace=NAMESPACE, data_converter=DATA_CONVERTER)


async def paid_once(desk: RecordsDesk, sandbox: SandboxServer, issue: IssueRefundInput, result: RefundResult) -> None:
    """The refund is there once: at the provider, in the events, in the ledger, in the caps."""
    refund_id = issue.refund.refund_id
    [submission] = await desk.submissions(refund_id)
    with sandbox.client() as api:
        [paid] = api.get("/v1/refunds", params={"merchant_reference": str(refund_id)}).raise_for_status().json()["data"]
    assert (paid["status"], paid["amount_minor"]) == ("succeeded", result.amount_minor)
    assert paid["idempotency_key"] == str(submission["submission_id"])
    assert sorted(await desk.events(refund_id)) == ["approved", "requested", "settled", "submitted"]
    counted = await desk.pool.fetchrow(_BOOKED, refund_id, issue.refund.order_id)
    assert counted is not None
    assert dict(counted) == {"entries": 1, "cleared_minor": -result.amount_minor, "reserved_minor": result.amount_minor}


async def begin(client: Client, issue: IssueRefundInput, task_queue: str) -> str:
    workflow_id = f"refund/{issue.refund.refund_id}"
    await client.start_workflow(IssueRefund.run, issue, id=workflow_id, task_queue=task_queue)
    return workflow_id


async def result_of(client: Client, workflow_id: str) -> RefundResult:
    """The result of the newest run."""
    result: RefundResult = await client.get_workflow_handle(workflow_id, result_type=RefundResult).result()
    return result


@pytest.mark.parametrize("again", [reset, start_over])
async def test_a_settled_refund_run_again_returns_what_was_paid(
    desk: RecordsDesk, sandbox: SandboxServer, client: Client, task_queue: str, again: Again
) -> None:
    [issue] = await issues(desk, sandbox, 1)
    async with a_running_service(desk, sandbox, client, task_queue), asyncio.timeout(60):
        workflow_id = await begin(client, issue, task_queue)
        first = await result_of(client, workflow_id)
        for _ in range(2):
            await again(client, workflow_id)
            assert await result_of(client, workflow_id) == first
    assert first.state == "settled"
    await paid_once(desk, sandbox, issue, first)


@pytest.mark.parametrize("again", [reset, start_over])
async def test_refunds_run_again_while_the_provider_loses_its_answers_are_paid_once(
    desk: RecordsDesk, sandbox: SandboxServer, client: Client, task_queue: str, again: Again
) -> None:
    """The provider takes each refund and answers nothing; then it answers half the time, webhooks included."""
    made, before = await issues(desk, sandbox, REFUNDS), provider_totals(sandbox)
    with sandbox.client() as admin:
        admin.patch("/admin/faults", json={"drop_answer_rate": 1, "webhook_drop_rate": 1, "settle_delay_ms": 50}).raise_for_status()
        try:
            async with a_running_service(desk, sandbox, client, task_queue, watch_seconds=0.3), asyncio.timeout(90):
                ids = [await begin(client, issue, task_queue) for issue in made]
                await eventually(lambda: _all_unknown(desk, made), "outcomes that nobody knows")
                for workflow_id in ids:
                    await again(client, workflow_id)
                admin.patch("/admin/faults", json={"drop_answer_rate": 0.5, "webhook_drop_rate": 0.5}).raise_for_status()
                for workflow_id in ids:
                    await again(client, workflow_id)
                results = await asyncio.gather(*(result_of(client, workflow_id) for workflow_id in ids))
        finally:
            admin.post("/admin/reset-faults").raise_for_status()
    assert {result.state for result in results} == {"settled"}
    for issue, result in zip(made, results, strict=True):
        await paid_once(desk, sandbox, issue, result)
    after, paid = provider_totals(sandbox), sum(result.amount_minor for result in results)
    assert (after["count"] - before["count"], after["sum_minor"] - before["sum_minor"]) == (REFUNDS, paid)


async def _all_unknown(desk: RecordsDesk, made: list[IssueRefundInput]) -> bool:
    return {row["state"] for issue in made for row in await desk.submissions(issue.refund.refund_id)} == {"unknown"}


_BOOKED = """
SELECT (SELECT count(*) FROM ledger_entries WHERE refund_id = $1) AS entries,
    (SELECT sum(amount_minor)::bigint FROM ledger_lines JOIN ledger_entries USING (entry_id)
        WHERE refund_id = $1 AND account = 'clearing:sandbox') AS cleared_minor,
    (SELECT sum(reserved_minor)::bigint FROM payment_caps WHERE order_id = $2) AS reserved_minor
"""
