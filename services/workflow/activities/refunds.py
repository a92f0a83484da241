"""The steps of a refund that touch the world: reserve and commit first, then call the provider, then record what it says.

Each may run again at any point: rows, keys and event ids are derived from the refund, so a repeat pays nothing twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from contracts.identifiers import RefundId
from services.kit.logging import get_logger
from services.workflow.payloads.refund import IssueRefundInput, RefundHandle, RefundPhase, RefundStep
from services.workflow.ports import (
    OpenSubmission,
    OutcomeUnknownError,
    PaymentProviders,
    ProviderMisuseError,
    ProviderNotAvailableError,
    ProviderUnavailableError,
    RefundSteps,
)
from services.workflow.refunds.submission import SubmissionState

log = get_logger(__name__)

WATCH_SECONDS = 3.0
"""How long an activity stays to see the outcome, before the process waits for a signal: most outcomes come sooner, and save a handful of history events."""

_ENDED = frozenset({RefundPhase.SETTLED, RefundPhase.FAILED})
"""Phases after which nobody waits for a signal: there is nothing to lock the row for."""

_WATCH_PAUSES = (0.05, 0.1, 0.1, 0.15, 0.2, 0.3)


class RefundActivities:
    """The activities of ``IssueRefund``, and of a return that tries its refund itself. ``watch_seconds`` 0 makes the process wait by signal at once."""

    def __init__(self, steps: RefundSteps, providers: PaymentProviders, *, watch_seconds: float = WATCH_SECONDS) -> None:
        self._steps = steps
        self._providers = providers
        self._watch_seconds = watch_seconds

    def all(self) -> Sequence[Callable[..., Any]]:
        """All activities, for the worker."""
        return (self.try_refund, self.pay_refund, self.look_up_refund, self.retry_refund, self.continue_refund, self.alarm_finance)

    @activity.defn
    async def try_refund(self, issue: IssueRefundInput) -> RefundStep:
        """Reserve the refund and submit it, without watching for what the provider does not say at once: a workflow task has no time for it."""
        step = await self._submit_all(await self._steps.request(issue))
        return step or await self._steps.stands(issue.refund.refund_id)

    @activity.defn
    async def pay_refund(self, issue: IssueRefundInput) -> RefundStep:
        """Reserve the refund, submit it, and watch for the outcome a little."""
        return await self._submit_and_watch(issue.refund.refund_id, await self._steps.request(issue))

    @activity.defn
    async def continue_refund(self, handle: RefundHandle) -> RefundStep:
        """Submit what was committed meanwhile (an attempt that finance ordered), and say where the refund stands."""
        return await self._submit_and_watch(handle.refund_id, await self._steps.open_submissions(handle.refund_id))

    @activity.defn
    async def retry_refund(self, handle: RefundHandle) -> RefundStep:
        """Make attempt n+1 of what the provider says has failed (R-RFD-09), submit it, and watch."""
        await self._steps.next_attempts(handle.refund_id)
        return await self._submit_and_watch(handle.refund_id, await self._steps.open_submissions(handle.refund_id))

    @activity.defn
    async def look_up_refund(self, handle: RefundHandle) -> RefundStep:
        """Ask the provider about each open submission; what it has no record of is sent again under the same key."""
        for each in await self._steps.open_submissions(handle.refund_id):
            activity.heartbeat()
            await self._look_up(each)
        await self._steps.check_lateness(handle)
        return await self._watch(handle.refund_id)

    @activity.defn
    async def alarm_finance(self, handle: RefundHandle) -> None:
        """A refund has waited for a person too long: raise the task again."""
        await self._steps.alarm(handle)

    async def _submit_and_watch(self, refund_id: RefundId, submissions: Sequence[OpenSubmission]) -> RefundStep:
        step = await self._submit_all(submissions)
        return step if step is not None and step.phase in _ENDED else await self._watch(refund_id)

    async def _submit_all(self, submissions: Sequence[OpenSubmission]) -> RefundStep | None:
        """Submit what nobody has submitted; where the refund stands then, if the provider said something of the last."""
        step = None
        for number, each in enumerate(each for each in submissions if each.state is SubmissionState.CREATED):
            # The activity's start says as much as a heartbeat, which is a request and a write in Temporal; within a workflow task there is none.
            if number and not activity.info().is_local:
                activity.heartbeat()
            step = await self._submit(each)
        return step

    async def _submit(self, each: OpenSubmission) -> RefundStep | None:
        """Submit it; where the refund stands then, if the provider said something of it."""
        submission_id = each.submission.submission_id
        try:
            said = await self._providers.of(each.provider, test=each.test).submit(each.submission)
        except OutcomeUnknownError as error:
            log.warning("refund.outcome_unknown", submission_id=str(submission_id), error=str(error))
            await self._steps.mark_unknown(submission_id)
        except (ProviderMisuseError, ProviderNotAvailableError) as error:
            log.error("refund.provider_unusable", submission_id=str(submission_id), error=str(error))  # noqa: TRY400 - the words say all
            await self._steps.misuse(submission_id)
        else:
            return await self._steps.record(said)
        return None

    async def _look_up(self, each: OpenSubmission) -> None:
        submission_id = each.submission.submission_id
        try:
            found = await self._providers.of(each.provider, test=each.test).find(each.submission)
        except ProviderUnavailableError as error:
            log.warning("refund.look_up_failed", submission_id=str(submission_id), error=str(error))
            return
        except (ProviderMisuseError, ProviderNotAvailableError) as error:
            log.error("refund.provider_unusable", submission_id=str(submission_id), error=str(error))  # noqa: TRY400 - the words say all
            await self._steps.misuse(submission_id)
            return
        if found is not None:
            await self._steps.record(found)
            return
        if each.state is not SubmissionState.CREATED:
            await self._steps.not_found(submission_id)
        activity.heartbeat()
        await self._submit(each)

    async def _watch(self, refund_id: RefundId) -> RefundStep:
        deadline = asyncio.get_running_loop().time() + self._watch_seconds
        looks = 0
        while asyncio.get_running_loop().time() < deadline:
            step = await self._steps.stands(refund_id)
            if step.phase in _ENDED:
                return step
            if step.phase is not RefundPhase.OPEN:
                break
            activity.heartbeat()
            await asyncio.sleep(_WATCH_PAUSES[min(looks, len(_WATCH_PAUSES) - 1)])
            looks += 1
        return await self._steps.stands_and_waits(refund_id)
