"""Every command of the workflow service that is sent twice at the same moment has one effect: money, decisions and tasks move once."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest
from fastapi import FastAPI

from tests.integration.workflow.records.twice_office import Office, Row
from tests.integration.workflow.records.twice_rows import EXEMPT, ROWS
from tests.support.approval_records import Approvals
from tests.support.payment_provider import FakeProvider
from tests.support.twice import KEYS, Key, assert_complete, at_once, by_one_client, by_two_clients, sender
from tests.support.workflow_api import a_client, an_api
from tests.support.workflow_records import RecordsDesk

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def office(desk: RecordsDesk) -> Office:
    return Office(desk, Approvals(desk), FakeProvider())


@pytest.fixture(scope="module")
def app(office: Office) -> FastAPI:
    return an_api(office.desk, [office.provider])


@pytest.fixture(scope="module")
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with a_client(app) as client:
        yield client


@pytest.mark.parametrize("row", [row for row in ROWS if row.key is not Key.UNKNOWN], ids=str)
async def test_the_same_client_under_the_same_key_gets_the_same_bytes_twice(http: httpx2.AsyncClient, office: Office, row: Row) -> None:
    await by_one_client(http, office.desk.pool, row, office)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_of_two_clients_one_has_the_effect(http: httpx2.AsyncClient, office: Office, row: Row) -> None:
    await by_two_clients(http, office.desk.pool, row, office)


def test_no_command_of_the_workflow_service_is_forgotten(app: FastAPI) -> None:
    assert_complete(app, ROWS, EXEMPT)


async def test_an_attempt_ordered_and_a_refund_given_up_at_the_same_moment_end_in_one_of_the_two(
    http: httpx2.AsyncClient, office: Office
) -> None:
    """R-RFD-09: a refund that is given up is not paid, one that is paid is not given up."""
    order, give_up = (next(row for row in ROWS if row.route.endswith(what)) for what in ("attempts", "give-up"))
    ready = await give_up.ready(office)
    attempt = replace(ready, path=ready.path.replace("give-up", "attempts"), body={})
    sam, kim = ready.clients
    sends = [sender(http, order, attempt, sam, "sam's"), sender(http, give_up, ready, kim, "kim's")]
    ordered, given_up = await at_once(office.desk.pool, KEYS, sends)
    effect = await ready.effect()
    if ordered.is_success:
        assert (given_up.status_code, given_up.json()["code"]) == (409, "refund_goes_on_by_itself")
        assert (effect["given up"], effect["submissions"], effect["reserved"]) == (0, 2, 850)
    else:
        assert (ordered.status_code, ordered.json()["code"]) == (409, "refund_given_up")
        assert (effect["given up"], effect["submissions"], effect["reserved"]) == (1, 1, 0)
