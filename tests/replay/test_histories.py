"""Every committed history replays: what production may still run, today's code still understands.

A change of a process that breaks one of them needs ``workflow.patched``; only a history that no installation can hold may be recorded anew, with
``python -m tests.support.record_histories``.
"""

import gc
import weakref
from itertools import takewhile
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails, WorkflowReplayResult

from services.kit.data_converter import DATA_CONVERTER
from services.kit.workflow_runner import ForgettingRunner
from services.workflow.worker import WORKFLOW_RUNNER, WORKFLOWS

FOLDER = Path(__file__).parent / "histories"
HISTORIES = sorted(FOLDER.glob("*.json"))
WAKES = {EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, EventType.EVENT_TYPE_TIMER_FIRED}
"""What ends the first wait of a process."""


@pytest.fixture(params=HISTORIES, ids=lambda path: path.stem)
def history(request: pytest.FixtureRequest) -> WorkflowHistory:
    path: Path = request.param
    return WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))


async def test_a_committed_history_replays(history: WorkflowHistory) -> None:
    replayer = Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=WORKFLOW_RUNNER)
    result: WorkflowReplayResult = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is None


@pytest.mark.parametrize("name", ["silence.case", "goods_back.return"])
async def test_nothing_is_left_of_a_process_that_waits_once_it_left_the_cache(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the garbage collector, which would find it late."""
    whole = WorkflowHistory.from_json(name, (FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    waiting = WorkflowHistory(name, list(takewhile(lambda event: event.event_type not in WAKES, whole.events)))
    made: list[weakref.ref[WorkflowInstance]] = []

    def create(runner: UnsandboxedWorkflowRunner, details: WorkflowInstanceDetails) -> WorkflowInstance:
        instance = real_create(runner, details)
        made.append(weakref.ref(instance))
        return instance

    real_create = UnsandboxedWorkflowRunner.create_instance
    monkeypatch.setattr(UnsandboxedWorkflowRunner, "create_instance", create)
    replayer = Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=WORKFLOW_RUNNER)
    gc.disable()
    try:
        await replayer.replay_workflow(waiting)
        assert [instance() for instance in made] == [None] * len(made)
    finally:
        gc.enable()
    assert len(waiting.events) < len(whole.events)
    assert made


async def test_a_process_may_be_put_out_of_the_cache_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK waits two seconds for an eviction, and then comes again whether it ends later or not."""
    evictions: list[WorkflowActivationCompletion] = []

    def evict_twice(runner: ForgettingRunner, details: WorkflowInstanceDetails) -> WorkflowInstance:
        instance = real_create(runner, details)
        activate = instance.activate

        def twice(act: WorkflowActivation) -> WorkflowActivationCompletion:
            if act.jobs[0].HasField("remove_from_cache"):
                evictions.append(activate(act))
            return activate(act)

        monkeypatch.setattr(instance, "activate", twice)
        return instance

    real_create = ForgettingRunner.create_instance
    monkeypatch.setattr(ForgettingRunner, "create_instance", evict_twice)
    replayer = Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=WORKFLOW_RUNNER)
    result = await replayer.replay_workflow(WorkflowHistory.from_json("twice", (FOLDER / "silence.case.json").read_text(encoding="utf-8")))
    assert result.replay_failure is None
    assert len(evictions) == 1


def test_each_process_of_a_case_has_a_history() -> None:
    types = {path.read_text(encoding="utf-8").partition('"workflowType"')[2].split('"')[3] for path in HISTORIES}
    assert types >= {"AfterSalesCase", "ReturnGoods", "ReshipGoods", "IssueRefund", "ReconcileDaily"}


def test_a_history_names_no_machine_and_nobody() -> None:
    """Histories hold ids, codes and numbers; what records them calls itself ``recorder``."""
    words = {word for path in HISTORIES for word in path.read_text(encoding="utf-8").split('"') if "@" in word}
    assert words <= {"uk-retail@1.0"}
