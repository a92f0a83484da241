"""The logistics service on real engines, once per test module."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta

import asyncpg
import httpx2
import pytest

from contracts.roles import Role
from contracts.topics import TOPICS
from services.kit.broker import create_topics, make_producer
from services.kit.sealing import Sealer, generate_sealing_key
from services.kit.tokens import generate_staff_keys, issue_staff_token
from tests.integration.logistics.counter import Counter, a_counter
from tests.integration.logistics.service import HoldingProxy, ServiceProcess
from tests.integration.logistics.world import LIVE_MERCHANT, MERCHANT, ShipmentEvents, World, write_merchants
from tests.support.ports import own_port
from tests.support.sandbox import API_KEY, WEBHOOK_SECRET, SandboxServer, a_sandbox
from tests.support.stack import DsnFactory

ROLES = (Role.WAREHOUSE_SUPERVISOR, Role.AGENT, Role.QA_MANAGER, Role.LOGISTICS_DEPT, Role.SUPERVISOR, Role.FINANCE)


@pytest.fixture(scope="module")
def changes() -> dict[str, str]:
    """Settings of the service that a module wants otherwise; override it there."""
    return {}


@pytest.fixture(scope="module")
def port() -> int:
    return own_port()


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[SandboxServer]:
    hook = f"http://127.0.0.1:{port}/v1/carriers/sandbox/webhooks"
    with a_sandbox("carrier", tmp_path_factory.mktemp("carrier"), SANDBOX_CARRIER_WEBHOOK_URL=hook) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(carrier: SandboxServer) -> Iterator[HoldingProxy]:
    with HoldingProxy(carrier.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
async def world(
    tmp_path_factory: pytest.TempPathFactory,
    kafka_bootstrap: str,
    postgres_dsn_for: Callable[[str], Awaitable[str]],
    carrier: SandboxServer,
    port: int,
    changes: dict[str, str],
) -> AsyncIterator[World]:
    home = tmp_path_factory.mktemp("logistics")
    dsn = await postgres_dsn_for("logistics")
    await create_topics(kafka_bootstrap, TOPICS)
    private_key, public_key = generate_staff_keys()
    sealing_key = generate_sealing_key("k1")
    own = {
        "POSTGRES_DSN": dsn,
        "HTTP_PORT": str(port),
        "LABEL_LINK_KEYS": "first-key-for-tests-with-32-letters,second-key-for-tests-with-32-letters",
        "CARRIER_URL": carrier.url,
        "CARRIER_API_KEY": API_KEY,
        "CARRIER_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "PHOTOS_DIR": str(home / "photos"),
        "JOB_POLL_SECONDS": "0.05",
        **changes,
    }
    shared = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "MERCHANTS_FILE": str(write_merchants(home / "merchants.json")),
        "CONTACT_KEY": sealing_key,
        "STAFF_PUBLIC_KEY": public_key,
        "LOG_FORMAT": "json",
    }
    settings = {f"AFTERSALES_{name}": value for name, value in shared.items()}
    settings |= {f"AFTERSALES_LOGISTICS_{name}": value for name, value in own.items()}
    async with AsyncExitStack() as stack:
        service = ServiceProcess(settings, home / "service.log")
        stack.callback(service.stop)
        service.start()
        producer = make_producer(kafka_bootstrap)
        await producer.start()
        stack.push_async_callback(producer.stop)
        events = await stack.enter_async_context(ShipmentEvents(kafka_bootstrap))
        database = await asyncpg.connect(dsn)
        stack.push_async_callback(database.close)
        staff = {}
        for role in ROLES:
            token = issue_staff_token(
                private_key, staff_id=f"{role}-1", roles=[role], merchants=[MERCHANT, LIVE_MERCHANT], lifetime=timedelta(hours=1)
            )
            client = httpx2.AsyncClient(base_url=service.url, headers={"authorization": f"Bearer {token}"}, trust_env=False)
            staff[role.value] = await stack.enter_async_context(client)
        stack.enter_context(carrier_api := carrier.client())
        yield World(service, carrier, carrier_api, producer, events, Sealer.parse(sealing_key), database, staff)


@pytest.fixture(autouse=True)
def _no_faults(request: pytest.FixtureRequest) -> None:
    """Every test starts with a carrier that behaves."""
    if "world" in request.fixturenames:
        carrier_api = request.getfixturevalue("carrier").client()
        with carrier_api:
            carrier_api.post("/admin/reset-faults").raise_for_status()
            carrier_api.put("/admin/behaviour", json={}).raise_for_status()


@pytest.fixture(scope="module")
async def counter(postgres_dsn_for: DsnFactory, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    """The API in process, without what runs beside it."""
    async with a_counter(await postgres_dsn_for("logistics"), tmp_path_factory.mktemp("counter")) as opened:
        yield opened
