"""Approvals over HTTP: the row decides, under its lock; R-AUTH-02 to R-AUTH-05."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from temporalio.testing import ActivityEnvironment

from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.kit.clock import utc_now
from services.workflow.payloads.approval import ApprovalState
from tests.support.approval_records import Approvals
from tests.support.workflow_api import Caller, a_client, a_token, an_api
from tests.support.workflow_records import RecordsDesk

pytestmark = pytest.mark.engines

GRANT = {"decision": "grant", "reason": "The customer called in time."}
DECLINE = {"decision": "decline", "reason": "The goods were used."}


@pytest.fixture(scope="module")
async def http(desk: RecordsDesk) -> AsyncIterator[httpx2.AsyncClient]:
    async with a_client(an_api(desk)) as client:
        yield client


@pytest.fixture(scope="module")
def approvals(desk: RecordsDesk) -> Approvals:
    return Approvals(desk)


def staff(http: httpx2.AsyncClient, name: str, *roles: Role, **claims: Any) -> Caller:
    return Caller(http, a_token(name, *roles, **claims))


async def decide(caller: Caller, approval_id: UUID, body: dict[str, Any], key: str | None = None) -> httpx2.Response:
    return await caller.post(f"/v1/approvals/{approval_id}/decision", body, key)


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_decision_is_stored_with_who_why_and_when_and_wakes_the_process(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    """R-AUTH-05."""
    case = await approvals.desk.take()
    approval_id = await approvals.opened(case)
    answer = await decide(staff(http, "sam", Role.SUPERVISOR), approval_id, GRANT)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["decided_by"], told["decided_role"], told["decision_reason"]) == (
        "granted",
        "sam",
        "supervisor",
        GRANT["reason"],
    )
    assert told["decided_at"]
    assert await approvals.events(approval_id) == ["approval_requested", "approval_decided"]
    (woken,) = await approvals.desk.deliveries(f"case/{case.case_id}")
    assert (woken["workflow_id"], woken["kind"], woken["data"]) == (
        f"case/{case.case_id}",
        "approval_decided",
        {"approval_id": str(approval_id)},
    )


async def test_of_two_who_decide_at_the_same_moment_one_wins_and_the_other_is_told(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    approval_id = await approvals.opened()
    deciders = [staff(http, f"supervisor-{place}", Role.SUPERVISOR) for place in range(6)]
    answers = await asyncio.gather(*(decide(caller, approval_id, GRANT if place % 2 else DECLINE) for place, caller in enumerate(deciders)))
    won = [answer for answer in answers if answer.status_code == 200]
    lost = [answer for answer in answers if answer.status_code != 200]
    assert len(won) == 1
    assert {code_of(answer) for answer in lost} == {(409, "already_decided")}
    assert all(won[0].json()["decided_by"] in answer.json()["detail"] for answer in lost)
    assert await approvals.events(approval_id) == ["approval_requested", "approval_decided"]


async def test_the_wrong_role_and_the_requester_are_refused(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    approval_id = await approvals.opened(requester="sam")
    assert code_of(await decide(staff(http, "alex", Role.AGENT), approval_id, GRANT)) == (403, "role_insufficient")
    assert code_of(await decide(staff(http, "sam", Role.SUPERVISOR), approval_id, GRANT)) == (403, "own_request")
    assert code_of(await decide(staff(http, "no-role"), approval_id, GRANT)) == (403, "role_required")
    row = await staff(http, "kim", Role.SUPERVISOR).get(f"/v1/approvals/{approval_id}")
    assert row.json()["status"] == "open"


async def test_after_the_move_up_the_old_tier_can_no_longer_decide(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    """R-AUTH-03."""
    approval_id = await approvals.opened()
    assert await approvals.moved_up(approval_id) is Role.AFTER_SALES_MANAGER
    assert code_of(await decide(staff(http, "sam", Role.SUPERVISOR), approval_id, GRANT)) == (403, "role_insufficient")
    assert (await decide(staff(http, "mia", Role.AFTER_SALES_MANAGER), approval_id, GRANT)).status_code == 200
    assert await approvals.events(approval_id) == ["approval_requested", "approval_escalated", "approval_decided"]


async def test_a_deadline_and_a_decision_at_once_end_in_one_of_the_two(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    for _ in range(5):
        approval_id = await approvals.opened()
        answer, tier = await asyncio.gather(
            decide(staff(http, "sam", Role.SUPERVISOR), approval_id, GRANT), approvals.moved_up(approval_id)
        )
        row = (await staff(http, "kim", Role.AGENT).get(f"/v1/approvals/{approval_id}")).json()
        if answer.status_code == 200:
            assert (row["status"], row["tier"], tier) == ("granted", "supervisor", Role.SUPERVISOR)
        else:
            assert code_of(answer) == (403, "role_insufficient")
            assert (row["status"], row["tier"], tier) == ("open", "after_sales_manager", Role.AFTER_SALES_MANAGER)


async def test_the_same_deadline_moves_it_up_once_and_the_top_only_alarms(approvals: Approvals) -> None:
    """R-AUTH-03, R-AUTH-04."""
    approval_id = await approvals.opened()
    assert {await approvals.moved_up(approval_id, 0) for _ in range(3)} == {Role.AFTER_SALES_MANAGER}
    assert await approvals.moved_up(approval_id, 1) is Role.DUTY_DIRECTOR
    assert await approvals.moved_up(approval_id, 2) is Role.DUTY_DIRECTOR
    view = await ActivityEnvironment().run(approvals.activities.read_approval, approval_id)
    assert (view.state, view.escalations) == (ApprovalState.OPEN, 3)
    assert view.due_at > utc_now() + timedelta(minutes=59)


async def test_the_same_key_gets_the_same_answer_and_another_body_none(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    approval_id = await approvals.opened()
    caller = staff(http, "sam", Role.SUPERVISOR)
    first, again = [await decide(caller, approval_id, GRANT, key="k-1") for _ in range(2)]
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (200, first.content, "true")
    assert code_of(await decide(caller, approval_id, DECLINE, key="k-1")) == (422, "idempotency_key_reused")
    without = await http.post(
        f"/v1/approvals/{approval_id}/decision", json=GRANT, headers={"Authorization": f"Bearer {a_token('sam', Role.SUPERVISOR)}"}
    )
    assert code_of(without) == (400, "idempotency_key_required")


async def test_a_partial_refund_needs_its_amount_and_no_more_than_asked(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    approval_id = await approvals.opened(kind=ApprovalKind.PARTIAL_REFUND)
    caller = staff(http, "sam", Role.SUPERVISOR)
    assert code_of(await decide(caller, approval_id, GRANT)) == (422, "decision_incomplete")
    assert code_of(await decide(caller, approval_id, {**GRANT, "amount_minor": 851})) == (422, "decision_incomplete")
    assert (await decide(caller, approval_id, {**GRANT, "amount_minor": 400})).json()["granted_minor"] == 400


async def test_staff_see_and_decide_only_what_is_their_merchants(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    approval_id = await approvals.opened()
    other = staff(http, "eve", Role.DUTY_DIRECTOR, merchants=("other-shop",))
    assert code_of(await other.get(f"/v1/approvals/{approval_id}")) == (404, "approval_not_found")
    assert code_of(await decide(other, approval_id, GRANT)) == (404, "approval_not_found")
    assert (await other.get("/v1/approvals")).json()["items"] == []
    assert code_of(await other.get("/v1/approvals", merchant_id="demo-shop")) == (403, "merchant_not_yours")
    assert (await http.get("/v1/approvals")).status_code == 401
    everybody = staff(http, "root", Role.DUTY_DIRECTOR, merchants=("*",))
    assert (await everybody.get(f"/v1/approvals/{approval_id}")).status_code == 200


async def test_pages_show_each_approval_once_and_filters_narrow_them(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    case = await approvals.desk.take()
    wanted = [str(await approvals.opened(case)) for _ in range(5)]
    caller = staff(http, "sam", Role.SUPERVISOR)
    seen: list[str] = []
    cursor = None
    while True:
        query = {"case_number": case.case_number, "status": "open", "tier": "supervisor", "limit": 2}
        page = (await caller.get("/v1/approvals", **query, **({"cursor": cursor} if cursor else {}))).json()
        seen += [item["approval_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == wanted
    assert (await caller.get("/v1/approvals", case_number=case.case_number, tier="agent")).json()["items"] == []
    assert code_of(await caller.get("/v1/approvals", cursor="AAAA")) == (400, "invalid_cursor")


async def test_a_withdrawn_question_cannot_be_decided(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    approval_id = await approvals.opened()
    await ActivityEnvironment().run(approvals.activities.withdraw_approval, approval_id)
    answer = await decide(staff(http, "sam", Role.SUPERVISOR), approval_id, GRANT)
    assert code_of(answer) == (409, "already_decided")
    assert "withdrawn" in answer.json()["detail"]


async def test_opening_again_finds_the_row_as_it_stands(http: httpx2.AsyncClient, approvals: Approvals) -> None:
    case = await approvals.desk.take()
    approval_id = await approvals.opened(case)
    await decide(staff(http, "sam", Role.SUPERVISOR), approval_id, DECLINE)
    assert await approvals.opened(case, approval_id=approval_id) == approval_id
    view = await ActivityEnvironment().run(approvals.activities.read_approval, approval_id)
    assert view.state is ApprovalState.DECLINED
    assert await approvals.events(approval_id) == ["approval_requested", "approval_decided"]
