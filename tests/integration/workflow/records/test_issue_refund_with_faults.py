"""``IssueRefund`` on the real Temporal, PostgreSQL and sandbox provider, which drops answers, errs, repeats and loses webhooks: each refund is paid once."""

import asyncio
import contextlib
from collections.abc import Iterator
from uuid import uuid4

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from deploy.local.engines.temporal import NAMESPACE
from services.kit.data_converter import DATA_CONVERTER
from services.workflow.adapters.provider_sandbox import open_sandbox_provider
from services.workflow.payloads.refund import RefundSignal
from services.workflow.workflows.issue_refund import IssueRefund
from tests.support.refund_service import a_running_service, issues, provider_totals, run
from tests.support.sandbox import API_KEY, WEBHOOK_SECRET, SandboxServer, a_sandbox
from tests.support.workflow_api import a_client, an_api
from tests.support.workflow_records import RecordsDesk

pytestmark = [pytest.mark.engines, pytest.mark.slow]

REFUNDS = 24


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("payments", tmp_path_factory.mktemp("payments")) as server:
        yield server


@pytest.fixture(scope="module")
async def client(temporal_address: str) -> Client:
    return await Client.connect(temporal_address, namespace=NAMESPACE, data_converter=DATA_CONVERTER)


@pytest.mark.parametrize("watch_seconds", [3.0, 0.0], ids=["watching", "by signal"])
async def test_every_refund_is_paid_exactly_once_whatever_the_provider_does(
    desk: RecordsDesk, sandbox: SandboxServer, client: Client, task_queue: str, watch_seconds: float
) -> None:
    before = provider_totals(sandbox)
    made = await issues(desk, sandbox, REFUNDS)
    with sandbox.client() as admin:
        switches = {
            "drop_answer_rate": 0.3,
            "error_rate": 0.1,
            "webhook_duplicate_rate": 0.2,
            "webhook_drop_rate": 0.2,
            "webhook_reorder": True,
            "settle_delay_ms": 50,
        }
        admin.patch("/admin/faults", json=switches).raise_for_status()
        try:
            async with a_running_service(desk, sandbox, client, task_queue, watch_seconds=watch_seconds), asyncio.timeout(90):
                results = await asyncio.gather(*(run(client, issue, task_queue) for issue in made))
        finally:
            admin.post("/admin/reset-faults").raise_for_status()
    assert {result.state for result in results} == {"settled"}
    paid = sum(result.amount_minor for result in results)
    after = provider_totals(sandbox)
    assert (after["count"] - before["count"], after["sum_minor"] - before["sum_minor"]) == (REFUNDS, paid)
    for issue in made:
        events = await desk.events(issue.refund.refund_id)
        assert events.count("settled") == 1
        assert sorted(events) == ["approved", "requested", "settled", "submitted"]
    cleared = await desk.pool.fetchval(_CLEARED, [issue.refund.refund_id for issue in made])
    assert cleared == -paid


async def test_failed_attempts_are_followed_by_new_ones_until_one_settles(
    desk: RecordsDesk, sandbox: SandboxServer, client: Client, task_queue: str
) -> None:
    """R-RFD-09, with the provider's own failures."""
    before = provider_totals(sandbox)
    (issue,) = await issues(desk, sandbox, 1)
    with sandbox.client() as admin:
        admin.patch("/admin/faults", json={"fail_next": [{"failure_code": "account_closed"}] * 2}).raise_for_status()
        async with a_running_service(desk, sandbox, client, task_queue), asyncio.timeout(60):
            assert (await run(client, issue, task_queue)).state == "settled"
    assert [row["state"] for row in await desk.submissions(issue.refund.refund_id)] == ["failed", "failed", "succeeded"]
    assert provider_totals(sandbox)["count"] - before["count"] == 1


async def test_a_refund_started_again_returns_what_was_paid_and_pays_nothing(
    desk: RecordsDesk, sandbox: SandboxServer, client: Client, task_queue: str
) -> None:
    (issue,) = await issues(desk, sandbox, 1)
    async with a_running_service(desk, sandbox, client, task_queue), asyncio.timeout(60):
        first = await run(client, issue, task_queue)
        paid = provider_totals(sandbox)
        assert await run(client, issue, task_queue) == first
    assert provider_totals(sandbox) == paid


async def test_a_refund_without_trouble_makes_a_short_history_and_a_hand_made_signal_pays_nothing(
    desk: RecordsDesk, sandbox: SandboxServer, client: Client, task_queue: str
) -> None:
    smooth, rung = await issues(desk, sandbox, 2)
    before = provider_totals(sandbox)
    async with a_running_service(desk, sandbox, client, task_queue), asyncio.timeout(60):
        await run(client, smooth, task_queue)
        handle = client.get_workflow_handle(f"refund/{smooth.refund.refund_id}")
        assert len((await handle.fetch_history()).events) <= 12
        running = await client.start_workflow(IssueRefund.run, rung, id=f"refund/{rung.refund.refund_id}", task_queue=task_queue)
        for _ in range(3):
            with contextlib.suppress(RPCError):  # it may be over already
                await running.signal(IssueRefund.outcome, RefundSignal(event_id=uuid4()))
        assert (await running.result()).state == "settled"
    assert provider_totals(sandbox)["count"] - before["count"] == 2


async def test_a_webhook_with_a_wrong_signature_changes_nothing(desk: RecordsDesk, sandbox: SandboxServer) -> None:
    async with (
        open_sandbox_provider(sandbox.url, API_KEY, [WEBHOOK_SECRET]) as provider,
        a_client(an_api(desk, [provider])) as caller,
    ):
        headers = {"webhook-id": "evt_1", "webhook-timestamp": "1", "webhook-signature": "v1,bm90aGluZw=="}
        refused = await caller.post("/v1/providers/sandbox/webhooks", content=b"{}", headers=headers)
        unknown = await caller.post("/v1/providers/nobody/webhooks", content=b"{}")
    assert (refused.status_code, refused.json()["code"]) == (401, "webhook_timestamp_stale")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "provider_not_found")


_CLEARED = """
SELECT sum(amount_minor)::bigint FROM ledger_lines JOIN ledger_entries USING (entry_id) WHERE refund_id = ANY($1) AND account = 'clearing:sandbox'
"""
