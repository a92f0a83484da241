"""Every committed history replays: what production may still run, today's code still understands.

A change of a process that breaks one of them needs ``workflow.patched``; only a history that no installation can hold may be recorded anew, with
``python -m tests.support.record_histories``.
"""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, WorkflowReplayResult

from services.workflow.worker import WORKFLOW_RUNNER, WORKFLOWS

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


@pytest.fixture(params=HISTORIES, ids=lambda path: path.stem)
def history(request: pytest.FixtureRequest) -> WorkflowHistory:
    path: Path = request.param
    return WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))


async def test_a_committed_history_replays(history: WorkflowHistory) -> None:
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter, workflow_runner=WORKFLOW_RUNNER)
    result: WorkflowReplayResult = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is None


def test_each_process_of_a_case_has_a_history() -> None:
    types = {path.read_text(encoding="utf-8").partition('"workflowType"')[2].split('"')[3] for path in HISTORIES}
    assert types >= {"AfterSalesCase", "ReturnGoods", "ReshipGoods", "IssueRefund", "ReconcileDaily"}


def test_a_history_names_no_machine_and_nobody() -> None:
    """Histories hold ids, codes and numbers; what records them calls itself ``recorder``."""
    words = {word for path in HISTORIES for word in path.read_text(encoding="utf-8").split('"') if "@" in word}
    assert words <= {"uk-retail@1.0"}
