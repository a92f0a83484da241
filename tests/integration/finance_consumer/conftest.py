"""Refunds of every kind of life, told once per module; and listeners that have heard nothing yet."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.integration.finance_consumer.listener import Listener
from tests.integration.finance_consumer.told import LIVES, Told, beside_refunds, live, tell
from tests.support.stack import DsnFactory
from tests.support.workflow_records import a_desk

ROUNDS = 4


@pytest.fixture(scope="module")
async def told(postgres_dsn_for: DsnFactory, kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Told:
    dsn = await postgres_dsn_for("workflow")
    async with a_desk(dsn) as desk:
        for number in range(ROUNDS):
            for place, life in enumerate(LIVES):
                await live(desk, f"F{number}-{place}", life)
        await beside_refunds(desk)
        merchants_file = tmp_path_factory.mktemp("finance") / "merchants.json"
        return await tell(desk, dsn, kafka_bootstrap, f"test.refunds.{uuid4().hex[:8]}.v1", merchants_file)


@pytest.fixture
def listener_of(kafka_bootstrap: str, tmp_path: Path) -> Callable[[str], Listener]:
    """Makes a listener of a topic."""

    def make(topic: str) -> Listener:
        return Listener(kafka_bootstrap, topic, f"finance-{uuid4().hex[:8]}", tmp_path / "books.sqlite")

    return make


@pytest.fixture
def listener(told: Told, listener_of: Callable[[str], Listener]) -> Listener:
    return listener_of(told.topic)
