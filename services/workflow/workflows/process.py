"""What the processes of a case share: their inbox, their screen, their operation ids, and waits that always end."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid5

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

from contracts.base import Model
from contracts.identifiers import ApprovalId
from contracts.progress import Progress, Then, WaitingFor
from services.workflow.payloads.approval import ApprovalAsk, ApprovalResult, ApprovalView
from services.workflow.payloads.case import ApprovalPlan, CaseCard, CaseSignal, CaseTimers, FactKind
from services.workflow.workflows.approval_wait import await_approval
from services.workflow.workflows.inbox import Inbox
from services.workflow.workflows.ui import Screen

Ask = TypeVar("Ask")
Answer = TypeVar("Answer", bound=Model)

_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=500), backoff_coefficient=2, maximum_interval=timedelta(seconds=30))
"""For ever: a step that cannot be done parks the case where everybody sees it, instead of closing it."""
_ONCE = RetryPolicy(maximum_attempts=1)
_WITHIN = timedelta(seconds=5)
"""Half of the time a workflow task has."""
_AT_ONCE = timedelta(milliseconds=1)
"""The shortest timer."""


class Process:
    """A process of a case. A subclass calls :meth:`open` first and has a ``run``.

    A signal only wakes the process; what happened is read from its row by the activity that acts on it.
    """

    card: CaseCard
    timers: CaseTimers
    screen: Screen

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.child_id: str | None = None
        self._scope = ""
        self._operations: dict[str, int] = {}

    @workflow.signal
    def deliver(self, signal: CaseSignal) -> None:
        """Hear of a fact."""
        self.inbox.put(signal)

    def open(self, card: CaseCard, what: str, scope: str) -> None:
        """Set the process up. ``scope`` keeps its operation ids apart from those of the case's other processes."""
        self.card = card
        self.screen = Screen(card, what)
        self._scope = scope

    def operation(self, name: str) -> UUID:
        """The id of the next operation of this name: the same at every replay, restart and reset, so that it is done once."""
        number = self._operations[name] = self._operations.get(name, 0) + 1
        return uuid5(self.card.case_id, f"{self.card.run_number}/{self._scope}/{name}/{number}")

    def ask(self, name: str) -> dict[str, Any]:
        """The fields of every activity input that writes."""
        return {"operation_id": self.operation(name), "case_id": self.card.case_id, "at": workflow.now()}

    async def do(self, step: Callable[[Any, Ask], Awaitable[Answer]], ask: Ask, summary: str) -> Answer:
        """Run an activity until it is done.

        A step is a few statements, and its operation id lets it be repeated: it is tried once within the workflow task, which leaves one event in the
        history instead of six. Where that fails it becomes an activity of its own, which everybody sees and which is tried for ever.
        """
        if self.card.steps_within:
            if (answer := await self.try_within(step, ask, summary)) is not None:
                return answer
            self.screen.happened(f"tried in vain, and tried again from now on: {summary}")
        self.screen.send()
        return await workflow.execute_activity_method(
            step, ask, start_to_close_timeout=timedelta(seconds=60), retry_policy=_RETRY, summary=summary
        )

    async def try_within(self, step: Callable[[Any, Ask], Awaitable[Answer]], ask: Ask, summary: str) -> Answer | None:
        """Run an activity within the workflow task, once; None where that failed."""
        try:
            return await workflow.execute_local_activity_method(
                step, ask, start_to_close_timeout=_WITHIN, retry_policy=_ONCE, summary=summary
            )
        except FailureError as error:  # the SDK gives the cause bare, a timeout among others; uncaught, it would fail the whole process
            if is_cancelled_exception(error):
                raise
            return None

    async def wait_for(
        self, kinds: Collection[FactKind], until: datetime, name: str, fits: Callable[[CaseSignal], bool] | None = None
    ) -> CaseSignal | None:
        """The next fact of these kinds, None once ``until`` has passed. ``name`` is the timer's on the screen."""
        while True:
            await self.attend()
            if (signal := self.inbox.take(kinds, fits)) is not None:
                return signal
            if not await self._sleep(lambda: self.inbox.holds(kinds, fits) or self.inbox.holds(self.urgent), until, name):
                return None

    urgent: frozenset[FactKind] = frozenset()
    """Facts that end any wait to be attended to at once."""

    async def attend(self) -> None:
        """Look at the urgent facts that wait. A process without any has nothing to do here."""

    async def wait_until(self, until: datetime, name: str) -> None:
        """Let time pass, attending to urgent facts."""
        await self.wait_for((), until, name)

    async def approve(self, plan: ApprovalPlan, **looks: Any) -> ApprovalResult:
        """Ask for an approval and wait for it, tier by tier (R-AUTH-03), attending to urgent facts meanwhile.

        ``looks`` says what the case shows while it waits: ``status``, ``stage``.
        """
        approval_id = ApprovalId(self.operation(f"approval-{plan.kind.value}"))
        ask = ApprovalAsk(
            approval_id=approval_id, case_id=self.card.case_id, workflow_id=workflow.info().workflow_id, **plan.model_dump(), **looks
        )
        self.screen.happened(f"asked {plan.tier.value} for approval `{plan.kind.value}`: {plan.reason} ({plan.rule})")
        waiting = asyncio.create_task(
            await_approval(
                ask,
                self.timers.approval,
                woken=lambda: self.inbox.heard(FactKind.APPROVAL_DECIDED, "approval_id", str(approval_id)),
                stop=lambda: False,
                show=lambda view: self.show_approval(ask, view),
            )
        )
        try:
            while not waiting.done():
                await self.rest(lambda: waiting.done() or self.inbox.holds(self.urgent))
                await self.attend()
        except Exception:
            waiting.cancel()  # the case is over, and its open approvals were withdrawn with it
            raise
        result = waiting.result()
        self.screen.happened(f"approval `{plan.kind.value}` {result.outcome} by {result.decided_by or 'nobody'} ({result.tier.value})")
        return result

    def show_approval(self, ask: ApprovalAsk, view: ApprovalView) -> None:
        """Show who must decide until when."""
        self.screen.show(approval_progress(ask, view), sla_breached=True if view.escalations else None)
        self.screen.send()

    async def rest(self, woken: Callable[[], bool], **timer: Any) -> None:
        """Wait until woken; until then the screen shows what the process waits for. Raises ``TimeoutError`` where a ``timer`` ends it."""
        self.screen.send()
        await workflow.wait_condition(woken, **timer)

    async def _sleep(self, woken: Callable[[], bool], until: datetime, name: str) -> bool:
        """Wait until woken (True) or ``until`` has passed (False).

        A timer says so even where it has passed already: whether it has is not always the same in a replay (decision 13).
        """
        if woken():
            return True
        left = until - workflow.now()
        if left <= timedelta(0):
            if not self.card.timed_waits:
                return False
            left = _AT_ONCE
        try:
            await self.rest(woken, timeout=left, timeout_summary=name)
        except TimeoutError:
            return False
        return True


def approval_progress(ask: ApprovalAsk, view: ApprovalView) -> Progress:
    """Where a case stands while an approval is asked for."""
    return Progress(
        status=ask.status, stage=ask.stage, waiting_for=WaitingFor.APPROVAL, who=view.tier, due_at=view.due_at, then=Then.ESCALATE
    )
