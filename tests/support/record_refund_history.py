"""Record the histories of two refunds for the replay tests, one with every kind of trouble and one ordered again at its end.

Run by ``python -m tests.support.record_histories``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from services.workflow.payloads.refund import IssueRefundInput, RefundHandle, RefundPhase, RefundResult, RefundSignal, RefundStep
from services.workflow.worker import WORKFLOW_RUNNER
from services.workflow.workflows.issue_refund import IssueRefund
from tests.support.scripted_steps import a_refund
from tests.support.skipped_time import skipped_time

_TROUBLE = [
    RefundStep(phase=RefundPhase.OPEN, amount_minor=850, attempt=1),
    RefundStep(phase=RefundPhase.RETRY, amount_minor=850, attempt=1, code="declined_by_issuer"),
    RefundStep(phase=RefundPhase.PERSON, amount_minor=850, attempt=4, code="account_closed"),
    RefundStep(phase=RefundPhase.PERSON, amount_minor=850, attempt=4, code="account_closed"),
    RefundStep(phase=RefundPhase.SETTLED, amount_minor=850, attempt=5),
]
_ORDERED_AGAIN = [RefundStep(phase=RefundPhase.SETTLED, amount_minor=850, attempt=attempt) for attempt in (1, 2)]


class ScriptedRefund:
    """The steps of a refund, each with the next answer of the script."""

    def __init__(self, answers: Sequence[RefundStep]) -> None:
        self._answers = list(answers)
        self.may_pay = asyncio.Event()

    def all(self) -> list[Callable[..., Any]]:
        return [self.pay, self.look_up, self.retry, self.go_on, self.alarm]

    @activity.defn(name="pay_refund")
    async def pay(self, _issue: IssueRefundInput) -> RefundStep:
        await self.may_pay.wait()
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
    async with _started(_TROUBLE) as (environment, handle, steps):
        steps.may_pay.set()
        await environment.sleep(timedelta(hours=26))
        await handle.signal(IssueRefund.outcome, RefundSignal(event_id=uuid4()))
        await handle.result()
        await write("refund_with_trouble.refund", (await handle.fetch_history()).to_json())


async def record_order_at_the_end(write: Callable[[str, str], Awaitable[None]]) -> None:
    """What was paid came back and was ordered again before the process had read that it was paid."""
    async with _started(_ORDERED_AGAIN) as (_environment, handle, steps):
        await handle.signal(IssueRefund.outcome, RefundSignal(event_id=uuid4()))
        steps.may_pay.set()
        await handle.result()
        await write("refund_ordered_at_its_end.refund", (await handle.fetch_history()).to_json())


@asynccontextmanager
async def _started(
    answers: Sequence[RefundStep],
) -> AsyncIterator[tuple[WorkflowEnvironment, WorkflowHandle[IssueRefund, RefundResult], ScriptedRefund]]:
    refund, steps = a_refund(UUID(int=9), 850), ScriptedRefund(answers)
    async with (
        skipped_time() as environment,
        Worker(environment.client, task_queue="refunds", workflows=[IssueRefund], activities=steps.all(), workflow_runner=WORKFLOW_RUNNER),
    ):
        ask = IssueRefundInput(refund=refund, case_workflow_id=f"case/{refund.case_id}")
        yield (
            environment,
            await environment.client.start_workflow(IssueRefund.run, ask, id=f"refund/{refund.refund_id}", task_queue="refunds"),
            steps,
        )
