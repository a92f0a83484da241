"""Sixty-four clients that share one idempotency key, against the served application: one case, and the same bytes for all (R-INT-06)."""

from uuid import uuid4

import httpx2
import pytest

from contracts.case_v1 import CaseOpened
from tests.integration.intake.desk import Desk, an_application, is_problem
from tests.support.twice import KEYS, at_once
from tests.support.workflow_api import served

pytestmark = pytest.mark.engines

CLIENTS = 64
AT_THE_LOCK = 12
"""Of the pool's sixteen connections one holds the lock; the other clients queue behind those that stand at it."""


async def test_64_clients_with_one_key_open_one_case_and_get_the_same_bytes(desk: Desk) -> None:
    number = await desk.an_order()
    headers = {**desk.merchant(), "Idempotency-Key": uuid4().hex}
    limits = httpx2.Limits(max_connections=CLIENTS)
    async with served(desk.app) as url, httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60, limits=limits) as http:

        async def apply() -> httpx2.Response:
            return await http.post("/v1/cases", json=an_application(number), headers=headers)

        answers = await at_once(desk.house.pool, KEYS, [apply] * CLIENTS, waiting=AT_THE_LOCK)
        other = await http.post("/v1/cases", json=an_application(number, quantity=2), headers=headers)

    assert {answer.status_code for answer in answers} == {202}
    assert len({(answer.content, answer.headers["location"]) for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == CLIENTS - 1
    assert is_problem(other, 422, "idempotency_key_reused")
    rows = await desk.house.pool.fetch("SELECT case_id::text FROM cases WHERE order_number = $1", number)
    assert [row["case_id"] for row in rows] == [answers[0].json()["case_id"]]
    [event] = await desk.published(answers[0].json()["case_id"])
    assert isinstance(event, CaseOpened)
    assert await desk.house.pool.fetchval("SELECT sum(quantity) FROM case_lines WHERE case_id = $1::uuid", rows[0]["case_id"]) == 1
