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
from temporalio.service import RPCError

from services.kit.logging import get_logger
from services.workflow.workflows.reconcile_daily import ReconcileDaily

RECONCILIATION = "reconciliation"
log = get_logger(__name__)


async def ensure_schedules(client: Client, task_queue: str, reconcile_at: time) -> None:
    """Make the schedule, or let the one that is there run at another time of day (UTC). One that somebody paused stays paused.

    A Temporal that does not allow it stops nobody else's work: it is said, and days are compared by hand until it does.
    """
    try:
        await _ensure(client, task_queue, reconcile_at)
    except RPCError as error:
        log.error("schedule.not_made", schedule=RECONCILIATION, error=str(error))  # noqa: TRY400 - the words say all


async def _ensure(client: Client, task_queue: str, reconcile_at: time) -> None:
    wanted = ScheduleSpec(
        calendars=[ScheduleCalendarSpec(hour=(ScheduleRange(reconcile_at.hour),), minute=(ScheduleRange(reconcile_at.minute),))]
    )
    action = ScheduleActionStartWorkflow(ReconcileDaily.run, id=f"{RECONCILIATION}/daily", task_queue=task_queue)
    try:
        await client.create_schedule(
            RECONCILIATION,
            Schedule(
                action=action,
                spec=wanted,
                policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(hours=12)),
            ),
        )
    except ScheduleAlreadyRunningError:

        async def moved(found: ScheduleUpdateInput) -> ScheduleUpdate:
            schedule = found.description.schedule
            schedule.spec, schedule.action = wanted, action
            return ScheduleUpdate(schedule=schedule)

        await client.get_schedule_handle(RECONCILIATION).update(moved)
