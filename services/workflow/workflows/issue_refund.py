"""The process of one refund: pay, wait for the provider's word, look it up, try again, hand it to finance; it ends when the money is there.

It outlives its case (parent close policy ABANDON). PostgreSQL is the authority: started again, it finds the refund where it stood.
"""

from datetime import timedelta
from uuid import UUID

from temporalio import workflow
from temporalio.common import RetryPolicy

from services.workflow.activities.refunds import RefundActivities
from services.workflow.payloads.refund import IssueRefundInput, RefundHandle, RefundPhase, RefundResult, RefundSignal, RefundStep

_LIMIT = timedelta(seconds=60)
_HEARTBEAT = timedelta(seconds=15)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
ONCE = RetryPolicy(maximum_attempts=1)
ENDED = frozenset({RefundPhase.SETTLED, RefundPhase.FAILED})
"""Phases after which nothing is left to do."""


@workflow.defn
class IssueRefund:
    """Pays one refund exactly once."""

    def __init__(self) -> None:
        self._rung = 0
        self._heard: set[UUID] = set()
        self._looks = 0

    @workflow.signal
    def outcome(self, signal: RefundSignal) -> None:
        """Something happened to the refund: look at its row."""
        if signal.event_id not in self._heard:
            self._heard.add(signal.event_id)
            self._rung += 1

    @workflow.run
    async def run(self, issue: IssueRefundInput) -> RefundResult:
        """Pay, and go on until the refund is settled or finance has given it up."""
        self._issue = issue
        step = await start_paying(issue)
        while step.phase not in ENDED or self._rung_at_the_end():
            match step.phase:
                case RefundPhase.OPEN:
                    step = await self._await_outcome(step)
                case RefundPhase.RETRY:
                    step = await self._retry_later(step)
                case RefundPhase.PERSON:
                    step = await self._await_finance(step)
                case RefundPhase.SETTLED | RefundPhase.FAILED:
                    self._rung = 0
                    step = await self._continue()
        return result_of(step)

    def _rung_at_the_end(self) -> bool:
        """Whether a signal came after the last step was read: what was paid may have come back since, and finance may have ordered it again."""
        return self._rung > 0 and workflow.patched("looks-again-at-the-end")

    def _handle(self) -> RefundHandle:
        return RefundHandle(refund_id=self._issue.refund.refund_id, timers=self._issue.timers, at=workflow.now())

    async def _await_outcome(self, step: RefundStep) -> RefundStep:
        """The provider has not said how it ended: wait for its webhook, then ask it, at growing distances."""
        timers = self._issue.timers
        limit = min(timers.first_look * 2 ** min(self._looks, 20), timers.longest_look)
        self._show(step, "the payment provider's word", "the provider is asked", limit)
        if await self._ring(limit, "ask the provider"):
            return await self._continue()
        self._looks += 1
        return await workflow.execute_activity_method(
            RefundActivities.look_up_refund,
            self._handle(),
            start_to_close_timeout=_LIMIT,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=_RETRY,
            summary=f"ask the provider ({self._looks})",
        )

    async def _retry_later(self, step: RefundStep) -> RefundStep:
        """The provider says that the attempt failed: make the next one after a while (R-RFD-09)."""
        distance = self._issue.timers.retry_distance
        self._show(step, f"the next attempt, after attempt {step.attempt} failed", f"attempt {step.attempt + 1} is made", distance)
        await workflow.sleep(distance, summary=f"attempt {step.attempt + 1}")
        self._looks = 0
        return await workflow.execute_activity_method(
            RefundActivities.retry_refund,
            self._handle(),
            start_to_close_timeout=_LIMIT,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=_RETRY,
            summary=f"attempt {step.attempt + 1} (R-RFD-09)",
        )

    async def _await_finance(self, step: RefundStep) -> RefundStep:
        """It goes on only when finance orders another attempt or gives it up; the task is raised again while nobody does."""
        alarm = self._issue.timers.alarm
        self._show(step, f"finance to order another attempt or to give it up (`{step.code}`)", "the task is raised again", alarm)
        if not await self._ring(alarm, "raise the task again"):
            await workflow.execute_activity_method(
                RefundActivities.alarm_finance,
                self._handle(),
                start_to_close_timeout=_LIMIT,
                retry_policy=_RETRY,
                summary="raise the task again",
            )
        self._looks = 0
        return await self._continue()

    async def _continue(self) -> RefundStep:
        return await workflow.execute_activity_method(
            RefundActivities.continue_refund,
            self._handle(),
            start_to_close_timeout=_LIMIT,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=_RETRY,
            summary="see how it stands",
        )

    async def _ring(self, limit: timedelta, timer: str) -> bool:
        """Wait for a signal (True) or until ``limit`` has passed (False)."""
        try:
            await workflow.wait_condition(lambda: self._rung > 0, timeout=limit, timeout_summary=timer)
        except TimeoutError:
            return False
        self._rung = 0
        return True

    def _show(self, step: RefundStep, waits_for: str, then: str, limit: timedelta) -> None:
        until = workflow.now() + limit
        workflow.set_current_details(
            f"**Refund** of {step.amount_minor} minor units, attempt {step.attempt}  \n"
            f"**Waits for:** {waits_for}  \n"
            f"**Until:** {until:%Y-%m-%d %H:%M:%S} UTC  \n"
            f"**What happens then:** {then}"
        )


def start_paying(issue: IssueRefundInput, retry: RetryPolicy = _RETRY) -> "workflow.ActivityHandle[RefundStep]":
    """The first step of a refund: reserve it and pay. Whoever takes it again finds what is there."""
    return workflow.start_activity_method(
        RefundActivities.pay_refund,
        issue,
        start_to_close_timeout=_LIMIT,
        heartbeat_timeout=_HEARTBEAT,
        retry_policy=retry,
        summary="reserve and pay",
    )


def result_of(step: RefundStep) -> RefundResult:
    """How a refund ended, after a step that is :data:`ENDED`."""
    settled = step.phase is RefundPhase.SETTLED
    return RefundResult(state="settled" if settled else "failed", amount_minor=step.amount_minor, code=step.code)
