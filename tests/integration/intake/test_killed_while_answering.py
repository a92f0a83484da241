"""Intake is killed after a case is committed and before anybody hears of it: the same request opens no second one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.intake.settings import IntakeSettings
from tests.integration.intake.desk import Desk
from tests.integration.intake.environment import environment_of
from tests.integration.intake.twice_rows import ROWS, Row
from tests.support.killed_api import KillableApi, a_killable_api, killed_between_commit_and_answer
from tests.support.twice import Key

pytestmark = pytest.mark.engines
MEANT = [row for row in ROWS if row.key is Key.REQUIRED or row.route.endswith(("/choice", "/evidence/review"))]
"""What opens a case, and of the acts on one a customer's and an agent's: they all go the same way."""


@pytest.fixture
async def api(settings: IntakeSettings, tmp_path: Path) -> AsyncIterator[KillableApi]:
    async with a_killable_api("intake", environment_of(settings, tmp_path), tmp_path) as running:
        yield running


@pytest.mark.parametrize("row", MEANT, ids=str)
async def test_the_next_process_gives_the_stored_answer(desk: Desk, api: KillableApi, row: Row) -> None:
    """R-INT-06."""
    await killed_between_commit_and_answer(api, row, desk)
