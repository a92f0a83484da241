"""Logistics is killed after a receipt or an inspection is committed and before anybody hears of it: the same request counts nothing twice."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.logistics.counter import Counter
from tests.integration.logistics.twice_rows import ROWS, Row
from tests.support.killed_api import KillableApi, a_killable_api, killed_between_commit_and_answer
from tests.support.twice import Key

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
async def api(counter: Counter, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KillableApi]:
    async with a_killable_api("logistics", counter.settings, tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.mark.parametrize("row", [row for row in ROWS if row.key is Key.REQUIRED], ids=str)
async def test_the_next_process_gives_the_stored_answer(counter: Counter, api: KillableApi, row: Row) -> None:
    await killed_between_commit_and_answer(api, row, counter)
