"""Every committed history replays: what production may still run, today's code still understands.

A change of a process that breaks one of them needs ``workflow.patched``; only a history that no installation can hold may be recorded anew, with
``python -m tests.support.record_histories``.
"""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails, WorkflowReplayResult
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from services.workflow.worker import WORKFLOWS, workflow_runner

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


@pytest.fixture(params=HISTORIES, ids=lambda path: path.stem)
def history(request: pytest.FixtureRequest) -> WorkflowHistory:
    path: Path = request.param
    return WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))


async def test_a_committed_history_replays(history: WorkflowHistory) -> None:
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter, workflow_runner=workflow_runner())
    result: WorkflowReplayResult = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is None


async def test_no_payload_enters_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK asks several times per payload; a sandbox that is asked costs more than its workflow."""
    path = next(path for path in HISTORIES if path.stem == "goods_back.case")
    asked: list[object] = []

    def create(runner: SandboxedWorkflowRunner, details: WorkflowInstanceDetails) -> WorkflowInstance:
        sandboxed = real_create(runner, details)
        monkeypatch.setattr(sandboxed, "get_serialization_context", asked.append)
        monkeypatch.setattr(sandboxed, "get_external_store_context", asked.append)
        return sandboxed

    real_create = SandboxedWorkflowRunner.create_instance
    monkeypatch.setattr(SandboxedWorkflowRunner, "create_instance", create)
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter, workflow_runner=workflow_runner())
    await replayer.replay_workflow(WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8")))
    assert asked == []


def test_each_process_of_a_case_has_a_history() -> None:
    types = {path.read_text(encoding="utf-8").partition('"workflowType"')[2].split('"')[3] for path in HISTORIES}
    assert types >= {"AfterSalesCase", "ReturnGoods", "ReshipGoods", "IssueRefund", "ReconcileDaily"}


def test_a_history_names_no_machine_and_nobody() -> None:
    """Histories hold ids, codes and numbers; what records them calls itself ``recorder``."""
    words = {word for path in HISTORIES for word in path.read_text(encoding="utf-8").split('"') if "@" in word}
    assert words <= {"uk-retail@1.0"}
