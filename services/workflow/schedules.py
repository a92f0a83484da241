"""What runs by the clock: the daily reconciliation, as a schedule of Temporal, so that the ops team sees it, starts it by hand, or pauses it."""

from datetime import time, timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from services.workflow.workflows.reconcile_daily import ReconcileDaily

RECONCILIATION = "reconciliation"


async def ensure_schedules(client: Client, task_queue: str, reconcile_at: time) -> None:
    """Make the schedule, or let the one that is there run at another time of day (UTC). One that somebody paused stays paused."""
    wanted = ScheduleSpec(
        calendars=[ScheduleCalendarSpec(hour=(ScheduleRange(reconcile_at.hour),), minute=(ScheduleRange(reconcile_at.minute),))]
    )
    try:
        await client.create_schedule(
            RECONCILIATION,
            Schedule(
                action=ScheduleActionStartWorkflow(ReconcileDaily.run, id=f"{RECONCILIATION}/daily", task_queue=task_queue),
                spec=wanted,
                policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(hours=12)),
            ),
        )
    except ScheduleAlreadyRunningError:

        async def moved(found: ScheduleUpdateInput) -> ScheduleUpdate:
            schedule = found.description.schedule
            schedule.spec = wanted
            return ScheduleUpdate(schedule=schedule)

        await client.get_schedule_handle(RECONCILIATION).update(moved)
