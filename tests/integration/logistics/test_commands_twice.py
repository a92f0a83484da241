"""Every command of logistics that is sent twice at the same moment has one effect: goods arrive, are judged and are counted once (R-RTN-03)."""

import pytest

from tests.integration.logistics.counter import Counter
from tests.integration.logistics.twice_rows import EXEMPT, ROWS, Row
from tests.support.twice import Key, assert_complete, by_one_client, by_two_clients

pytestmark = pytest.mark.engines


@pytest.mark.parametrize("row", [row for row in ROWS if row.key is not Key.UNKNOWN], ids=str)
async def test_the_same_client_under_the_same_key_gets_the_same_bytes_twice(counter: Counter, row: Row) -> None:
    await by_one_client(counter.http, counter.pool, row, counter)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_of_two_clients_one_has_the_effect(counter: Counter, row: Row) -> None:
    await by_two_clients(counter.http, counter.pool, row, counter)


def test_no_command_of_logistics_is_forgotten(counter: Counter) -> None:
    assert_complete(counter.app, ROWS, EXEMPT)
