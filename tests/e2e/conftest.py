"""One whole stack for all end-to-end tests of a run, on engines, ports and a home of its own, and the people around it.

While writing tests, ``AFTERSALES_TEST_STACK=DIR`` names the home of a stack that is up and stays up, which saves its start.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest
from temporalio.client import Client

from deploy.local.stack.running import RunningStack, running_stack
from services.kit.data_converter import DATA_CONVERTER
from tests.support.ports import a_stack_starts
from tests.support.shop import DEMO_STRICT, Case, Shop
from tests.support.shop_records import Records
from tests.support.stack import GIVEN

TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
KEEP_SECONDS = 2.0


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningStack]:
    """The running stack. Who holds or kills a part of it waits until all is well again (``await stack.wait_ready()``)."""
    given = GIVEN.get("AFTERSALES_TEST_STACK")
    async with AsyncExitStack() as opened:
        with a_stack_starts():
            running = await opened.enter_async_context(running_stack(Path(given) if given else tmp_path_factory.mktemp("stack")))
        yield running


@pytest.fixture(scope="session")
async def shop(stack: RunningStack) -> AsyncIterator[Shop]:
    """The people: storefronts, customers, staff, third parties."""
    # Servers close idle connections after five seconds: give them up before, or a request may meet the closing.
    limits = httpx2.Limits(keepalive_expiry=KEEP_SECONDS)
    async with httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False, limits=limits) as http:
        yield Shop(stack, http)


@pytest.fixture(scope="session")
async def records(stack: RunningStack) -> Records:
    """The records that cases leave behind."""
    temporal = await Client.connect(
        stack.state["temporal_address"], namespace=stack.state["temporal_namespace"], data_converter=DATA_CONVERTER
    )
    return Records(temporal, stack.state["kafka_bootstrap_servers"])


@pytest.fixture(scope="session", autouse=True)
async def lapsing(shop: Shop) -> Case:
    """A case whose offer lapses while the other tests run."""
    return await shop.open_case(await shop.an_order(DEMO_STRICT))
