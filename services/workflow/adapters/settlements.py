"""The one guarded way from what a provider says to what our rows say. Webhooks, look-ups and answers all come through here.

Everything a transition brings with it is one transaction: the submission, the refund, the ledger entry, the events, the task for finance, the
wake-up of whoever waits.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from contracts.identifiers import SubmissionId
from contracts.roles import Role
from services.kit import deliveries, outbox
from services.kit.clock import utc_now
from services.kit.logging import get_logger
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection
from services.workflow.adapters import refund_events
from services.workflow.adapters.ledger import post_settled
from services.workflow.adapters.refund_rows import RefundRow, SubmissionRow, lock_refund, submissions_of
from services.workflow.payloads.refund import RefundPhase
from services.workflow.ports import ProviderRefund, WorkItems
from services.workflow.refunds.phase import RefundState, is_last_automatic, latest, phase_of
from services.workflow.refunds.submission import ContradictionError, SubmissionState, move

log = get_logger(__name__)

_SAID = {"pending": SubmissionState.SUBMITTED, "succeeded": SubmissionState.SUCCEEDED, "failed": SubmissionState.FAILED}


class Settlements:
    """Takes in what providers say of submissions."""

    def __init__(self, work_items: WorkItems) -> None:
        self._work_items = work_items

    async def record(self, conn: Connection, said: ProviderRefund) -> bool:
        """Take in the provider's own record of a submission. False where the submission is none of ours. Repeats and late news change nothing."""
        located = await self._locate(conn, said.submission_id)
        if located is None:
            return False
        refund, submission = located
        if (said.amount_minor, said.currency) != (submission.amount_minor, submission.currency):
            await self._contradiction(conn, refund, submission, "amount")
            return True
        try:
            state = move(submission.state, _SAID[said.state.value])
        except ContradictionError as error:
            await self._contradiction(conn, refund, submission, error.says.value)
            return True
        if state is not None:
            now = replace(
                submission,
                state=state,
                provider_refund_id=said.provider_refund_id or submission.provider_refund_id,
                settlement_reference=said.settlement_reference,
                failure_code=said.failure_code,
            )
            await self._apply(conn, refund, submission, now)
        return True

    async def mark_unknown(self, conn: Connection, submission_id: SubmissionId) -> None:
        """Nobody can say whether the provider took the submission; it will be looked up."""
        await conn.execute("UPDATE refund_submissions SET state = 'unknown' WHERE submission_id = $1 AND state = 'created'", submission_id)

    async def not_found(self, conn: Connection, submission_id: SubmissionId) -> None:
        """The provider has no record of the submission. That is not "failed": it is sent again under its key, and after the second time finance looks."""
        located = await self._locate(conn, submission_id)
        if located is None or located[1].state.final:
            return
        refund, submission = located
        times = await conn.fetchval(
            "UPDATE refund_submissions SET not_found = not_found + 1 WHERE submission_id = $1 RETURNING not_found", submission_id
        )
        if times >= _NOT_FOUND_BEFORE_FINANCE:
            await self._task(conn, refund, submission, "finance_refund_unknown", f"not-found/{submission_id}", "not_found")

    async def misuse(self, conn: Connection, submission_id: SubmissionId) -> None:
        """The provider's answer makes no sense: the submission stays as it is and finance looks."""
        located = await self._locate(conn, submission_id)
        if located is not None:
            await self.mark_unknown(conn, submission_id)
            await self._contradiction(conn, *located, "unreadable")

    async def _locate(self, conn: Connection, submission_id: SubmissionId) -> tuple[RefundRow, SubmissionRow] | None:
        refund_id = await conn.fetchval("SELECT refund_id FROM refund_submissions WHERE submission_id = $1", submission_id)
        if refund_id is None:
            return None
        refund = await lock_refund(conn, refund_id)
        (submission,) = [row for row in await submissions_of(conn, refund_id) if row.submission_id == submission_id]
        return refund, submission

    async def _apply(self, conn: Connection, refund: RefundRow, before: SubmissionRow, now: SubmissionRow) -> None:
        at = utc_now()
        await conn.execute(
            _UPDATE,
            *(now.submission_id, now.state.value, now.provider_refund_id, now.settlement_reference, now.failure_code),
            *(at if now.state.final else None, at),
        )
        events = [] if before.submitted_at is not None else [refund_events.submitted(refund, now, at)]
        if now.state is SubmissionState.FAILED:
            refund, event = await self._failed(conn, refund, now, at)
            events.append(event)
        elif now.state is SubmissionState.SUCCEEDED:
            refund, more = await self._succeeded(conn, refund, at)
            events += more
        if now.state.final:
            await wake_if_wanted(conn, refund, uuid5(now.submission_id, f"woken/{now.state.value}"))
        await outbox.append(conn, events)

    async def _failed(
        self, conn: Connection, refund: RefundRow, submission: SubmissionRow, at: datetime
    ) -> tuple[RefundRow, OutgoingEvent]:
        code = submission.failure_code or "unnamed"
        final = is_last_automatic(submission.attempt, refund.attempts_allowed)
        log.warning("refund.attempt_failed", refund_id=str(refund.refund_id), attempt=submission.attempt, code=code, final=final)
        if final:
            refund = replace(refund, state=RefundState.STUCK, code=code)
            await conn.execute("UPDATE refunds SET state = 'stuck', code = $2 WHERE refund_id = $1", refund.refund_id, code)
            await self._task(
                conn, refund, submission, "finance_refund_failed", f"failed/{submission.attempt}/{submission.payment_id}", code
            )
            await tell_case(conn, refund, uuid5(submission.submission_id, "needs-person"), "refund_needs_person", code)
        return refund, refund_events.failed(refund, submission, code, final=final, at=at)

    async def _succeeded(self, conn: Connection, refund: RefundRow, at: datetime) -> tuple[RefundRow, list[OutgoingEvent]]:
        submissions = await submissions_of(conn, refund.refund_id)
        paid = [submission for submission in submissions if submission.state is SubmissionState.SUCCEEDED]
        quote = refund.quote()
        if {submission.payment_id for submission in paid} != {
            allocation.payment_id for allocation in quote.allocations if allocation.amount_minor
        }:
            return refund, []
        await conn.execute("UPDATE refunds SET state = 'settled', code = '', settled_at = $2 WHERE refund_id = $1", refund.refund_id, at)
        await post_settled(conn, refund, quote.journal, at)
        refund = replace(refund, state=RefundState.SETTLED, code="")
        return refund, [refund_events.settled(refund, paid, quote.journal, at)]

    async def _contradiction(self, conn: Connection, refund: RefundRow, submission: SubmissionRow, says: str) -> None:
        log.error("refund.provider_contradicts", refund_id=str(refund.refund_id), submission_id=str(submission.submission_id), says=says)
        await self._task(conn, refund, submission, "finance_provider_contradicts", f"contradicts/{submission.submission_id}/{says}", says)

    async def _task(self, conn: Connection, refund: RefundRow, submission: SubmissionRow, kind: str, operation: str, code: str) -> None:
        detail = {
            "refund_id": str(refund.refund_id),
            "submission_id": str(submission.submission_id),
            "attempt": submission.attempt,
            "amount_minor": submission.amount_minor,
            "currency": submission.currency,
            "code": code,
        }
        await self._work_items.open(conn, uuid5(refund.refund_id, operation), refund.case_id, kind, Role.FINANCE, detail)


async def wake_if_wanted(conn: Connection, refund: RefundRow, event_id: UUID) -> None:
    """Wake the refund's process if it said that it waits and there is something to do. The caller holds the refund's row lock."""
    if not refund.signal_wanted:
        return
    attempts = [submission.as_attempt() for submission in await submissions_of(conn, refund.refund_id)]
    if phase_of(refund.state, attempts) is RefundPhase.OPEN and all(
        last.state is not SubmissionState.CREATED for last in latest(attempts).values()
    ):
        return
    await conn.execute("UPDATE refunds SET signal_wanted = false WHERE refund_id = $1", refund.refund_id)
    payload = {"refund_id": str(refund.refund_id), "event_id": str(event_id), "input": None}
    await deliveries.add(conn, event_id=event_id, key=f"refund/{refund.refund_id}", kind="signal_refund", payload=payload)


async def tell_case(conn: Connection, refund: RefundRow, event_id: UUID, kind: str, code: str) -> None:
    """Tell the process of the case how its refund fares; it only shows it."""
    payload = {
        "workflow_id": refund.case_workflow_id,
        "event_id": str(event_id),
        "kind": kind,
        "data": {"refund_id": str(refund.refund_id), "code": code},
    }
    await deliveries.add(conn, event_id=event_id, key=f"case/{refund.case_id}", kind="signal_case", payload=payload)


_NOT_FOUND_BEFORE_FINANCE = 2

_UPDATE = """
UPDATE refund_submissions SET state = $2, provider_refund_id = $3, settlement_reference = $4, failure_code = $5, ended_at = $6,
    submitted_at = coalesce(submitted_at, $7)
WHERE submission_id = $1
"""
