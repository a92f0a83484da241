"""The steps of the daily reconciliation: which days are due, and comparing one of them. A repeat compares again and ends the same."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from temporalio import activity

from services.workflow.payloads.reconciliation import DayReconciled, DayToReconcile


class DailyReconciling(Protocol):
    """What the records must be able to do."""

    async def due(self) -> Sequence[DayToReconcile]:
        """The days that are over and not reconciled, oldest first."""

    async def reconcile(self, wanted: DayToReconcile) -> DayReconciled:
        """Compare a day and keep what came of it."""


class ReconciliationActivities:
    """The activities of ``ReconcileDaily``."""

    def __init__(self, days: DailyReconciling) -> None:
        self._days = days

    def all(self) -> Sequence[Callable[..., Any]]:
        """All activities, for the worker."""
        return (self.days_to_reconcile, self.reconcile_day)

    @activity.defn
    async def days_to_reconcile(self) -> list[DayToReconcile]:
        """Which days are due."""
        return list(await self._days.due())

    @activity.defn
    async def reconcile_day(self, wanted: DayToReconcile) -> DayReconciled:
        """Compare one day."""
        return await self._days.reconcile(wanted)
