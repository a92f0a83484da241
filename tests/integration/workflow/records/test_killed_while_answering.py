"""The workflow service's API is killed after a decision or an order is committed and before anybody hears of it: the same request changes nothing more."""

import json
from collections.abc import AsyncIterator

import pytest

from deploy.local.engines.temporal import NAMESPACE
from tests.integration.workflow.records.twice_office import Office, Row
from tests.integration.workflow.records.twice_rows import ROWS
from tests.support.approval_records import Approvals
from tests.support.builders import a_merchant
from tests.support.killed_api import KillableApi, a_killable_api, killed_between_commit_and_answer
from tests.support.payment_provider import FakeProvider
from tests.support.stack import DsnFactory
from tests.support.twice import Key
from tests.support.workflow_api import PUBLIC_KEY
from tests.support.workflow_records import RecordsDesk

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def office(desk: RecordsDesk) -> Office:
    return Office(desk, Approvals(desk), FakeProvider())


@pytest.fixture(scope="module")
async def api(postgres_dsn_for: DsnFactory, temporal_address: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KillableApi]:
    home = tmp_path_factory.mktemp("api")
    (home / "merchants.json").write_text(json.dumps([a_merchant().model_dump(mode="json")]))
    settings = {
        "AFTERSALES_WORKFLOW_POSTGRES_DSN": await postgres_dsn_for("workflow"),
        "AFTERSALES_TEMPORAL_ADDRESS": temporal_address,
        "AFTERSALES_TEMPORAL_NAMESPACE": NAMESPACE,
        "AFTERSALES_MERCHANTS_FILE": str(home / "merchants.json"),
        "AFTERSALES_STAFF_PUBLIC_KEY": PUBLIC_KEY,
        "AFTERSALES_WORKFLOW_SANDBOX_PAYMENTS_URL": "http://127.0.0.1:9",
        "AFTERSALES_WORKFLOW_SANDBOX_PAYMENTS_API_KEY": "unused",
    }
    async with a_killable_api("workflow", settings, home) as running:
        yield running


@pytest.mark.parametrize("row", [row for row in ROWS if row.key is Key.REQUIRED], ids=str)
async def test_the_next_process_gives_the_stored_answer(office: Office, api: KillableApi, row: Row) -> None:
    """R-AUTH-05, R-RFD-09."""
    await killed_between_commit_and_answer(api, row, office)
