"""Record the history of a refund with every kind of trouble, for the replay tests; run by ``python -m tests.support.record_histories``."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio import activity
from temporalio.worker import Worker

from services.workflow.payloads.refund import IssueRefundInput, RefundHandle, RefundPhase, RefundSignal, RefundStep
from services.workflow.worker import WORKFLOW_RUNNER
from services.workflow.workflows.issue_refund import IssueRefund
from tests.support.scripted_steps import a_refund
from tests.support.skipped_time import skipped_time

_STEPS = [
    RefundStep(phase=RefundPhase.OPEN, amount_minor=850, attempt=1),
    RefundStep(phase=RefundPhase.RETRY, amount_minor=850, attempt=1, code="declined_by_issuer"),
    RefundStep(phase=RefundPhase.PERSON, amount_minor=850, attempt=4, code="account_closed"),
    RefundStep(phase=RefundPhase.PERSON, amount_minor=850, attempt=4, code="account_closed"),
    RefundStep(phase=RefundPhase.SETTLED, amount_minor=850, attempt=5),
]


class ScriptedRefund:
    """The steps of a refund, each with the next answer of the script."""

    def __init__(self) -> None:
        self._answers = list(_STEPS)

    @activity.defn(name="pay_refund")
    async def pay(self, _issue: IssueRefundInput) -> RefundStep:
        return self._answers.pop(0)

    @activity.defn(name="look_up_refund")
    async def look_up(self, _handle: RefundHandle) -> RefundStep:
        return self._answers.pop(0)

    @activity.defn(name="retry_refund")
    async def retry(self, _handle: RefundHandle) -> RefundStep:
        return self._answers.pop(0)

    @activity.defn(name="continue_refund")
    async def go_on(self, _handle: RefundHandle) -> RefundStep:
        return self._answers.pop(0)

    @activity.defn(name="alarm_finance")
    async def alarm(self, _handle: RefundHandle) -> None:
        """Nobody is there to be alarmed."""


async def record_refund(write: Callable[[str, str], Awaitable[None]]) -> None:
    """An outcome that must be looked up, a failed attempt, a person who is alarmed and then orders another attempt."""
    refund, steps = a_refund(UUID(int=9), 850), ScriptedRefund()
    async with skipped_time() as environment:
        activities: list[Callable[..., Any]] = [steps.pay, steps.look_up, steps.retry, steps.go_on, steps.alarm]
        async with Worker(
            environment.client, task_queue="refunds", workflows=[IssueRefund], activities=activities, workflow_runner=WORKFLOW_RUNNER
        ):
            ask = IssueRefundInput(refund=refund, case_workflow_id=f"case/{refund.case_id}")
            handle = await environment.client.start_workflow(IssueRefund.run, ask, id=f"refund/{refund.refund_id}", task_queue="refunds")
            await environment.sleep(timedelta(hours=26))
            await handle.signal(IssueRefund.outcome, RefundSignal(event_id=uuid4()))
            await handle.result()
            await write("refund_with_trouble.refund", (await handle.fetch_history()).to_json())
