"""A step within a workflow task may outlast the task, and be waited for in a new one: its worker stood still, or was too busy to begin.

Where the task before them commanded nothing, the SDK takes both for one when it replays them, and the process begins the step by a later clock.
"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from contracts.progress import Progress
from services.kit.data_converter import DATA_CONVERTER
from services.workflow.payloads.case import Breach, FactKind
from services.workflow.worker import WORKFLOW_RUNNER, WORKFLOWS
from tests.support import scripted_steps
from tests.support.case_process import a_running_case
from tests.support.scripted_steps import ScriptedCase, owner
from tests.support.waiting import eventually

pytestmark = pytest.mark.engines

LONGER_THAN_A_TASK_WAITS = 9.0
"""A workflow task has 10 s; after 8 the SDK gives it up for a new one, and goes on waiting for the step."""


@pytest.fixture
def _slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """That an owner missed the limit takes longer to record than the next owner's limit, which is counted from before it, and than a task waits."""

    async def breach(case: ScriptedCase, ask: Breach) -> Progress:
        if not _missed(case):
            await asyncio.sleep(LONGER_THAN_A_TASK_WAITS)
        return await at_once(case, ask)

    at_once = ScriptedCase.breach
    monkeypatch.setattr(ScriptedCase, "breach", breach)
    monkeypatch.setattr("services.workflow.workflows.process._WITHIN", timedelta(seconds=60))
    monkeypatch.setattr(scripted_steps, "TIMERS", scripted_steps.TIMERS.model_copy(update={"review": timedelta(seconds=3)}))


@pytest.mark.usefixtures("_slow")
async def test_a_wait_that_was_over_before_it_began_replays_because_a_timer_ends_it(temporal_client: Client) -> None:
    """Decision 13. Runs from before it have no such timer and cannot be replayed; once they can, the SDK has mended its clock."""
    environment = WorkflowEnvironment.from_client(Client(**temporal_client.config() | {"data_converter": DATA_CONVERTER}))
    timed, untimed = await asyncio.gather(_history(environment, timed_waits=True), _history(environment, timed_waits=False))
    assert await _replay_failure(timed) is None
    assert "LocalActivity" in str(await _replay_failure(untimed))


async def _history(environment: WorkflowEnvironment, **ways: Any) -> WorkflowHistory:
    """What Temporal remembers of a case whose owners missed two limits."""
    async with a_running_case(environment, owner("unfit"), **ways) as case:
        # Nothing is to be done about this: a task that commands nothing comes before the one that takes long.
        await case.hear(FactKind.RETURN_IN_TRANSIT)
        await eventually(lambda: _missed(case.case) > 1, "two missed limits")
        await case.idle()
        history = await case.handle.fetch_history()
        await case.handle.terminate("seen enough")
    return history


def _missed(case: ScriptedCase) -> int:
    return sum(name.startswith("breach") for name in case.names())


async def _replay_failure(history: WorkflowHistory) -> Exception | None:
    replayer = Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=WORKFLOW_RUNNER)
    return (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure
