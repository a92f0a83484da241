"""The process of a day's reconciliation (R-RFD-13): every provider's file and the ledger, day by day, until nothing is left that is due.

A schedule starts it. A provider that does not answer is asked for a while; then its other days are left as well, so that nobody waits behind it, and the
next run takes them up.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from services.workflow.activities.reconciliation import ReconciliationActivities
from services.workflow.payloads.reconciliation import DayReconciled, DayToReconcile

_LIMIT = timedelta(minutes=10)
_PATIENCE = timedelta(hours=2)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=30))


@workflow.defn
class ReconcileDaily:
    """Reconciles the days that are due."""

    @workflow.run
    async def run(self) -> list[DayReconciled]:
        """Compare day after day. Returns what came of each."""
        due = await workflow.execute_activity_method(
            ReconciliationActivities.days_to_reconcile, start_to_close_timeout=_LIMIT, retry_policy=_RETRY, summary="which days are due"
        )
        done: list[DayReconciled] = []
        silent: set[str] = set()
        for day in due:
            if day.subject in silent:
                continue
            done.append(await self._reconcile(day))
            if done[-1].problem:
                silent.add(day.subject)
            self._show(done, len(due))
        return done

    async def _reconcile(self, wanted: DayToReconcile) -> DayReconciled:
        try:
            return await workflow.execute_activity_method(
                ReconciliationActivities.reconcile_day,
                wanted,
                start_to_close_timeout=_LIMIT,
                schedule_to_close_timeout=_PATIENCE,
                retry_policy=_RETRY,
                summary=f"{wanted.subject} {wanted.day}",
            )
        except ActivityError:  # its cause stands in the history; the day stays due
            return DayReconciled(subject=wanted.subject, day=wanted.day, problem="could not be compared: tried again the next time")

    def _show(self, done: list[DayReconciled], of: int) -> None:
        rows = "\n".join(f"| {each.subject} | {each.day} | {each.matched} | {each.breaks} | {each.problem} |" for each in done)
        workflow.set_current_details(
            f"**Reconciled:** {len(done)} of {of}\n\n| subject | day | agree | breaks | |\n|---|---|---|---|---|\n{rows}"
        )
