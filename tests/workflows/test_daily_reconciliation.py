"""The daily reconciliation as a process: a provider that does not answer is asked again for hours, and holds up nobody else (R-RFD-13)."""

from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from services.workflow.payloads.reconciliation import DayReconciled
from services.workflow.worker import WORKFLOW_RUNNER
from services.workflow.workflows.reconcile_daily import ReconcileDaily
from tests.support.record_reconciliation_history import DUE, ScriptedDays


async def reconciled(environment: WorkflowEnvironment, days: ScriptedDays) -> list[DayReconciled]:
    async with Worker(
        environment.client, task_queue="days", workflows=[ReconcileDaily], activities=days.activities, workflow_runner=WORKFLOW_RUNNER
    ):
        return await environment.client.execute_workflow(ReconcileDaily.run, id="reconciliation/daily", task_queue="days")


async def test_every_day_that_is_due_is_compared_though_the_first_try_fails(skipping: WorkflowEnvironment) -> None:
    days = ScriptedDays()
    done = await reconciled(skipping, days)
    assert [(each.subject, each.day, each.problem) for each in done] == [(each.subject, each.day, "") for each in DUE]
    assert [days.tried.count(each) for each in DUE] == [2, 2, 2]


async def test_a_day_that_cannot_be_compared_is_left_for_the_next_time_and_the_others_are_done(skipping: WorkflowEnvironment) -> None:
    days = ScriptedDays(DUE[0])
    done = await reconciled(skipping, days)
    assert [bool(each.problem) for each in done] == [True, False, False]
    assert days.tried.count(DUE[0]) > 10
