"""Refunds, ledger, reconciliation, decisions and tasks over HTTP: staff see what is their merchants', finance orders, the numbers agree."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from contracts.case_v1 import CaseOpened
from contracts.quote import RefundUnits
from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.postgres import transaction
from services.workflow.adapters.packing import PACKING
from services.workflow.payloads.refund import IssueRefundInput, RefundTimers
from tests.support.builders import a_payment, an_order, facts
from tests.support.payment_provider import FakeProvider
from tests.support.workflow_api import Caller, a_client, a_token, an_api
from tests.support.workflow_records import RecordsDesk, an_issue, word

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
async def http(desk: RecordsDesk) -> AsyncIterator[httpx2.AsyncClient]:
    async with a_client(an_api(desk, [FakeProvider()])) as client:
        yield client


@pytest.fixture(scope="module")
def finance(http: httpx2.AsyncClient) -> Caller:
    return Caller(http, a_token("finn", Role.FINANCE))


@pytest.fixture(scope="module")
def agent(http: httpx2.AsyncClient) -> Caller:
    return Caller(http, a_token("alex", Role.AGENT))


@pytest.fixture(scope="module")
def stranger(http: httpx2.AsyncClient) -> Caller:
    return Caller(http, a_token("eve", Role.FINANCE, merchants=("other-shop",)))


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def a_refund(desk: RecordsDesk, outcome: str | None = "succeeded", case: CaseOpened | None = None, **timers: Any) -> IssueRefundInput:
    issue = an_issue(case or await desk.take(), timers=RefundTimers(**timers))
    await desk.request(issue)
    if outcome is not None:
        (submission,) = await desk.submissions(issue.refund.refund_id)
        await desk.record(word(submission, outcome))
    return issue


async def test_a_refund_shows_its_quote_submissions_and_ledger_lines(desk: RecordsDesk, agent: Caller, stranger: Caller) -> None:
    issue = await a_refund(desk)
    shown = (await agent.get(f"/v1/refunds/{issue.refund.refund_id}")).json()
    assert (shown["state"], shown["amount_minor"], shown["quote"]["amount_minor"]) == ("settled", 850, 850)
    assert [(one["attempt"], one["state"], one["amount_minor"]) for one in shown["submissions"]] == [(1, "succeeded", 850)]
    assert sum(line["amount_minor"] for line in shown["ledger"]) == 0
    assert len(shown["ledger"]) >= 2
    told = ["requested", "attempt_committed", "submitted", "succeeded", "settled", "booked", "credit_note_issued"]
    assert [item["kind"] for item in shown["history"]] == told
    assert shown["credit_notes"] == [shown["history"][-1]["about"]]
    assert code_of(await stranger.get(f"/v1/refunds/{issue.refund.refund_id}")) == (404, "refund_not_found")
    assert (await stranger.get("/v1/refunds")).json()["items"] == []


async def test_refunds_are_found_by_case_and_counted_by_state(desk: RecordsDesk, agent: Caller) -> None:
    case = await desk.take()
    issue = await a_refund(desk, case=case)
    found = (await agent.get("/v1/refunds", case_number=case.case_number, state="settled")).json()["items"]
    assert [item["refund_id"] for item in found] == [str(issue.refund.refund_id)]
    before = {(total["state"]): total["count"] for total in (await agent.get("/v1/refunds/totals")).json()}
    await a_refund(desk)
    after = {(total["state"]): total["count"] for total in (await agent.get("/v1/refunds/totals")).json()}
    assert after["settled"] == before["settled"] + 1


async def test_only_finance_orders_an_attempt_and_only_of_what_waits_for_it(desk: RecordsDesk, agent: Caller, finance: Caller) -> None:
    stuck = await a_refund(desk, "failed", retry_count=0)
    path = f"/v1/refunds/{stuck.refund.refund_id}/attempts"
    assert code_of(await agent.post(path, {})) == (403, "role_insufficient")
    first, again = [await finance.post(path, {}, key="attempt") for _ in range(2)]
    assert (first.status_code, first.json()["attempt"], again.content) == (202, 2, first.content)
    assert code_of(await finance.post(path, {})) == (409, "refund_goes_on_by_itself")
    assert len(await desk.submissions(stuck.refund.refund_id)) == 2
    settled = await a_refund(desk)
    assert code_of(await finance.post(f"/v1/refunds/{settled.refund.refund_id}/attempts", {})) == (409, "refund_settled")


async def test_a_refused_refund_is_reserved_when_finance_orders_it_and_it_has_become_possible(desk: RecordsDesk, finance: Caller) -> None:
    order = an_order(uuid4().hex[:12], payments=(a_payment(1275, refunded_elsewhere_minor=600),))
    issue = an_issue(await desk.take(order), agreed_minor=850)
    await desk.request(issue)
    path = f"/v1/refunds/{issue.refund.refund_id}/attempts"
    assert code_of(await finance.post(path, {})) == (409, "refund_not_reservable")
    await desk.apply(order.model_copy(update={"order_version": 5, "payments": (a_payment(1275),)}))
    assert (await finance.post(path, {})).status_code == 202
    assert (await desk.refund(issue.refund.refund_id))["state"] == "requested"
    assert await desk.events(issue.refund.refund_id) == ["requested", "approved"]


async def test_the_ledger_sums_to_zero_over_all_accounts(desk: RecordsDesk, finance: Caller) -> None:
    await a_refund(desk)
    ledger = (await finance.get("/v1/ledger/balance")).json()
    assert ledger["balance_minor"] == {"GBP": 0}
    assert any(account["account"] == "clearing:sandbox" and account["amount_minor"] < 0 for account in ledger["accounts"])


async def test_reconciliation_names_each_difference(desk: RecordsDesk) -> None:
    """R-RFD-13."""
    provider = FakeProvider()
    order = an_order(uuid4().hex[:12], payments=(a_payment(1275, provider_reference=provider.capture(1275)),))
    paid_twice_there = an_issue(await desk.take(order), RefundUnits(line_id="1", quantity=1))
    await desk.request(paid_twice_there)
    (open_here,) = await desk.activities(provider)._steps.open_submissions(paid_twice_there.refund.refund_id)
    await provider.submit(open_here.submission)
    only_here = await a_refund(desk)
    async with a_client(an_api(desk, [provider])) as client:
        everywhere = Caller(client, a_token("finn", Role.FINANCE, merchants=("*",)))
        report = (await everywhere.get("/v1/reconciliation", provider="sandbox")).json()
        one_shop = await Caller(client, a_token("finn", Role.FINANCE)).get("/v1/reconciliation", provider="sandbox")
    kinds = {difference["refund_id"]: difference["kind"] for difference in report["differences"]}
    assert kinds[str(paid_twice_there.refund.refund_id)] == "not_settled_here"
    assert kinds[str(only_here.refund.refund_id)] == "missing_at_provider"
    assert report["matched"] == 0
    assert report["theirs"] == {"GBP": 425}
    assert code_of(one_shop) == (403, "all_merchants_required")


async def test_the_decisions_of_a_case_are_shown_with_their_trace_to_its_merchants_staff(
    desk: RecordsDesk, agent: Caller, stranger: Caller
) -> None:
    case = await desk.take()
    decision = {
        "policy_version": "uk-retail/1",
        "priority": "normal",
        "next_step": "offer",
        "eligibility": {
            "eligible": True,
            "reason": "in_window",
            "clause": {"clause_id": "no_reason", "rule": "R-ELIG-01", "text": {"en": "…"}},
        },
        "trace": [{"rule": "R-ELIG-01", "says": "within 30 days"}],
    }
    packed = (PACKING.pack(facts(order=case.order)), PACKING.pack(decision))
    await desk.pool.execute(_DECISION, uuid4(), case.case_id, case.merchant_id, *packed, decision["next_step"], utc_now())
    (shown,) = (await agent.get(f"/v1/cases/{case.case_id}/decisions")).json()
    assert shown["decision"]["trace"][0]["rule"] == "R-ELIG-01"
    assert shown["facts"]["order"]["number"] == case.order.number
    assert code_of(await stranger.get(f"/v1/cases/{case.case_id}/decisions")) == (404, "case_not_found")


async def test_a_task_is_resolved_once_by_its_role_and_wakes_who_waits_for_it(
    desk: RecordsDesk, agent: Caller, finance: Caller, stranger: Caller
) -> None:
    case = await desk.take()
    task = uuid4()
    async with transaction(desk.pool) as conn:
        await desk.work_items.open(conn, task, case.case_id, "finance_check", Role.FINANCE, {}, workflow_id=f"case/{case.case_id}")
    path = f"/v1/work-items/{task}/resolve"
    listed = (await finance.get("/v1/work-items", case_number=case.case_number, state="open", role="finance")).json()["items"]
    assert [item["work_item_id"] for item in listed] == [str(task)]
    assert code_of(await agent.post(path, {"resolution": "done"})) == (403, "role_insufficient")
    assert code_of(await stranger.post(path, {"resolution": "done"})) == (404, "work_item_not_found")
    assert (await finance.post(path, {"resolution": "done"})).json()["resolved_by"] == "finn"
    assert code_of(await finance.post(path, {"resolution": "again"})) == (409, "already_resolved")
    (woken,) = await desk.deliveries(f"case/{case.case_id}")
    assert (woken["kind"], woken["data"]) == ("work_item_resolved", {"work_item_id": str(task), "kind": "finance_check"})


_DECISION = """
INSERT INTO decisions (decision_id, case_id, merchant_id, policy_version, facts, decision, next_step, decided_at)
VALUES ($1, $2, $3, 'uk-retail/1', $4, $5, $6, $7)
"""
