"""Real engines for tests: started when the first test asks for one, once per test process, on ports of its own, and stopped at the end.

Fixtures:

- ``kafka_bootstrap``, ``temporal_address``, ``temporal_client``, ``postgres_admin_dsn``; ``engines`` is all three at once.
- ``make_topic``: creates a topic of its own name for one test (``await make_topic(partitions=3)``).
- ``postgres_dsn_for``: a freshly migrated private database of a service, one per test module (``await postgres_dsn_for("intake")``; any name
  that is no service, such as ``"kit"``, gets the kit's tables alone).
- ``empty_postgres_dsn_for``: the same with role and schema but no table.
- ``task_queue``: a Temporal task queue of its own for one test.
- ``short_home``: an empty directory whose path leaves room for the name of a Unix socket, as ``tmp_path`` may not.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from temporalio.client import Client

from deploy.local.engines.base import Engine
from deploy.local.engines.kafka import Kafka
from deploy.local.engines.postgres import Postgres
from deploy.local.engines.temporal import NAMESPACE, Temporal
from deploy.local.provision.postgres import SERVICES, create_database, create_role_and_schema, drop_database
from deploy.local.provision.temporal import prepare_namespace
from services.kit.migrate import apply_migrations
from tests.support.ports import own_port, own_ports

DsnFactory = Callable[[str], Awaitable[str]]
PASSWORD = "only-for-this-run"


@dataclass(frozen=True, slots=True)
class EngineAddresses:
    """Where the engines of this test run listen."""

    kafka_bootstrap_servers: str
    temporal_address: str
    temporal_namespace: str
    postgres_admin_dsn: str

    def as_settings(self, namespace: str) -> dict[str, str]:
        """The settings that make a stack use these engines, in a Temporal namespace of its own."""
        return {
            "AFTERSALES_KAFKA_BOOTSTRAP_SERVERS": self.kafka_bootstrap_servers,
            "AFTERSALES_TEMPORAL_ADDRESS": self.temporal_address,
            "AFTERSALES_TEMPORAL_NAMESPACE": namespace,
            "AFTERSALES_POSTGRES_ADMIN_DSN": self.postgres_admin_dsn,
        }


GIVEN = {name: value for name, value in os.environ.items() if name.startswith("AFTERSALES_")}
"""Settings of the shell; only the test of a stack on given engines looks at them."""


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """Tests never reach engines or use settings of the shell they were started from."""
    for name in GIVEN.keys() - {"AFTERSALES_CACHE"}:
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def engines_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


async def _running(engine: Engine) -> AsyncIterator[Engine]:
    try:
        await engine.start()
        await engine.wait_ready()
        yield engine
    finally:
        await engine.stop()


@pytest.fixture(scope="session")
async def kafka_bootstrap(engines_home: Path) -> AsyncIterator[str]:
    kafka = Kafka(engines_home, *own_ports(2))
    async for _ in _running(kafka):
        yield kafka.bootstrap_servers


@pytest.fixture(scope="session")
async def temporal_address(engines_home: Path) -> AsyncIterator[str]:
    temporal = Temporal(engines_home, *own_ports(2))
    async for _ in _running(temporal):
        await prepare_namespace(temporal.address, NAMESPACE)
        yield temporal.address


@pytest.fixture(scope="session")
async def postgres_admin_dsn(engines_home: Path) -> AsyncIterator[str]:
    postgres = Postgres(engines_home, own_port(), password=PASSWORD)
    async for _ in _running(postgres):
        yield postgres.admin_dsn


@pytest.fixture(scope="session")
async def engines(kafka_bootstrap: str, temporal_address: str, postgres_admin_dsn: str) -> EngineAddresses:
    return EngineAddresses(kafka_bootstrap, temporal_address, NAMESPACE, postgres_admin_dsn)


@pytest.fixture(scope="session")
async def temporal_client(temporal_address: str) -> Client:
    return await Client.connect(temporal_address, namespace=NAMESPACE)


@pytest.fixture
def short_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="home-") as folder:
        yield Path(folder)


@pytest.fixture
def task_queue() -> str:
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture
async def make_topic(kafka_bootstrap: str) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()

    async def make(partitions: int = 3, **settings: str) -> str:
        """Create a topic; settings are Kafka's with underscores for dots (``cleanup_policy="compact"``)."""
        name = f"test.{uuid4().hex[:12]}.v1"
        configs = {key.replace("_", "."): value for key, value in settings.items()}
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        return name

    yield make
    await admin.close()


@pytest.fixture(scope="session")
def _migrated_template(postgres_admin_dsn: str) -> DsnFactory:
    """Migrate each service once per run; databases of modules are quick copies of that."""
    made: dict[str, asyncio.Task[str]] = {}

    async def make(service: str) -> str:
        template = f"template_{service}"
        dsn = await create_role_and_schema(await create_database(postgres_admin_dsn, template), service, PASSWORD)
        await asyncio.to_thread(apply_migrations, dsn, service, f"services.{service}.migrations" if service in SERVICES else None)
        return template

    async def template(service: str) -> str:
        if service not in made:
            made[service] = asyncio.ensure_future(make(service))
        return await made[service]

    return template


@pytest.fixture(scope="module")
async def postgres_dsn_for(postgres_admin_dsn: str, _migrated_template: DsnFactory) -> AsyncIterator[DsnFactory]:
    async for factory in _databases(postgres_admin_dsn, _migrated_template):
        yield factory


@pytest.fixture(scope="module")
async def empty_postgres_dsn_for(postgres_admin_dsn: str) -> AsyncIterator[DsnFactory]:
    async for factory in _databases(postgres_admin_dsn, None):
        yield factory


async def _databases(admin_dsn: str, template_of: DsnFactory | None) -> AsyncIterator[DsnFactory]:
    """Yield a function that gives the DSN of a private database of a service, always the same one; drop them afterwards."""
    made: dict[str, tuple[str, str]] = {}

    async def dsn_for(service: str) -> str:
        if service not in made:
            database = f"test_{service}_{uuid4().hex[:8]}"
            template = await template_of(service) if template_of else None
            dsn = await create_role_and_schema(await create_database(admin_dsn, database, template=template), service, PASSWORD)
            made[service] = (database, dsn)
        return made[service][1]

    yield dsn_for
    for database, _ in made.values():
        await drop_database(admin_dsn, database)
