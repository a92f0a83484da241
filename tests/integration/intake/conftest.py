"""Fixtures of intake's integration tests: the whole service on a real database, asked over HTTP."""

import base64
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from contracts.topics import TOPICS
from services.intake.api import build_app
from services.intake.consumers import build_handlers
from services.intake.house import House, build_house
from services.intake.settings import IntakeSettings
from services.kit.api_keys import hash_of
from services.kit.broker import create_topics
from services.kit.consumer import Consumers
from services.kit.health import Health
from services.kit.postgres import Pool, open_pool
from services.kit.sealing import generate_sealing_key
from services.kit.tokens import generate_staff_keys
from tests.integration.intake.desk import Desk
from tests.support.builders import a_merchant
from tests.support.stack import DsnFactory

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a secret of tests, 32 bytes long").decode()


@pytest.fixture
async def pool(postgres_dsn_for: DsnFactory) -> AsyncIterator[Pool]:
    async with open_pool(await postgres_dsn_for("intake"), service="intake test") as opened:
        yield opened


@pytest.fixture(scope="session")
def staff_keys() -> tuple[str, str]:
    return generate_staff_keys()


@pytest.fixture
async def settings(postgres_dsn_for: DsnFactory, tmp_path: Path, staff_keys: tuple[str, str]) -> IntakeSettings:
    merchants = [a_merchant(), a_merchant(merchant_id="other-shop"), a_merchant(merchant_id="live-shop", mode="live")]
    (tmp_path / "merchants.json").write_text(json.dumps([merchant.model_dump(mode="json") for merchant in merchants]))
    credentials = [
        {
            "merchant_id": m.merchant_id,
            "api_keys": [{"key_id": "k1", "sha256": hash_of(f"ak_{m.merchant_id}")}],
            "webhook_secrets": [WEBHOOK_SECRET],
        }
        for m in merchants
    ]
    (tmp_path / "credentials.json").write_text(json.dumps({"merchants": credentials}))
    return IntakeSettings(
        postgres_dsn=await postgres_dsn_for("intake"),
        merchants_file=tmp_path / "merchants.json",
        credentials_file=tmp_path / "credentials.json",
        evidence_dir=tmp_path / "evidence",
        contact_key=SecretStr(generate_sealing_key("k1")),
        staff_public_key=staff_keys[1],
        token_key=SecretStr(base64.b64encode(os.urandom(32)).decode()),
        identity_key=SecretStr(base64.b64encode(b"the same for all tests of a run.").decode()),
        evidence_max_bytes=300_000,
        http_port=0,
    )


@pytest.fixture
def house(settings: IntakeSettings, pool: Pool) -> House:
    return build_house(settings, pool)


@pytest.fixture
async def desk(house: House, staff_keys: tuple[str, str]) -> AsyncIterator[Desk]:
    async with Desk.at(build_app(house, Health()), house, staff_keys[0]) as opened:
        yield opened


@pytest.fixture
def consumers(house: House, settings: IntakeSettings, kafka_topics: str) -> Consumers:
    reading = settings.model_copy(update={"kafka_bootstrap_servers": kafka_topics})
    return Consumers(f"intake-{uuid4().hex[:8]}", house.pool, reading, build_handlers(house))


@pytest.fixture(scope="session")
async def kafka_topics(kafka_bootstrap: str) -> str:
    await create_topics(kafka_bootstrap, TOPICS)
    return kafka_bootstrap
