"""Fixtures of the kit's integration tests: a pool on the kit's own tables, and settings that name the real engines."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from contracts.topics import TOPICS
from services.kit.broker import create_topics, make_producer
from services.kit.consumer import Consumers
from services.kit.postgres import Pool, open_pool
from services.kit.settings import ServiceSettings
from tests.integration.kit.effects import Effects
from tests.support.stack import DsnFactory

_TABLES = "outbox, outbox_sequence, inbox, inbox_sequence, quarantine, delivery, idempotency_key"


@pytest.fixture
async def dsn(postgres_dsn_for: DsnFactory) -> str:
    return await postgres_dsn_for("kit")


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    async with open_pool(dsn, service="kit test") as opened:
        await opened.execute(f"TRUNCATE {_TABLES}")
        yield opened


@pytest.fixture(scope="session")
async def topics(kafka_bootstrap: str) -> None:
    await create_topics(kafka_bootstrap, TOPICS)


@pytest.fixture
async def producer(kafka_bootstrap: str, topics: None) -> AsyncIterator[AIOKafkaProducer]:
    made = make_producer(kafka_bootstrap)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def settings(dsn: str, kafka_bootstrap: str, topics: None, tmp_path: Path) -> ServiceSettings:
    return ServiceSettings(
        postgres_dsn=dsn, kafka_bootstrap_servers=kafka_bootstrap, merchants_file=tmp_path / "merchants.json", http_port=0
    )


@pytest.fixture
async def effects(pool: Pool) -> Effects:
    await pool.execute("CREATE TABLE IF NOT EXISTS effect (position bigint GENERATED ALWAYS AS IDENTITY, key text, event_id uuid)")
    await pool.execute("TRUNCATE effect")
    return Effects()


@pytest.fixture
def consumers(pool: Pool, settings: ServiceSettings, effects: Effects) -> Consumers:
    return Consumers(f"kit-{uuid4().hex[:8]}", pool, settings, effects.handlers, max_records=50)
