"""Which days are due for reconciliation, and doing one."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from services.kit.clock import utc_now
from services.kit.postgres import Pool
from services.workflow.adapters.reconciling import Reconciling, last_day
from services.workflow.payloads.reconciliation import DayReconciled, DayToReconcile
from services.workflow.reconciliation.payments import Days

SETTLED_AFTER: Final = timedelta(days=2)
"""A day is compared once the day after it is over as well: what happens around midnight stands in the one file or the other."""
MOST_DAYS: Final = 31
"""How many days one run takes up; a new installation with old refunds catches up over several."""


class DailyReconciliation:
    """The port ``DailyReconciling`` on the records."""

    def __init__(self, pool: Pool, reconciling: Reconciling) -> None:
        self._pool = pool
        self._reconciling = reconciling

    async def due(self) -> Sequence[DayToReconcile]:
        """The days that are over and not reconciled, oldest first."""
        until = utc_now().date() - SETTLED_AFTER
        due = [day for subject in self._reconciling.subjects for day in await self._due_of(subject, until)]
        return sorted(due, key=lambda each: (each.day, each.subject))

    async def reconcile(self, wanted: DayToReconcile) -> DayReconciled:
        """Compare a day and keep what came of it. Raises what the reading of either side raises: it is tried again."""
        report = await self._reconciling.run(wanted.subject, Days(wanted.day, wanted.day))
        return DayReconciled(subject=wanted.subject, day=wanted.day, matched=report.matched, breaks=len(report.breaks))

    async def _due_of(self, subject: str, until: date) -> list[DayToReconcile]:
        last = await last_day(self._pool, subject)
        if last is None:
            return []
        days = min((until - last).days, MOST_DAYS)
        return [DayToReconcile(subject=subject, day=last + timedelta(days=offset)) for offset in range(1, days + 1)]
