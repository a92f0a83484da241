"""Waiting for an approval, with the clock of the time-skipping server and real rows: it moves up, it alarms, and only the row decides."""

import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from contracts.identifiers import ApprovalId
from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.data_converter import DATA_CONVERTER
from services.kit.postgres import transaction
from services.workflow.activities.approvals import ApprovalActivities
from services.workflow.adapters.approval_steps import PostgresApprovalSteps
from services.workflow.adapters.approvals import ApprovalBook
from services.workflow.approvals.decision import Answer
from services.workflow.payloads.approval import ApprovalAsk, ApprovalResult, ApprovalTimers
from services.workflow.worker import WORKFLOW_RUNNER
from tests.support.approval_process import AskForApproval
from tests.support.waiting import eventually
from tests.support.workflow_records import RecordsDesk

pytestmark = pytest.mark.engines

TEST_SERVER = str(Path(sys.executable).parent / "temporal-test-server")
Handle = WorkflowHandle[AskForApproval, ApprovalResult]
Question = Callable[[], Any]


@pytest.fixture(scope="module")
async def clock() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=TEST_SERVER, data_converter=DATA_CONVERTER
    ) as environment:
        yield environment


@pytest.fixture
async def worker(desk: RecordsDesk, clock: WorkflowEnvironment, task_queue: str) -> AsyncIterator[str]:
    activities = ApprovalActivities(PostgresApprovalSteps(desk.pool, desk.cases))
    async with Worker(
        clock.client, task_queue=task_queue, workflows=[AskForApproval], activities=activities.all(), workflow_runner=WORKFLOW_RUNNER
    ):
        yield task_queue


async def asked(desk: RecordsDesk, clock: WorkflowEnvironment, task_queue: str) -> tuple[Handle, ApprovalAsk]:
    case = await desk.take()
    workflow_id = f"ask/{uuid4()}"
    ask = ApprovalAsk(
        approval_id=ApprovalId(uuid4()),
        case_id=case.case_id,
        workflow_id=workflow_id,
        kind=ApprovalKind.SPECIAL,
        tier=Role.SUPERVISOR,
        reason="over_window",
        rule="R-AUTH-06",
    )
    handle = await clock.client.start_workflow(AskForApproval.run, args=[ask, ApprovalTimers()], id=workflow_id, task_queue=task_queue)
    there: Question = lambda: row_of(desk, ask)  # noqa: E731 - named for its type
    await eventually(there, "the approval's row")
    return handle, ask


async def row_of(desk: RecordsDesk, ask: ApprovalAsk) -> dict[str, Any] | None:
    row = await desk.pool.fetchrow("SELECT * FROM approvals WHERE approval_id = $1", ask.approval_id)
    return None if row is None else dict(row)


async def decide(desk: RecordsDesk, ask: ApprovalAsk, *roles: Role, grant: bool = True) -> None:
    book = ApprovalBook()
    async with transaction(desk.pool) as conn:
        row = await book.lock(conn, desk.cases, ask.approval_id)
        await book.decide(conn, row, Answer(grant=grant, staff_id="sam", roles=roles), "seen", "granted", utc_now())


async def test_nobody_decides_so_it_moves_up_and_then_alarms_every_hour(desk: RecordsDesk, clock: WorkflowEnvironment, worker: str) -> None:
    """R-AUTH-03: 30 min, 30 min, 60 min, then every 60 min; R-AUTH-04: and nothing is ever decided by time."""
    handle, ask = await asked(desk, clock, worker)
    tiers = []
    for minutes in (29, 2, 30, 60, 60, 60):
        await clock.sleep(timedelta(minutes=minutes))
        row = await row_of(desk, ask)
        assert row is not None
        tiers.append((row["tier"], row["escalations"], row["state"]))
    assert tiers == [
        ("supervisor", 0, "open"),
        ("after_sales_manager", 1, "open"),
        ("duty_director", 2, "open"),
        ("duty_director", 3, "open"),
        ("duty_director", 4, "open"),
        ("duty_director", 5, "open"),
    ]
    assert await handle.query(AskForApproval.shown) == ["supervisor", "after_sales_manager", *["duty_director"] * 4]
    assert await desk.pool.fetchval(_BREACHES, str(ask.case_id)) == 3  # R-SLA-20: one per tier
    await decide(desk, ask, Role.DUTY_DIRECTOR)
    await handle.signal(AskForApproval.deliver)
    result = await handle.result()
    assert (result.outcome, result.decided_by, result.tier) == ("granted", "sam", Role.DUTY_DIRECTOR)


async def test_a_hand_made_signal_grants_nothing(desk: RecordsDesk, clock: WorkflowEnvironment, worker: str) -> None:
    handle, ask = await asked(desk, clock, worker)
    for _ in range(3):
        await handle.signal(AskForApproval.deliver)

    async def looked() -> bool:
        events = (await handle.fetch_history()).events
        names = [event.activity_task_scheduled_event_attributes.activity_type.name for event in events]
        return "read_approval" in names

    question: Question = looked
    await eventually(question, "the process to look at the row")
    row = await row_of(desk, ask)
    assert row is not None
    assert row["state"] == "open"
    await decide(desk, ask, Role.SUPERVISOR, grant=False)
    await handle.signal(AskForApproval.deliver)
    assert (await handle.result()).outcome == "declined"


async def test_a_decision_whose_signal_was_lost_is_found_at_the_deadline(
    desk: RecordsDesk, clock: WorkflowEnvironment, worker: str
) -> None:
    handle, ask = await asked(desk, clock, worker)
    await decide(desk, ask, Role.SUPERVISOR)
    result = await handle.result()
    assert (result.outcome, result.tier) == ("granted", Role.SUPERVISOR)


async def test_a_withdrawn_case_withdraws_its_question(desk: RecordsDesk, clock: WorkflowEnvironment, worker: str) -> None:
    """R-CASE-05."""
    handle, ask = await asked(desk, clock, worker)
    await handle.signal(AskForApproval.stop)
    assert (await handle.result()).outcome == "withdrawn"
    row = await row_of(desk, ask)
    assert row is not None
    assert row["state"] == "withdrawn"


_BREACHES = "SELECT count(*) FROM outbox WHERE key = $1 AND event_type = 'aftersales.resolution.sla_breached.v1'"
