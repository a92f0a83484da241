"""The command line goes through HTTP with a staff token, and says what went wrong."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from temporalio.testing import ActivityEnvironment

from contracts.identifiers import ApprovalId
from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.kit.clock import utc_now
from services.workflow.activities.approvals import ApprovalActivities
from services.workflow.adapters.approval_steps import PostgresApprovalSteps
from services.workflow.commands import approvals_app, refunds_app
from services.workflow.payloads.approval import ApprovalAsk, ApprovalOpening, ApprovalTimers
from tests.support.workflow_api import a_token, an_api, served
from tests.support.workflow_records import RecordsDesk

pytestmark = pytest.mark.engines


@pytest.fixture
async def url(desk: RecordsDesk) -> AsyncIterator[str]:
    async with served(an_api(desk)) as address:
        yield address


async def asked(desk: RecordsDesk) -> UUID:
    case = await desk.take()
    ask = ApprovalAsk(
        approval_id=ApprovalId(uuid4()),
        case_id=case.case_id,
        workflow_id=f"case/{case.case_id}",
        kind=ApprovalKind.SPECIAL,
        tier=Role.SUPERVISOR,
        reason="over_window",
        rule="R-AUTH-06",
    )
    activities = ApprovalActivities(PostgresApprovalSteps(desk.pool, desk.cases))
    await ActivityEnvironment().run(activities.open_approval, ApprovalOpening(ask=ask, timers=ApprovalTimers(), at=utc_now()))
    return ask.approval_id


async def call(*words: str) -> int:
    """The exit code of ``aftersales approvals …``."""

    def run() -> int:
        try:
            approvals_app(list(words), exit_on_error=False, result_action="return_value")
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return await asyncio.to_thread(run)


async def test_a_supervisor_lists_and_decides_and_a_second_one_is_told(
    desk: RecordsDesk, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    approval_id = await asked(desk)
    access = ("--url", url, "--token", a_token("sam", Role.SUPERVISOR))
    assert await call("list", *access) == 0
    listed = capsys.readouterr().out
    assert str(approval_id) in listed
    assert "decided_by" in listed
    assert await call("decide", str(approval_id), "grant", "--reason", "called in time", *access) == 0
    assert "granted by sam" in capsys.readouterr().out
    assert await call("decide", str(approval_id), "decline", "--reason", "too late", *access) == 1
    assert "already_decided" in capsys.readouterr().err


async def test_a_service_that_is_not_there_is_said_to_be_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert await call("list", "--url", "http://127.0.0.1:9", "--token", "x") == 1
    assert "is the workflow service running?" in capsys.readouterr().err


async def test_who_forgets_the_token_is_told_where_to_get_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFTERSALES_STAFF_TOKEN", raising=False)
    assert await call("list", "--url", "http://127.0.0.1:9") == 1
    assert "aftersales token issue --role" in capsys.readouterr().err


def test_refund_commands_are_there() -> None:
    assert {"list", "attempt", "give-up", "reconcile"} <= set(refunds_app)
