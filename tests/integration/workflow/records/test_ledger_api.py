"""The ledger over HTTP: balances, the journal page by page and as a file, and entries that finance posts itself."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import pytest

from contracts.roles import Role
from services.workflow.money.accounts import CHART
from tests.support.workflow_api import Caller, a_client, a_token, an_api
from tests.support.workflow_records import RecordsDesk, an_issue, word

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
async def http(desk: RecordsDesk) -> AsyncIterator[httpx2.AsyncClient]:
    async with a_client(an_api(desk)) as client:
        yield client


@pytest.fixture(scope="module")
def finance(http: httpx2.AsyncClient) -> Caller:
    return Caller(http, a_token("finn", Role.FINANCE))


@pytest.fixture(scope="module", autouse=True)
async def _three_refunds(desk: RecordsDesk) -> None:
    for _ in range(3):
        issue = an_issue(await desk.take())
        await desk.request(issue)
        (submission,) = await desk.submissions(issue.refund.refund_id)
        await desk.record(word(submission, "succeeded"))


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def a_claim(case_id: Any, document: str, **changes: Any) -> dict[str, Any]:
    lines = [{"account": "carrier.claims", "amount_minor": 850}, {"account": "carrier.recoveries", "amount_minor": -850, "memo": "lost"}]
    return {
        "case_id": str(case_id),
        "currency": "GBP",
        "document": document,
        "reason": "parcel_lost",
        "lines": lines,
        **changes,
    }


async def test_the_chart_explains_every_account(finance: Caller) -> None:
    shown = (await finance.get("/v1/ledger/accounts")).json()
    assert [account["code"] for account in shown] == [account.code for account in CHART]
    assert all(account["name"] and account["meaning"] for account in shown)


async def test_pages_of_the_journal_are_whole_entries_and_together_the_whole_journal(desk: RecordsDesk, finance: Caller) -> None:
    lines: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = (await finance.get("/v1/ledger/journal", limit=1, **({"cursor": cursor} if cursor else {}))).json()
        assert sum((line["debit_minor"] or 0) - (line["credit_minor"] or 0) for line in page["items"]) == 0
        lines += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(lines) == await desk.pool.fetchval("SELECT count(*) FROM ledger_lines")


async def test_the_export_has_the_same_lines_as_csv_and_as_json(finance: Caller) -> None:
    table = await finance.get("/v1/ledger/journal/export", format="csv")
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    objects = [json.loads(line) for line in (await finance.get("/v1/ledger/journal/export", format="jsonl")).text.splitlines()]
    assert [row["entry_id"] for row in rows] == [each["entry_id"] for each in objects]
    assert sum(int(row["debit_minor"] or 0) - int(row["credit_minor"] or 0) for row in rows) == 0
    assert {row["account_name"] for row in rows} >= {"Goods given back", "Payment provider clearing: sandbox"}


async def test_another_shop_sees_nothing_but_the_head(http: httpx2.AsyncClient) -> None:
    stranger = Caller(http, a_token("eve", Role.FINANCE, merchants=("other-shop",)))
    assert (await stranger.get("/v1/ledger/journal/export", format="csv")).text.count("\n") == 1
    assert (await stranger.get("/v1/ledger/balance")).json()["accounts"] == []


async def test_finance_posts_a_carrier_claim_once_whoever_sends_it(desk: RecordsDesk, finance: Caller, http: httpx2.AsyncClient) -> None:
    """R-CLM-03."""
    case = await desk.take()
    colleague = Caller(http, a_token("fay", Role.FINANCE))
    answers = await asyncio.gather(*(each.post("/v1/ledger/entries", a_claim(case.case_id, "CLAIM-1")) for each in (finance, colleague)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert next(code_of(answer) for answer in answers if answer.status_code == 409) == (409, "entry_document_used")
    claims = (await finance.get("/v1/ledger/journal", account="carrier.claims")).json()["items"]
    assert [(line["debit_minor"], line["document"], line["posted_by"]) for line in claims] in (
        [(850, "CLAIM-1", "finn")],
        [(850, "CLAIM-1", "fay")],
    )
    events = await desk.pool.fetch("SELECT event_type FROM outbox WHERE key = $1", str(case.order.order_id))
    assert [event["event_type"] for event in events] == ["aftersales.refund.entry_posted.v1"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (
            {"lines": [{"account": "carrier.claims", "amount_minor": 2}, {"account": "carrier.recoveries", "amount_minor": -1}]},
            (422, "entry_unbalanced"),
        ),
        (
            {"lines": [{"account": "petty.cash", "amount_minor": 1}, {"account": "carrier.recoveries", "amount_minor": -1}]},
            (422, "account_unknown"),
        ),
        (
            {"lines": [{"account": "clearing", "amount_minor": 1}, {"account": "carrier.recoveries", "amount_minor": -1}]},
            (422, "account_unknown"),
        ),
        (
            {"lines": [{"account": "carrier.claims", "amount_minor": 0}, {"account": "carrier.recoveries", "amount_minor": 0}]},
            (422, "entry_empty_line"),
        ),
        (
            {"lines": [{"account": "clearing:strpie", "amount_minor": 1}, {"account": "carrier.recoveries", "amount_minor": -1}]},
            (422, "account_unknown"),
        ),
        ({"currency": "EUR"}, (422, "currency_mismatch")),
        ({"reason": "Ann Example called"}, (422, "invalid_request")),
        ({"document": "=1+1"}, (422, "invalid_request")),
        ({"lines": [{"account": "carrier.claims", "amount_minor": 1}]}, (422, "invalid_request")),
    ],
)
async def test_an_entry_that_a_bookkeeper_would_refuse_is_refused(
    desk: RecordsDesk, finance: Caller, changes: dict[str, Any], code: tuple[int, str]
) -> None:
    case = await desk.take()
    assert code_of(await finance.post("/v1/ledger/entries", a_claim(case.case_id, **{"document": "CLAIM-2", **changes}))) == code


async def test_a_manager_reads_the_books_and_posts_nothing(desk: RecordsDesk, http: httpx2.AsyncClient) -> None:
    """R-SEC-04."""
    manager = Caller(http, a_token("max", Role.AFTER_SALES_MANAGER))
    case = await desk.take()
    assert code_of(await manager.post("/v1/ledger/entries", a_claim(case.case_id, "CLAIM-3"))) == (403, "role_insufficient")
    assert (await manager.get("/v1/ledger/balance")).json()["balance_minor"] == {"GBP": 0}


async def test_a_booked_entry_takes_no_more_lines(desk: RecordsDesk) -> None:
    entry = await desk.pool.fetchval("SELECT entry_id FROM ledger_entries LIMIT 1")
    with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
        await desk.pool.execute(
            "INSERT INTO ledger_lines VALUES ($1, 98, 'returns.goods', 5, ''), ($1, 99, 'returns.goods', -5, '')", entry
        )
