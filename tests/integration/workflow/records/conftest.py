"""One desk per test module, on a database of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.workflow_records import RecordsDesk, a_desk


@pytest.fixture(scope="module")
async def desk(postgres_dsn_for: Callable[[str], Awaitable[str]]) -> AsyncIterator[RecordsDesk]:
    async with a_desk(await postgres_dsn_for("workflow")) as opened:
        yield opened
