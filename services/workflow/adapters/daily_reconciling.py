"""Which days are due for reconciliation, and doing one."""

from collections.abc import Sequence
from typing import Final

from services.kit.postgres import Pool
from services.workflow.adapters.reconciling import Reconciling, missing_days
from services.workflow.payloads.reconciliation import DayReconciled, DayToReconcile
from services.workflow.reconciliation.payments import Days

MOST_DAYS: Final = 31
"""How many days one run takes up; a new installation with old refunds catches up over several."""


class DailyReconciliation:
    """The port ``DailyReconciling`` on the records."""

    def __init__(self, pool: Pool, reconciling: Reconciling) -> None:
        self._pool = pool
        self._reconciling = reconciling

    async def due(self) -> Sequence[DayToReconcile]:
        """The days that can be judged and were not, however long ago, oldest first."""
        due = [
            DayToReconcile(subject=subject, day=day)
            for subject in self._reconciling.subjects
            for day in await missing_days(self._pool, subject, MOST_DAYS)
        ]
        return sorted(due, key=lambda each: (each.day, each.subject))

    async def reconcile(self, wanted: DayToReconcile) -> DayReconciled:
        """Compare a day and keep what came of it. Raises what the reading of either side raises: it is tried again."""
        report = await self._reconciling.run(wanted.subject, Days(wanted.day, wanted.day))
        return DayReconciled(subject=wanted.subject, day=wanted.day, matched=report.matched, breaks=len(report.breaks))
