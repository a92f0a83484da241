"""One running service per test module, on a database of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
from temporalio.client import Client

from deploy.local.engines.temporal import NAMESPACE
from services.kit.data_converter import DATA_CONVERTER
from tests.support.case_service import CaseService, a_case_service
from tests.support.payment_provider import FakeProvider


@pytest.fixture(scope="session")
async def pydantic_client(temporal_address: str) -> Client:
    return await Client.connect(temporal_address, namespace=NAMESPACE, data_converter=DATA_CONVERTER)


@pytest.fixture(scope="module")
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture(scope="module")
async def service(
    postgres_dsn_for: Callable[[str], Awaitable[str]], pydantic_client: Client, provider: FakeProvider
) -> AsyncIterator[CaseService]:
    dsn = await postgres_dsn_for("workflow")
    async with a_case_service(dsn, pydantic_client, provider, f"cases-{uuid4().hex[:8]}") as running:
        yield running
