"""A stack whose engines are given by their addresses starts none of its own, works on them, and leaves them running."""

import os
import sys
from pathlib import Path

import asyncpg
import pytest

from deploy.local.engines.kafka import kafka_answers
from deploy.local.engines.temporal import temporal_answers
from deploy.local.errors import NotRunning
from deploy.local.process import ManagedProcess, ProcessSpec
from deploy.local.stack.files import read_state
from deploy.local.stack.running import RunningStack
from tests.support.ports import ports_of_a_stack
from tests.support.stack import GIVEN, EngineAddresses
from tests.support.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.e2e, pytest.mark.slow]
SETTINGS = (
    "AFTERSALES_KAFKA_BOOTSTRAP_SERVERS",
    "AFTERSALES_TEMPORAL_ADDRESS",
    "AFTERSALES_TEMPORAL_NAMESPACE",
    "AFTERSALES_POSTGRES_ADMIN_DSN",
)


@pytest.fixture(scope="module")
def engine_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """Engines named in the environment of the test run, else the ones of the run itself."""
    given = {name: GIVEN[name] for name in SETTINGS if GIVEN.get(name)}
    if len(given) >= len(SETTINGS) - 1:
        return given
    engines: EngineAddresses = request.getfixturevalue("engines")
    return engines.as_settings("given-by-address") | given


async def test_a_stack_on_given_engines_gets_ready_without_any_of_its_own(tmp_path: Path, engine_settings: dict[str, str]) -> None:
    home = tmp_path / "home"
    environment = os.environ | engine_settings | ports_of_a_stack() | {"AFTERSALES_HOME": str(home)}
    up = ManagedProcess(ProcessSpec("up", [sys.executable, "-m", "services.cli", "up"], tmp_path / "up.log", environment, stop_seconds=90))
    await up.start()
    try:
        await eventually(lambda: up.pid is None or phase_of(home) == "running", "the stack to run", seconds=150)
        assert up.pid is not None, up.failure("ended while starting")
        stack = RunningStack(home)
        await stack.wait_ready()
        assert {process["kind"] for process in stack.state["processes"]} == {"sandbox", "service"}
        assert stack.state["kafka_bootstrap_servers"] == engine_settings["AFTERSALES_KAFKA_BOOTSTRAP_SERVERS"]
        connection = await asyncpg.connect(stack.settings("intake")["AFTERSALES_INTAKE_POSTGRES_DSN"])
        assert await connection.fetchval("SELECT current_user") == "intake"
        await connection.close()
    finally:
        await up.stop()
    assert up.returncode == 0, up.failure("did not stop well")
    assert await kafka_answers(engine_settings["AFTERSALES_KAFKA_BOOTSTRAP_SERVERS"])
    assert await temporal_answers(engine_settings["AFTERSALES_TEMPORAL_ADDRESS"])


def phase_of(home: Path) -> str | None:
    try:
        return str(read_state(home)["phase"])
    except NotRunning:
        return None
