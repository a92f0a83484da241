"""Who decides, and who does not: tiers that move up with time, wrong roles, requesters, second deciders, hand-made signals (R-AUTH-03 to R-AUTH-06)."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from temporalio.api.enums.v1 import EventType

from contracts.resolution_v1 import ApprovalEscalated
from contracts.roles import Role
from contracts.scenes import Scene
from contracts.topics import Topic
from services.workflow.payloads.case import CaseSignal
from tests.support.shop import AGENT, DEMO_STRICT, HIGH_STREET, Caller, Case, Shop, refusal
from tests.support.shop_records import Records
from tests.support.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.e2e]
_STEP_DONE = frozenset({EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, EventType.EVENT_TYPE_MARKER_RECORDED})
"""A step done as an activity, or within a workflow task."""
GRANT = {"decision": "grant", "reason": "A good customer, and the goods are as new."}


async def over_window(shop: Shop, merchant: str, **changes: Any) -> Case:
    """A return long after the window: only a special approval opens it (R-ELIG-06, R-AUTH-06)."""
    order = await shop.an_order(merchant, delivered_days_ago=60)
    return await shop.open_case(order, Scene.RETURN_OVER_WINDOW, **changes)


async def decide(by: Caller, approval_id: str, body: dict[str, str] = GRANT) -> httpx2.Response:
    return await by.ask("POST", f"/v1/approvals/{approval_id}/decision", body, key=uuid4().hex)


@pytest.fixture(scope="module", autouse=True)
async def undecided(shop: Shop) -> Case:
    """A case whose approval moves up while the other tests of this file run."""
    return await over_window(shop, DEMO_STRICT)


async def test_the_wrong_role_the_requester_and_another_merchants_staff_decide_nothing(shop: Shop) -> None:
    sue = "sue"
    desk = shop.staff("intake", Role.SUPERVISOR, sue)
    case = await over_window(shop, HIGH_STREET, by=desk, merchant_id=HIGH_STREET)
    approval_id = (await case.approval(kind="special"))["approval_id"]
    refusal(await decide(shop.staff("workflow", AGENT), approval_id), 403, "role_insufficient")
    refusal(await decide(shop.staff("workflow", Role.FINANCE), approval_id), 403, "role_insufficient")
    own = refusal(await decide(shop.staff("workflow", Role.SUPERVISOR, sue), approval_id), 403, "own_request")
    assert "R-AUTH-05" in own["detail"]
    higher = refusal(await decide(shop.staff("workflow", Role.DUTY_DIRECTOR, sue), approval_id), 403, "own_request")
    assert higher["title"] == own["title"]
    elsewhere = shop.staff("workflow", Role.SUPERVISOR, "eve", merchants=[DEMO_STRICT])
    refusal(await decide(elsewhere, approval_id), 404, "approval_not_found")
    refusal(await decide(shop.nobody("workflow"), approval_id), 401, "invalid_token")
    assert (await case.approval(kind="special"))["decided_by"] is None
    granted = await decide(shop.staff("workflow", Role.SUPERVISOR, "tom"), approval_id)
    assert (granted.status_code, granted.json()["decided_by"]) == (200, "tom")
    await case.until("offer_pending", has="offer")


async def test_of_two_deciders_the_first_stands_and_the_second_is_told_who_and_when(shop: Shop) -> None:
    case = await over_window(shop, HIGH_STREET)
    approval_id = (await case.approval(kind="special"))["approval_id"]
    tom, ina = (shop.staff("workflow", Role.SUPERVISOR, name) for name in ("tom", "ina"))
    decline = {"decision": "decline", "reason": "Too late.", "reason_code": "too_late"}
    answers = await asyncio.gather(decide(tom, approval_id), decide(ina, approval_id, decline))
    first, second = sorted(answers, key=lambda answer: answer.status_code)
    assert first.status_code == 200
    told = refusal(second, 409, "already_decided")
    assert first.json()["decided_by"] in told["detail"]
    assert first.json()["decided_at"][:19] in told["detail"]
    assert first.json()["status"] in told["detail"]
    if first.json()["status"] == "granted":
        await case.until("offer_pending", has="offer")
    else:
        await case.ended("declined")


async def looked_after_signal(records: Records, workflow_id: str) -> None:
    """Wait until the process has done something since its last signal: it heard it, and asked PostgreSQL."""
    handle = records.temporal.get_workflow_handle(workflow_id)

    async def looked() -> bool:
        events = (await handle.fetch_history()).events
        heard = [event.event_id for event in events if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED]
        done = [event.event_id for event in events if event.event_type in _STEP_DONE]
        return bool(heard) and bool(done) and done[-1] > heard[-1]

    await eventually(looked, f"{workflow_id} to look at the rows after a signal")


async def test_a_hand_made_signal_approves_nothing(shop: Shop, records: Records) -> None:
    """Whoever reaches Temporal can ring the bell; the process then reads the row, where nothing was decided."""
    case = await over_window(shop, HIGH_STREET)
    approval_id = (await case.approval(kind="special"))["approval_id"]
    handle = records.temporal.get_workflow_handle(f"case/{case.case_id}")
    forged = {"approval_id": approval_id, "outcome": "granted", "decision": "grant"}
    await handle.signal("approve", forged)
    await handle.signal("deliver", "this is no signal of ours")
    await handle.signal("deliver", CaseSignal(event_id=uuid4(), kind="approval_decided", data=forged))
    await looked_after_signal(records, f"case/{case.case_id}")
    assert (await case.approval(kind="special"))["status"] == "open"
    assert (await case.read())["status"] == "approval_pending"
    await records.until_screen(f"case/{case.case_id}", "**Waits for:** an approval", "**Who must act:** supervisor")
    assert (await decide(shop.staff("workflow", Role.SUPERVISOR), approval_id)).is_success
    await case.until("offer_pending", has="offer")


async def test_a_hand_made_signal_that_all_is_well_does_not_close_a_case(shop: Shop, records: Records) -> None:
    case = await shop.open_case(await shop.an_order(HIGH_STREET), Scene.FULFILMENT_MISSING_ITEM, units=1)
    await case.send_evidence()
    await case.review()
    await case.choose("refund_no_return")
    await case.until("confirming")
    handle = records.temporal.get_workflow_handle(f"case/{case.case_id}")
    await handle.signal("deliver", CaseSignal(event_id=uuid4(), kind="satisfaction_stated", data={"satisfied": True}))
    await looked_after_signal(records, f"case/{case.case_id}")
    assert (await case.read())["status"] == "confirming"
    await records.until_screen(f"case/{case.case_id}", "**Waits for:** the customer to say whether the case is solved")
    await case.act("satisfaction", {"satisfied": True})
    await case.ended("refunded")
    await records.assert_paid_once(case, 425)


async def test_an_approval_that_nobody_decides_moves_up_tier_by_tier_and_is_never_decided_by_time(
    undecided: Case, shop: Shop, records: Records
) -> None:
    case = undecided
    asked = await case.approval(kind="special", tier="duty_director")
    assert asked["status"] == "open"
    assert asked["escalations"] >= 2
    for role in (Role.SUPERVISOR, Role.AFTER_SALES_MANAGER):
        refused = refusal(await decide(shop.staff("workflow", role), asked["approval_id"]), 403, "role_insufficient")
        assert "duty_director" in refused["detail"]
    shown = await records.until_screen(f"case/{case.case_id}", "**Waits for:** an approval", "**Who must act:** duty director")
    assert "never decided by itself" in shown

    async def alarmed() -> list[ApprovalEscalated] | None:
        moves = [event for event in await records.events(Topic.RESOLUTION, case) if isinstance(event, ApprovalEscalated)]
        return moves if len(moves) > 2 else None

    moves = [(move.from_tier, move.to_tier) for move in await eventually(alarmed, "the director to be alarmed")]
    director = Role.DUTY_DIRECTOR
    assert moves[:3] == [(Role.SUPERVISOR, Role.AFTER_SALES_MANAGER), (Role.AFTER_SALES_MANAGER, director), (director, director)]
    assert (await case.approval(kind="special"))["status"] == "open"
    attributes = await records.attributes(f"case/{case.case_id}")
    assert attributes["SlaBreached"] is True
    assert attributes["WaitingFor"] == "approval"
    decided = await decide(shop.staff("workflow", director), asked["approval_id"])
    assert (decided.status_code, decided.json()["decided_role"]) == (200, "duty_director")
    await case.until("offer_pending", has="offer")
    await case.act("withdrawal")
    await case.ended("withdrawn")
    moments = await records.mailed_moments(case, "R-NTF-06", "R-NTF-07", "R-NTF-29", "R-NTF-32")
    assert moments["R-NTF-29"] >= 2, "an apology and a new time with each tier (R-AUTH-03)"
