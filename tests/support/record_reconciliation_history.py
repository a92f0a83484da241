"""Record the history of a daily reconciliation, one day of which cannot be done; run by ``python -m tests.support.record_histories``."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from services.workflow.payloads.reconciliation import DayReconciled, DayToReconcile
from services.workflow.worker import WORKFLOW_RUNNER
from services.workflow.workflows.reconcile_daily import ReconcileDaily
from tests.support.skipped_time import skipped_time

DUE = [
    DayToReconcile(subject="sandbox (test)", day=date(2026, 3, 1)),
    DayToReconcile(subject="ledger", day=date(2026, 3, 1)),
    DayToReconcile(subject="ledger", day=date(2026, 3, 2)),
]


class ScriptedDays:
    """Days of which those in ``lost`` cannot be compared, however often it is tried; the first try of each other fails."""

    def __init__(self, *lost: DayToReconcile) -> None:
        self._lost = lost
        self.tried: list[DayToReconcile] = []

    @activity.defn(name="days_to_reconcile")
    async def due(self) -> list[DayToReconcile]:
        return DUE

    @activity.defn(name="reconcile_day")
    async def reconcile(self, wanted: DayToReconcile) -> DayReconciled:
        self.tried.append(wanted)
        if wanted in self._lost or self.tried.count(wanted) == 1:
            raise ApplicationError("the provider does not answer")
        return DayReconciled(subject=wanted.subject, day=wanted.day, matched=2, breaks=1)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """For the worker."""
        return [self.due, self.reconcile]


async def record_reconciliation(write: Callable[[str, str], Awaitable[None]]) -> None:
    """Three days, each tried twice, one of them in vain."""
    async with skipped_time() as environment:
        days = ScriptedDays(DUE[0])
        async with Worker(
            environment.client, task_queue="days", workflows=[ReconcileDaily], activities=days.activities, workflow_runner=WORKFLOW_RUNNER
        ):
            handle = await environment.client.start_workflow(ReconcileDaily.run, id="reconciliation/daily", task_queue="days")
            await handle.result()
            await write("a_day_that_cannot_be_compared.reconciliation", (await handle.fetch_history()).to_json())
