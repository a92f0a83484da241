"""The one command of notifications, sent twice at the same moment: the task is done once, by whoever was first."""

from collections import Counter

import httpx2
import pytest
from fastapi import FastAPI

from services.kit.postgres import Pool
from tests.integration.notifications.test_api import a_task, app, as_staff, http, pool
from tests.support.twice import Key, Ready, Twice, assert_complete, by_two_clients

pytestmark = pytest.mark.engines
__all__ = ["app", "http", "pool"]


async def a_customer_was_reached(pool: Pool) -> Ready:
    task_id = await a_task(pool)

    async def effect() -> Counter[str]:
        return Counter(done=await pool.fetchval("SELECT count(*) FROM agent_tasks WHERE done_by IN ('alex', 'kim')"))

    clients = (as_staff(staff_id="alex"), as_staff(staff_id="kim"))
    return Ready(path=f"/v1/agent-tasks/{task_id}/done", clients=clients, effect=effect, once={"done": 1})


ROWS = (Twice(route="POST /v1/agent-tasks/{task_id}/done", ready=a_customer_was_reached, key=Key.UNKNOWN, gate="agent_tasks"),)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_of_two_clients_one_has_the_effect_and_both_get_the_same_answer(
    http: httpx2.AsyncClient, pool: Pool, row: Twice[Pool]
) -> None:
    await by_two_clients(http, pool, row, pool)


def test_no_command_of_notifications_is_forgotten(app: FastAPI) -> None:
    assert_complete(app, ROWS, {})
