"""Ask for an approval and wait for it, tier by tier (R-AUTH-03). Never decides by time (R-AUTH-04).

Whoever can reach Temporal can ring the bell; the answer is read from the row, so that a hand-made signal grants nothing.
"""

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from contracts.identifiers import ApprovalId
from services.workflow.activities.approvals import ApprovalActivities
from services.workflow.payloads.approval import (
    ApprovalAsk,
    ApprovalMove,
    ApprovalOpening,
    ApprovalResult,
    ApprovalState,
    ApprovalTimers,
    ApprovalView,
)

_LIMIT = timedelta(seconds=30)
_RETRY = RetryPolicy(maximum_interval=timedelta(seconds=30))


async def await_approval(
    ask: ApprovalAsk,
    timers: ApprovalTimers,
    *,
    woken: Callable[[], int],
    stop: Callable[[], bool],
    show: Callable[[ApprovalView], None] | None = None,
) -> ApprovalResult:
    """The answer to ``ask``. ``woken`` counts the signals about it so far, ``stop`` says that it is no longer wanted, ``show`` is told each change."""
    heard = woken()
    view = await workflow.execute_activity_method(
        ApprovalActivities.open_approval,
        ApprovalOpening(ask=ask, timers=timers, at=workflow.now()),
        start_to_close_timeout=_LIMIT,
        retry_policy=_RETRY,
        summary=f"ask {ask.tier.value}: {ask.kind.value} ({ask.rule})",
    )
    while view.state is ApprovalState.OPEN:
        if show is not None:
            show(view)
        if stop():
            view = await _withdraw(ask.approval_id)
        elif await _rung(woken, stop, heard, view):
            heard = woken()
            view = view if stop() else await _read(ask.approval_id)
        else:
            view = await _escalate(view, timers)
    return _result(view)


async def _rung(woken: Callable[[], int], stop: Callable[[], bool], heard: int, view: ApprovalView) -> bool:
    """Wait for a signal (True) or the tier's deadline (False)."""
    left = max(view.due_at - workflow.now(), timedelta(0))
    try:
        await workflow.wait_condition(lambda: woken() > heard or stop(), timeout=left, timeout_summary=f"{view.tier.value} decides")
    except TimeoutError:
        return False
    return True


async def _read(approval_id: ApprovalId) -> ApprovalView:
    return await workflow.execute_activity_method(
        ApprovalActivities.read_approval, approval_id, start_to_close_timeout=_LIMIT, retry_policy=_RETRY, summary="read the decision"
    )


async def _escalate(view: ApprovalView, timers: ApprovalTimers) -> ApprovalView:
    return await workflow.execute_activity_method(
        ApprovalActivities.escalate_approval,
        ApprovalMove(approval_id=view.approval_id, escalations=view.escalations, timers=timers, at=workflow.now()),
        start_to_close_timeout=_LIMIT,
        retry_policy=_RETRY,
        summary=f"{view.tier.value} did not decide in time: move it up",
    )


async def _withdraw(approval_id: ApprovalId) -> ApprovalView:
    return await workflow.execute_activity_method(
        ApprovalActivities.withdraw_approval,
        approval_id,
        start_to_close_timeout=_LIMIT,
        retry_policy=_RETRY,
        summary="withdraw the question",
    )


def _result(view: ApprovalView) -> ApprovalResult:
    outcomes = {ApprovalState.GRANTED: "granted", ApprovalState.DECLINED: "declined", ApprovalState.WITHDRAWN: "withdrawn"}
    return ApprovalResult.model_validate(
        {
            "approval_id": view.approval_id,
            "outcome": outcomes[view.state],
            "tier": view.tier,
            "decided_by": view.decided_by,
            "amount_minor": view.amount_minor,
            "ruling": view.ruling,
        }
    )
