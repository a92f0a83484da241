"""``IssueRefund`` over hours and days, with the clock of the time-skipping server, real rows and the real sandbox provider."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from contracts.identifiers import RefundId
from contracts.roles import Role
from services.kit.data_converter import DATA_CONVERTER
from services.workflow.adapters.provider_sandbox import SandboxProvider, open_sandbox_provider
from services.workflow.adapters.refund_steps import PostgresRefundSteps
from services.workflow.payloads.refund import IssueRefundInput, RefundPhase, RefundResult, RefundSignal, RefundStep
from services.workflow.ports import ProviderRefund
from services.workflow.worker import WORKFLOW_RUNNER
from services.workflow.workflows.issue_refund import IssueRefund
from tests.support.builders import a_payment, an_order
from tests.support.sandbox import API_KEY, SandboxServer, a_sandbox
from tests.support.workflow_api import Caller, a_client, a_token, an_api
from tests.support.workflow_records import RecordsDesk, an_issue, word

pytestmark = pytest.mark.engines

TEST_SERVER = str(Path(sys.executable).parent / "temporal-test-server")
Handle = WorkflowHandle[IssueRefund, RefundResult]
FOUR_FAILURES = [{"failure_code": "account_closed"}] * 4


@pytest.fixture(scope="module")
async def clock() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=TEST_SERVER, data_converter=DATA_CONVERTER
    ) as environment:
        yield environment


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("payments", tmp_path_factory.mktemp("payments")) as server:
        yield server


@pytest.fixture
async def provider(sandbox: SandboxServer) -> AsyncIterator[SandboxProvider]:
    with sandbox.client() as admin:
        admin.post("/admin/reset-faults").raise_for_status()
        admin.patch("/admin/faults", json={"settle_delay_ms": 0}).raise_for_status()
    async with open_sandbox_provider(sandbox.url, API_KEY) as opened:
        yield opened


@asynccontextmanager
async def started(
    desk: RecordsDesk,
    clock: WorkflowEnvironment,
    sandbox: SandboxServer,
    provider: SandboxProvider,
    task_queue: str,
    *,
    steps: type[PostgresRefundSteps] = PostgresRefundSteps,
    **faults: Any,
) -> AsyncIterator[tuple[IssueRefundInput, Handle]]:
    """A refund on its way, in a world with these faults."""
    with sandbox.client() as api:
        body = {"amount_minor": 1275, "currency": "GBP", "method": "card", "merchant_reference": "536365"}
        payment = api.post("/v1/payments", json=body, headers={"idempotency-key": uuid4().hex}).raise_for_status().json()["id"]
        api.patch("/admin/faults", json=faults).raise_for_status()
    issue = an_issue(await desk.take(an_order(uuid4().hex[:12], payments=(a_payment(1275, provider_reference=payment),))))
    activities = desk.activities(provider, steps=steps, watch_seconds=0.0)
    async with Worker(
        clock.client, task_queue=task_queue, workflows=[IssueRefund], activities=activities.all(), workflow_runner=WORKFLOW_RUNNER
    ):
        handle = await clock.client.start_workflow(IssueRefund.run, issue, id=f"refund/{issue.refund.refund_id}", task_queue=task_queue)
        yield issue, handle


async def test_three_retries_ten_minutes_apart_then_finance_orders_another_that_pays(
    desk: RecordsDesk, clock: WorkflowEnvironment, sandbox: SandboxServer, provider: SandboxProvider, task_queue: str
) -> None:
    """R-RFD-09."""
    async with started(desk, clock, sandbox, provider, task_queue, fail_next=FOUR_FAILURES) as (issue, handle):
        refund_id = issue.refund.refund_id
        made = []
        for minutes in (9, 2, 10, 10, 60):
            await clock.sleep(timedelta(minutes=minutes))
            made.append(len(await desk.submissions(refund_id)))
        assert made == [1, 2, 3, 4, 4]
        assert (await desk.refund(refund_id))["state"] == "stuck"
        assert await desk.tasks(issue.refund.case_id) == ["finance_refund_failed"]
        await clock.sleep(timedelta(hours=24))
        assert await desk.tasks(issue.refund.case_id) == ["finance_refund_failed", "finance_refund_waits"]
        dues = "SELECT count(*) FROM work_items WHERE case_id = $1 AND due_at IS NULL"
        assert await desk.pool.fetchval(dues, issue.refund.case_id) == 0

        async with a_client(an_api(desk, [provider])) as client:
            ordered = await Caller(client, a_token("finn", Role.FINANCE)).post(f"/v1/refunds/{refund_id}/attempts", {})
        assert (ordered.status_code, ordered.json()["attempt"]) == (202, 5)
        left = "SELECT kind FROM work_items WHERE case_id = $1 AND state = 'open'"
        assert await desk.pool.fetch(left, issue.refund.case_id) == []
        (delivery,) = await desk.deliveries(f"refund/{refund_id}")
        await handle.signal(IssueRefund.outcome, RefundSignal(event_id=delivery["event_id"]))
        result = await handle.result()
    assert (result.state, result.amount_minor) == ("settled", 850)
    assert [row["state"] for row in await desk.submissions(refund_id)] == ["failed"] * 4 + ["succeeded"]
    with sandbox.client() as api:
        paid = api.get("/v1/refunds", params={"merchant_reference": str(refund_id), "status": "succeeded"}).json()["data"]
    assert [refund["amount_minor"] for refund in paid] == [850]


async def test_a_provider_that_is_away_for_a_day_is_a_missed_limit_and_pays_once_when_it_is_back(
    desk: RecordsDesk, clock: WorkflowEnvironment, sandbox: SandboxServer, provider: SandboxProvider, task_queue: str
) -> None:
    """R-SLA-14: submitted within 24 hours."""
    async with started(desk, clock, sandbox, provider, task_queue, error_rate=1) as (issue, handle):
        await clock.sleep(timedelta(hours=26))
        assert [row["state"] for row in await desk.submissions(issue.refund.refund_id)] == ["unknown"]
        breached = await desk.pool.fetchval(_BREACHES, str(issue.refund.case_id))
        with sandbox.client() as admin:
            admin.patch("/admin/faults", json={"error_rate": 0}).raise_for_status()
        result = await handle.result()
    assert breached == 1
    assert (result.state, result.amount_minor) == ("settled", 850)
    assert await desk.events(issue.refund.refund_id) == ["requested", "approved", "submitted", "settled"]


async def test_finance_can_give_a_refund_up_and_the_process_ends(
    desk: RecordsDesk, clock: WorkflowEnvironment, sandbox: SandboxServer, provider: SandboxProvider, task_queue: str
) -> None:
    async with started(desk, clock, sandbox, provider, task_queue, fail_next=FOUR_FAILURES) as (issue, handle):
        refund_id = issue.refund.refund_id
        async with a_client(an_api(desk, [provider])) as client:
            finance = Caller(client, a_token("finn", Role.FINANCE))
            early = await finance.post(f"/v1/refunds/{refund_id}/give-up", {"code": "account_closed"})
            await clock.sleep(timedelta(hours=1))
            done = await finance.post(f"/v1/refunds/{refund_id}/give-up", {"code": "account_closed"})
        (delivery,) = await desk.deliveries(f"refund/{refund_id}")
        await handle.signal(IssueRefund.outcome, RefundSignal(event_id=delivery["event_id"]))
        result = await handle.result()
    assert early.json()["code"] in {"refund_goes_on_by_itself", "refund_not_found"}
    assert done.status_code == 200
    assert (result.state, result.code) == ("failed", "account_closed")


async def test_what_finance_orders_while_the_process_is_about_to_end_is_paid(
    desk: RecordsDesk, clock: WorkflowEnvironment, sandbox: SandboxServer, provider: SandboxProvider, task_queue: str
) -> None:
    """It was paid, came back and was ordered again, all before the process has heard that it was paid (R-RFD-09)."""
    overtaken: list[RefundId] = []

    class Overtaken(PostgresRefundSteps):
        async def record(self, said: ProviderRefund) -> RefundStep | None:
            step = await super().record(said)
            if step is not None and step.phase is RefundPhase.SETTLED and not overtaken:
                refund_id = await desk.pool.fetchval(
                    "SELECT refund_id FROM refund_submissions WHERE submission_id = $1", said.submission_id
                )
                overtaken.append(refund_id)
                await comes_back_and_is_ordered_again(refund_id)
            return step

    async def comes_back_and_is_ordered_again(refund_id: RefundId) -> None:
        (submission,) = await desk.submissions(refund_id)
        with sandbox.client() as admin:
            admin.post("/admin/reverse", json={"idempotency_key": str(submission["submission_id"])}).raise_for_status()
        await desk.record(word(submission, "reversed", failure_code="returned_by_bank"))
        async with a_client(an_api(desk, [provider])) as client:
            ordered = await Caller(client, a_token("finn", Role.FINANCE)).post(f"/v1/refunds/{refund_id}/attempts", {})
        assert ordered.status_code == 202
        (delivery,) = await desk.deliveries(f"refund/{refund_id}")
        process = clock.client.get_workflow_handle(f"refund/{refund_id}")
        await process.signal(IssueRefund.outcome, RefundSignal(event_id=delivery["event_id"]))

    async with started(desk, clock, sandbox, provider, task_queue, steps=Overtaken) as (issue, handle):
        result = await handle.result()
    refund_id = issue.refund.refund_id
    assert (result.state, overtaken) == ("settled", [refund_id])
    assert [row["state"] for row in await desk.submissions(refund_id)] == ["reversed", "succeeded"]
    assert (await desk.refund(refund_id))["state"] == "settled"


_BREACHES = "SELECT count(*) FROM outbox WHERE key = $1 AND event_type = 'aftersales.resolution.sla_breached.v1'"
