"""An installation of before has orders and open cases: they come through the migrations whole, and go on as new ones do."""

import asyncio

import pytest

from contracts.identifiers import MerchantId
from contracts.storefront_v1 import OrderSnapshot
from services.intake.adapters.orders import PostgresOrders
from services.intake.api import build_app
from services.intake.domain.orders import OrderRow, prepare
from services.intake.house import build_house
from services.intake.settings import IntakeSettings
from services.kit.health import Health
from services.kit.migrate import apply_migrations
from services.kit.postgres import Pool, open_pool
from tests.integration.intake.desk import Desk, a_number, a_snapshot, an_application
from tests.support.builders import MERCHANT
from tests.support.stack import DsnFactory

pytestmark = pytest.mark.engines

PACKAGE = "services.intake.migrations"
BEFORE = "0001"


async def an_order_of_before(pool: Pool) -> str:
    """An order as the version of before wrote it."""
    number = a_number()
    order = prepare(MerchantId(MERCHANT), OrderSnapshot.model_validate(a_snapshot(number))).order
    async with pool.acquire() as connection:
        await PostgresOrders().upsert(connection, [OrderRow(order, b"", (), "en")])
    return number


async def a_case_of_before(pool: Pool, number: str) -> None:
    """An open case for two units of line 1, as the version of before wrote it."""
    await pool.execute(_CASE, number)
    await pool.execute(_LINE, number)


async def test_orders_and_cases_of_before_go_on(
    settings: IntakeSettings, staff_keys: tuple[str, str], empty_postgres_dsn_for: DsnFactory
) -> None:
    dsn = await empty_postgres_dsn_for("intake")
    await asyncio.to_thread(apply_migrations, dsn, "intake", PACKAGE, until=BEFORE)
    async with open_pool(dsn, service="intake test") as pool:
        number, other = await an_order_of_before(pool), await an_order_of_before(pool)
        await a_case_of_before(pool, number)
    await asyncio.to_thread(apply_migrations, dsn, "intake", PACKAGE)

    async with open_pool(dsn, service="intake test") as pool:
        house = build_house(settings.model_copy(update={"postgres_dsn": dsn}), pool)
        async with Desk.at(build_app(house, Health()), house, staff_keys[0]) as desk:
            repeated = await desk.apply(an_application(number))
            beside_it = await desk.apply(an_application(number, line="2"))
            first = await desk.apply(an_application(other))

    assert (repeated.status_code, repeated.json()["case_number"]) == (200, "C26-900001")
    assert [answer.status_code for answer in (beside_it, first)] == [202, 202]


_CASE = """
INSERT INTO cases (case_id, merchant_id, case_number, order_id, order_number, customer_ref, scene, currency, locale, channel, opened_by, application_number,
    requested_at, opened_at, updated_at, test, status, view)
SELECT gen_random_uuid(), merchant_id, 'C26-900001', order_id, number, customer_ref, 'return.no_reason', 'GBP', 'en', 'storefront', '{"kind": "storefront"}', 1,
    now(), now(), now(), true, 'submitted', '{"progress": {"status": "submitted", "stage": "accept", "waiting_for": "triage", "then": "alarm"}}'
FROM orders WHERE number = $1
"""

_LINE = """
INSERT INTO case_lines (case_id, line_id, order_id, scene_group, quantity)
SELECT case_id, '1', order_id, 'return', 2 FROM cases WHERE order_number = $1
"""
