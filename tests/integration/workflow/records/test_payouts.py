"""Money that no payment provider can give back: cash, a closed account, what is no refund of the order. Finance pays it, once, with a document (R-RFD-15)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from contracts.quote import RefundUnits
from contracts.roles import Role
from services.kit.postgres import transaction
from services.workflow.adapters.packing import PACKING
from services.workflow.adapters.refund_orders import order_attempt
from services.workflow.payloads.refund import IssueRefundInput, RefundTimers
from tests.support.builders import a_payment, an_order
from tests.support.stack import DsnFactory
from tests.support.workflow_api import Caller, a_client, a_token, an_api
from tests.support.workflow_records import RecordsDesk, a_desk, an_issue, word

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
async def http(desk: RecordsDesk) -> AsyncIterator[httpx2.AsyncClient]:
    async with a_client(an_api(desk)) as client:
        yield client


@pytest.fixture(scope="module")
def finance(http: httpx2.AsyncClient) -> Caller:
    return Caller(http, a_token("finn", Role.FINANCE))


@pytest.fixture(scope="module")
def supervisor(http: httpx2.AsyncClient) -> Caller:
    return Caller(http, a_token("sue", Role.SUPERVISOR))


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def a_cash_refund(desk: RecordsDesk, number: str) -> IssueRefundInput:
    payments = (a_payment(1000, payment_id="p1"), a_payment(275, payment_id="p2", provider="cash", method="cash_on_delivery"))
    issue = an_issue(await desk.take(an_order(number, payments=payments)), RefundUnits(line_id="1", quantity=3))
    await desk.request(issue)
    return issue


async def lines(desk: RecordsDesk, column: str, value: UUID) -> dict[str, int]:
    query = f"SELECT account, sum(amount_minor)::bigint AS minor FROM ledger_lines JOIN ledger_entries USING (entry_id) WHERE {column} = $1 GROUP BY 1"  # noqa: S608
    return {row["account"]: row["minor"] for row in await desk.pool.fetch(query, value)}


async def payout_of(finance: Caller, case_number: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = (await finance.get("/v1/payouts", case_number=case_number)).json()["items"]
    return items[-1]


async def case_number_of(desk: RecordsDesk, issue: IssueRefundInput) -> str:
    return str((await desk.refund(issue.refund.refund_id))["case_number"])


async def test_cash_is_paid_out_by_finance_and_the_refund_settles_with_both_parts(desk: RecordsDesk, finance: Caller) -> None:
    issue = await a_cash_refund(desk, "cash-1")
    refund_id = issue.refund.refund_id
    card, cash = await desk.submissions(refund_id)
    assert [(row["provider"], row["state"]) for row in (card, cash)] == [("sandbox", "created"), ("payout", "created")]
    assert await desk.tasks(issue.refund.case_id) == ["finance_payout_due"]
    await desk.record(word(card, "succeeded"))
    payout = await payout_of(finance, await case_number_of(desk, issue))
    assert (payout["payout_id"], payout["kind"], payout["amount_minor"]) == (str(cash["submission_id"]), "refund", cash["amount_minor"])
    paid = await finance.post(f"/v1/payouts/{payout['payout_id']}/paid", {"document": "BANK-7"})
    assert (paid.status_code, paid.json()["state"], paid.json()["document"]) == (200, "paid", "BANK-7")
    assert (await desk.refund(refund_id))["state"] == "settled"
    booked = await lines(desk, "refund_id", refund_id)
    assert (booked["clearing:sandbox"], booked["clearing.payout"]) == (-card["amount_minor"], -cash["amount_minor"])
    assert sum(booked.values()) == 0
    assert "finance_payout_due" not in [
        row["kind"]
        for row in await desk.pool.fetch("SELECT kind FROM work_items WHERE case_id = $1 AND state = 'open'", issue.refund.case_id)
    ]


async def test_two_people_who_pay_the_same_payout_at_once_pay_it_once(desk: RecordsDesk, finance: Caller, http: httpx2.AsyncClient) -> None:
    issue = await a_cash_refund(desk, "cash-2")
    payout = await payout_of(finance, await case_number_of(desk, issue))
    colleague = Caller(http, a_token("fay", Role.FINANCE))
    answers = await asyncio.gather(
        *(
            each.post(f"/v1/payouts/{payout['payout_id']}/paid", {"document": f"BANK-{place}"})
            for place, each in enumerate((finance, colleague))
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert next(code_of(answer) for answer in answers if answer.status_code == 409) == (409, "payout_ended")


async def test_a_closed_account_is_paid_out_when_finance_orders_it_so(desk: RecordsDesk, finance: Caller, http: httpx2.AsyncClient) -> None:
    issue = an_issue(await desk.take(), timers=RefundTimers(retry_count=0))
    await desk.request(issue)
    refund_id = issue.refund.refund_id
    await desk.record(word((await desk.submissions(refund_id))[0], "failed", failure_code="account_closed"))
    ordered = await finance.post(f"/v1/refunds/{refund_id}/attempts", {"by_payout": True})
    assert ordered.status_code == 202
    payout = await payout_of(finance, await case_number_of(desk, issue))
    assert code_of(await finance.post(f"/v1/payouts/{payout['payout_id']}/paid", {"document": "B"})) == (409, "payout_own_request")
    colleague = Caller(http, a_token("fay", Role.FINANCE))
    assert (await colleague.post(f"/v1/payouts/{payout['payout_id']}/paid", {"document": "BANK-9"})).status_code == 200
    assert await lines(desk, "refund_id", refund_id) == {"returns.goods": 850, "clearing.payout": -850}
    (note,) = await desk.pool.fetch("SELECT document FROM credit_notes WHERE refund_id = $1", refund_id)
    assert [(each["provider"], each["reference"]) for each in PACKING.unpack(note["document"])["payments"]] == [("payout", "BANK-9")]


async def test_a_payout_that_the_bank_did_not_take_waits_for_finance_and_is_never_retried_by_itself(
    desk: RecordsDesk, finance: Caller
) -> None:
    issue = await a_cash_refund(desk, "cash-3")
    refund_id = issue.refund.refund_id
    card, _ = await desk.submissions(refund_id)
    await desk.record(word(card, "succeeded"))
    payout = await payout_of(finance, await case_number_of(desk, issue))
    assert code_of(await finance.post(f"/v1/payouts/{payout['payout_id']}/cancel", {"code": "unwanted"})) == (409, "payout_part_of_refund")
    assert (await finance.post(f"/v1/payouts/{payout['payout_id']}/failed", {"code": "account_unknown"})).status_code == 200
    row = await desk.refund(refund_id)
    assert (row["state"], row["code"]) == ("stuck", "account_unknown")
    assert (await finance.post(f"/v1/refunds/{refund_id}/attempts", {})).status_code == 202
    again = [row for row in await desk.submissions(refund_id) if row["state"] == "created"]
    assert [(row["provider"], row["attempt"]) for row in again] == [("payout", 2)]


async def test_what_is_no_refund_of_the_order_is_booked_for_itself_and_counts_against_no_cap(
    desk: RecordsDesk, finance: Caller, supervisor: Caller
) -> None:
    """R-FRT-14, R-RFD-03."""
    case = await desk.take()
    body = {
        "case_id": str(case.case_id),
        "kind": "freight_topup",
        "amount_minor": 450,
        "currency": "GBP",
        "reason": "faulty_goods",
    }
    asked = await supervisor.post("/v1/payouts", body)
    assert (asked.status_code, asked.json()["rule"], asked.json()["state"]) == (201, "R-FRT-14", "requested")
    assert code_of(await supervisor.post("/v1/payouts", body)) == (409, "payout_already_requested")
    payout_id = asked.json()["payout_id"]
    assert code_of(await supervisor.post(f"/v1/payouts/{payout_id}/paid", {"document": "B"})) == (403, "role_insufficient")
    assert (await finance.post(f"/v1/payouts/{payout_id}/paid", {"document": "BANK-20"})).status_code == 200
    assert await lines(desk, "payout_id", UUID(payout_id)) == {"freight.topup": 450, "clearing.payout": -450}
    assert (
        await desk.pool.fetchval("SELECT coalesce(sum(reserved_minor), 0) FROM payment_caps WHERE order_id = $1", case.order.order_id) == 0
    )
    events = await desk.pool.fetch(
        "SELECT event_type FROM outbox WHERE topic = 'aftersales.refund.v1' AND key = $1", str(case.order.order_id)
    )
    assert [event["event_type"] for event in events] == ["aftersales.refund.payout_paid.v1"]


async def test_a_refused_refund_of_a_provider_that_is_gone_is_paid_out(postgres_dsn_for: DsnFactory) -> None:
    """R-RFD-15."""
    async with a_desk(await postgres_dsn_for("workflow"), lambda _name, _test: False) as lonely:
        issue = an_issue(await lonely.take())
        await lonely.request(issue)
        assert (await lonely.refund(issue.refund.refund_id))["code"] == "provider_not_available"
        async with transaction(lonely.pool) as conn:
            await order_attempt(conn, lonely.refunds, issue.refund.refund_id, "finn", by_payout=True)
        assert [row["provider"] for row in await lonely.submissions(issue.refund.refund_id)] == ["payout"]


async def test_a_payout_that_the_bank_sends_back_is_owed_again_or_leaves_the_books(
    desk: RecordsDesk, finance: Caller, supervisor: Caller
) -> None:
    issue = await a_cash_refund(desk, "cash-back")
    refund_id = issue.refund.refund_id
    card, _ = await desk.submissions(refund_id)
    await desk.record(word(card, "succeeded"))
    payout = await payout_of(finance, await case_number_of(desk, issue))
    path = f"/v1/payouts/{payout['payout_id']}"
    assert code_of(await finance.post(f"{path}/returned", {"code": "account_closed"})) == (409, "payout_not_paid")
    assert (await finance.post(f"{path}/paid", {"document": "BANK-30"})).status_code == 200
    assert (await finance.post(f"{path}/returned", {"code": "account_closed"})).json()["state"] == "returned"
    row = await desk.refund(refund_id)
    assert (row["state"], row["code"]) == ("stuck", "account_closed")
    booked = await lines(desk, "refund_id", refund_id)
    assert (booked["clearing.payout"], booked["refunds.payable"], sum(booked.values())) == (0, -payout["amount_minor"], 0)

    case = await desk.take()
    body = {"case_id": str(case.case_id), "kind": "freight_topup", "amount_minor": 450, "currency": "GBP", "reason": "faulty_goods"}
    topup = (await supervisor.post("/v1/payouts", body)).json()["payout_id"]
    await finance.post(f"/v1/payouts/{topup}/paid", {"document": "BANK-31"})
    assert (await finance.post(f"/v1/payouts/{topup}/returned", {"code": "account_closed"})).status_code == 200
    assert set((await lines(desk, "payout_id", UUID(topup))).values()) == {0}


async def test_a_document_pays_one_payout(desk: RecordsDesk, finance: Caller) -> None:
    first, second = [await a_cash_refund(desk, f"cash-doc-{place}") for place in range(2)]
    answers = []
    for issue in (first, second):
        payout = await payout_of(finance, await case_number_of(desk, issue))
        answers.append(await finance.post(f"/v1/payouts/{payout['payout_id']}/paid", {"document": "BANK-40"}))
    assert [answer.status_code for answer in answers] == [200, 409]
    assert code_of(answers[1]) == (409, "payout_document_used")


async def test_all_payouts_of_a_case_together_stay_within_the_ceiling(desk: RecordsDesk, http: httpx2.AsyncClient) -> None:
    """R-COMP-10: 30 % of the goods paid; a case's payouts are looked at together, also those asked for at once."""
    case = await desk.take()
    manager = Caller(http, a_token("max", Role.AFTER_SALES_MANAGER))
    body = {"case_id": str(case.case_id), "kind": "ceiling_compensation", "currency": "GBP", "reason": "promise_broken"}
    answers = await asyncio.gather(*(manager.post("/v1/payouts", {**body, "amount_minor": amount}) for amount in (200, 201, 202)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]
    assert {code_of(answer) for answer in answers if answer.status_code == 422} == {(422, "payout_too_high")}


async def test_the_task_of_a_payout_ends_with_the_payout_alone(desk: RecordsDesk, finance: Caller) -> None:
    issue = await a_cash_refund(desk, "cash-task")
    (task,) = await desk.pool.fetch("SELECT work_item_id FROM work_items WHERE case_id = $1", issue.refund.case_id)
    answer = await finance.post(f"/v1/work-items/{task['work_item_id']}/resolve", {"resolution": "done"})
    assert code_of(answer) == (409, "ends_with_payout")


async def test_play_money_says_so_and_the_warehouse_sees_no_payouts(desk: RecordsDesk, finance: Caller, http: httpx2.AsyncClient) -> None:
    """R-SEC-04."""
    await a_cash_refund(desk, "cash-test")
    assert {item["test"] for item in (await finance.get("/v1/payouts", test="true")).json()["items"]} == {True}
    assert (await finance.get("/v1/payouts", test="false")).json()["items"] == []
    warehouse = Caller(http, a_token("walt", Role.WAREHOUSE_SUPERVISOR))
    for path in ("/v1/payouts", "/v1/ledger/balance", "/v1/ledger/journal", "/v1/ledger/journal/export", "/v1/credit-notes"):
        assert code_of(await warehouse.get(path)) == (403, "role_insufficient")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "ceiling_compensation"}, (403, "role_insufficient")),
        ({"kind": "refund"}, (422, "invalid_request")),
        ({"currency": "EUR"}, (422, "currency_mismatch")),
        ({"reason": "to account DE89 of Ann Example"}, (422, "invalid_request")),
        ({"amount_minor": 0}, (422, "invalid_request")),
        ({"amount_minor": 10**9}, (422, "payout_too_high")),
        ({"case_id": "00000000-0000-0000-0000-000000000001"}, (404, "case_not_found")),
    ],
)
async def test_a_payout_that_nobody_may_ask_for_is_refused(
    desk: RecordsDesk, supervisor: Caller, changes: dict[str, Any], code: tuple[int, str]
) -> None:
    case = await desk.take()
    body = {"case_id": str(case.case_id), "kind": "freight_topup", "amount_minor": 450, "currency": "GBP", "reason": "faulty_goods"}
    assert code_of(await supervisor.post("/v1/payouts", {**body, **changes})) == code
