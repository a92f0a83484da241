"""Every command of intake that is sent twice at the same moment has one effect, and equal answers or one clear refusal (R-INT-05, R-INT-06)."""

import pytest

from tests.integration.intake.desk import Desk
from tests.integration.intake.twice_rows import EXEMPT, ROWS, Row
from tests.support.twice import Key, assert_complete, by_one_client, by_two_clients

pytestmark = pytest.mark.engines


@pytest.mark.parametrize("row", [row for row in ROWS if row.key is not Key.UNKNOWN], ids=str)
async def test_the_same_client_under_the_same_key_gets_the_same_bytes_twice(desk: Desk, row: Row) -> None:
    await by_one_client(desk.http, desk.house.pool, row, desk)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_of_two_clients_one_has_the_effect(desk: Desk, row: Row) -> None:
    await by_two_clients(desk.http, desk.house.pool, row, desk)


def test_no_command_of_intake_is_forgotten(desk: Desk) -> None:
    assert_complete(desk.app, ROWS, EXEMPT)
