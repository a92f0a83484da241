"""The message log and agent tasks over HTTP: roles, merchants, filters, pages."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from contracts.identifiers import MerchantId
from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.health import Health
from services.kit.postgres import Pool, open_pool, transaction
from services.kit.tokens import StaffTokens, generate_staff_keys, issue_staff_token
from services.notifications.adapters.messages import Addressee, claim, log_notices, note_sent
from services.notifications.api import build_app
from services.notifications.domain.moments import Notice
from tests.support.stack import DsnFactory

PRIVATE, PUBLIC = generate_staff_keys()


def as_staff(role: Role = Role.AGENT, merchant: str = "demo-shop", staff_id: str = "staff-1") -> dict[str, str]:
    token = issue_staff_token(
        PRIVATE, staff_id=staff_id, roles=frozenset({role}), merchants=frozenset({MerchantId(merchant)}), lifetime=timedelta(minutes=5)
    )
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
async def pool(postgres_dsn_for: DsnFactory) -> AsyncIterator[Pool]:
    async with open_pool(await postgres_dsn_for("notifications"), service="notifications") as pool:
        await pool.execute("TRUNCATE messages, addressees, agent_tasks")
        yield pool


@pytest.fixture
def app(pool: Pool) -> FastAPI:
    return build_app(pool, StaffTokens(PUBLIC), Health())


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://notifications") as client:
        yield client


async def a_message(pool: Pool, *, merchant: str = "demo-shop", moment: str = "R-NTF-01", case_number: str = "D26-000001") -> str:
    """A message that was sent, in a case of its own."""
    to = Addressee(merchant, True, uuid4(), case_number, uuid4(), "en")  # noqa: FBT003 - of a merchant in test mode
    async with transaction(pool) as conn:
        await log_notices(conn, uuid4(), to, [Notice(moment)], utc_now())
        (message,) = await claim(conn, 1, utc_now())
        await note_sent(conn, [(message, "Hello", "Words", utc_now())])
    return str(message.message_id)


async def a_task(pool: Pool, merchant: str = "demo-shop") -> str:
    task_id = uuid4()
    await pool.execute(
        "INSERT INTO agent_tasks VALUES ($1, $2, gen_random_uuid(), 'D26-000001', gen_random_uuid(), 'no_address', now())",
        task_id,
        merchant,
    )
    return str(task_id)


async def test_words_are_shown_only_where_one_message_is_asked_for(pool: Pool, http: httpx2.AsyncClient) -> None:
    message_id = await a_message(pool)
    listed = (await http.get("/v1/messages", headers=as_staff())).json()["items"]
    assert [item["message_id"] for item in listed] == [message_id]
    assert "text" not in listed[0]
    assert (await http.get(f"/v1/messages/{message_id}", headers=as_staff())).json()["text"] == "Words"


async def test_filters_and_pages_come_newest_first_without_gap(pool: Pool, http: httpx2.AsyncClient) -> None:
    ids = [await a_message(pool, case_number=f"D26-{index:06}") for index in range(5)]
    seen, cursor = [], None
    while True:
        page = (await http.get("/v1/messages", params={"limit": 2} | ({"cursor": cursor} if cursor else {}), headers=as_staff())).json()
        seen += [item["message_id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ids[::-1]
    found = await http.get("/v1/messages", params={"case_number": "D26-000003"}, headers=as_staff())
    assert [item["message_id"] for item in found.json()["items"]] == [ids[3]]


async def test_what_belongs_to_another_merchant_does_not_exist(pool: Pool, http: httpx2.AsyncClient) -> None:
    message_id, task_id = await a_message(pool, merchant="acme-cn"), await a_task(pool, merchant="acme-cn")
    assert (await http.get("/v1/messages", headers=as_staff())).json()["items"] == []
    assert (await http.get(f"/v1/messages/{message_id}", headers=as_staff())).status_code == 404
    assert (await http.post(f"/v1/agent-tasks/{task_id}/done", headers=as_staff())).status_code == 404


async def test_the_warehouse_does_not_read_what_was_said_to_customers(http: httpx2.AsyncClient) -> None:
    """R-SEC-04."""
    answer = await http.get("/v1/messages", headers=as_staff(Role.WAREHOUSE_SUPERVISOR))
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")
    assert (await http.get("/v1/messages")).status_code == 401


async def test_a_task_is_done_once_and_keeps_who_did_it(pool: Pool, http: httpx2.AsyncClient) -> None:
    task_id = await a_task(pool)
    assert [item["task_id"] for item in (await http.get("/v1/agent-tasks", headers=as_staff())).json()["items"]] == [task_id]
    first = await http.post(f"/v1/agent-tasks/{task_id}/done", headers=as_staff())
    again = await http.post(f"/v1/agent-tasks/{task_id}/done", headers=as_staff())
    assert first.json()["done_by"] == "staff-1"
    assert again.json() == first.json()
    assert (await http.get("/v1/agent-tasks", headers=as_staff())).json()["items"] == []
