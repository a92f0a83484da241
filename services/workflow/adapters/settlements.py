"""The one guarded way from what a provider says to what our rows say.

Webhooks, look-ups and answers come through here, unless they tell what is on record already.
Everything a transition brings with it is one transaction: the submission, the refund, the ledger entry, the events, the task for finance, the
wake-up of whoever waits.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from contracts.identifiers import SubmissionId
from contracts.roles import Role
from services.kit import deliveries, outbox
from services.kit.clock import utc_now
from services.kit.deliveries import NewDelivery
from services.kit.logging import get_logger
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection
from services.kit.writing import send, sent_together, write
from services.workflow.adapters import refund_events
from services.workflow.adapters.bookkeeping import Bookkeeper
from services.workflow.adapters.facts import SIGNAL
from services.workflow.adapters.refund_facts import PROVIDER, SYSTEM, FactKind, RefundFact, record_facts
from services.workflow.adapters.refund_rows import RefundRow, SubmissionRow, lock_refund_of, step_of, submissions_of
from services.workflow.money.accounts import PAYOUT
from services.workflow.payloads.refund import RefundPhase, RefundStep
from services.workflow.ports import ProviderRefund, ProviderState, WorkItems
from services.workflow.refunds.phase import RefundState, is_last_automatic, latest, phase_of
from services.workflow.refunds.submission import ContradictionError, SubmissionState, move

log = get_logger(__name__)

_SAID = {"pending": SubmissionState.SUBMITTED, "succeeded": SubmissionState.SUCCEEDED, "failed": SubmissionState.FAILED}

_TOLD = {
    SubmissionState.SUCCEEDED: FactKind.SUCCEEDED,
    SubmissionState.FAILED: FactKind.FAILED,
    SubmissionState.REVERSED: FactKind.REVERSED,
}


class Settlements:
    """Takes in what providers say of submissions."""

    def __init__(self, work_items: WorkItems, bookkeeper: Bookkeeper) -> None:
        self._work_items = work_items
        self._bookkeeper = bookkeeper

    async def record(self, conn: Connection, said: ProviderRefund, *, told_by: str = PROVIDER) -> RefundStep | None:
        """Take in the provider's own record of a submission, or what finance (``told_by``) says of a payout.

        Returns where the refund stands then, None where the submission is none of ours. Repeats and late news change nothing.
        """
        if said.state is ProviderState.REVERSED:
            # Its success may be heard of later, or never: both ways of the money are booked, and only finance sends it again.
            paid = replace(said, state=ProviderState.SUCCEEDED, failure_code=None)
            if await self.record(conn, paid, told_by=told_by) is None:
                return None
            return await self.record(conn, replace(said, state=ProviderState.FAILED), told_by=told_by)
        located = await self._locate(conn, said.submission_id)
        if located is None:
            return None
        refund, submission, others = located
        now = submission
        try:
            if (said.amount_minor, said.currency) != (submission.amount_minor, submission.currency):
                await self._contradiction(conn, refund, submission, "amount")
            elif (state := move(submission.state, _SAID[said.state.value])) is not None:
                now = replace(
                    submission,
                    state=state,
                    provider_refund_id=said.provider_refund_id or submission.provider_refund_id,
                    settlement_reference=said.settlement_reference or submission.settlement_reference,
                    failure_code=said.failure_code,
                )
                async with sent_together(conn):
                    refund = await self._apply(conn, refund, submission, now, others, told_by)
        except ContradictionError as error:
            await self._contradiction(conn, refund, submission, error.says.value)
        return step_of(refund, [now, *others])

    async def mark_unknown(self, conn: Connection, submission_id: SubmissionId) -> None:
        """Nobody can say whether the provider took the submission; it will be looked up."""
        refund = await lock_refund_of(conn, submission_id)  # as whoever hears the outcome at this moment: the refund first
        if refund is not None and await conn.fetchval(_UNKNOWN, submission_id):
            await record_facts(conn, refund.refund_id, [RefundFact(FactKind.OUTCOME_UNKNOWN, utc_now(), submission_id=submission_id)])

    async def not_found(self, conn: Connection, submission_id: SubmissionId) -> None:
        """The provider has no record of the submission. That is not "failed": it is sent again under its key, and after the second time finance looks."""
        located = await self._locate(conn, submission_id)
        if located is None or located[1].state.final:
            return
        refund, submission, _ = located
        times = await conn.fetchval(
            "UPDATE refund_submissions SET not_found = not_found + 1 WHERE submission_id = $1 RETURNING not_found", submission_id
        )
        if times <= _NOT_FOUND_BEFORE_FINANCE:  # it may be asked for hours: the history is not to grow with every look
            await record_facts(conn, refund.refund_id, [_fact(FactKind.NOT_FOUND, submission, utc_now(), PROVIDER)])
        if times >= _NOT_FOUND_BEFORE_FINANCE:
            await self._task(conn, refund, submission, "finance_refund_unknown", f"not-found/{submission_id}", "not_found")

    async def misuse(self, conn: Connection, submission_id: SubmissionId) -> None:
        """The provider's answer makes no sense: the submission stays as it is and finance looks."""
        located = await self._locate(conn, submission_id)
        if located is not None:
            await self.mark_unknown(conn, submission_id)
            refund, submission, _ = located
            await self._contradiction(conn, refund, submission, "unreadable")

    async def _locate(self, conn: Connection, submission_id: SubmissionId) -> tuple[RefundRow, SubmissionRow, list[SubmissionRow]] | None:
        """A submission with its refund, whose row is locked, and the refund's other submissions."""
        refund = await lock_refund_of(conn, submission_id)
        if refund is None:
            return None
        rows = await submissions_of(conn, refund.refund_id)
        (submission,) = [row for row in rows if row.submission_id == submission_id]
        return refund, submission, [row for row in rows if row is not submission]

    async def _apply(
        self, conn: Connection, refund: RefundRow, before: SubmissionRow, now: SubmissionRow, others: Sequence[SubmissionRow], told_by: str
    ) -> RefundRow:
        at, entry_id = utc_now(), None
        events = [] if before.submitted_at is not None else [refund_events.submitted(refund, now, at)]
        facts = [] if before.submitted_at is not None else [_fact(FactKind.SUBMITTED, now, at, told_by)]
        if now.state.final:
            if before.not_found >= _NOT_FOUND_BEFORE_FINANCE:
                await conn.execute(_KNOWN, refund.case_id, str(now.submission_id), at)
            facts.append(_fact(_TOLD[now.state], now, at, told_by, now.failure_code or ""))
        if now.state is SubmissionState.SUCCEEDED:
            refund, more, entry_id = await self._succeeded(conn, refund, [now, *others], at)
            facts += [RefundFact(FactKind.SETTLED, at, amount_minor=refund.amount_minor)] if more else []
        elif now.state is SubmissionState.REVERSED:
            refund, more = await self._reversed(conn, refund, now, at)
        elif now.state is SubmissionState.FAILED:
            refund, more = await self._failed(conn, refund, now, at)
        else:
            more = []
        if refund.state is RefundState.STUCK and now.state.unpaid:
            facts.append(_fact(FactKind.NEEDS_PERSON, now, at, SYSTEM, refund.code))
        said = (now.state.value, now.provider_refund_id, now.settlement_reference, now.failure_code)
        await write(conn, _UPDATE, now.submission_id, *said, at, entry_id)
        if entry_id is not None and (booked_too := [each.submission_id for each in others if _is_to_be_booked(each)]):
            await write(conn, _BOOKED, booked_too, entry_id)
        await record_facts(conn, refund.refund_id, facts)
        if now.state.final:
            await wake_if_wanted(conn, refund, uuid5(now.submission_id, f"woken/{now.state.value}"))
        await outbox.append_last(conn, [*events, *more])
        return refund

    async def _failed(
        self, conn: Connection, refund: RefundRow, submission: SubmissionRow, at: datetime
    ) -> tuple[RefundRow, list[OutgoingEvent]]:
        code = submission.failure_code or "unnamed"
        stuck = refund.state is RefundState.STUCK
        final = stuck or submission.provider == PAYOUT or is_last_automatic(submission.attempt, refund.attempts_allowed)
        log.warning("refund.attempt_failed", refund_id=str(refund.refund_id), attempt=submission.attempt, code=code, final=final)
        if final:
            refund = await self._hand_over(conn, refund, submission, "finance_refund_failed", "failed", code)
        return refund, [refund_events.failed(refund, submission, code, final=final, at=at)]

    async def _reversed(
        self, conn: Connection, refund: RefundRow, submission: SubmissionRow, at: datetime
    ) -> tuple[RefundRow, list[OutgoingEvent]]:
        """What was paid came back. The customer is still owed it, and whoever took it from them once may do so again: finance decides the way."""
        code = submission.failure_code or "unnamed"
        log.warning("refund.reversed", refund_id=str(refund.refund_id), attempt=submission.attempt, code=code)
        refund = await self._hand_over(conn, refund, submission, "finance_refund_reversed", "reversed", code)
        if submission.entry_id is None:  # a part of a refund that is not settled yet: nothing was booked
            return refund, [refund_events.failed(refund, submission, code, final=True, at=at)]
        return refund, [await self._bookkeeper.reversed(conn, refund, submission, at)]

    async def _hand_over(
        self, conn: Connection, refund: RefundRow, submission: SubmissionRow, kind: str, word: str, code: str
    ) -> RefundRow:
        """The refund goes on only when finance says so."""
        await conn.execute("UPDATE refunds SET state = 'stuck', code = $2 WHERE refund_id = $1", refund.refund_id, code)
        operation, due_at = f"{word}/{submission.attempt}/{submission.payment_id}", utc_now() + refund.alarm
        await self._task(conn, refund, submission, kind, operation, code, due_at)
        await tell_case(conn, refund, uuid5(submission.submission_id, f"needs-person/{word}"), "refund_needs_person", code)
        return replace(refund, state=RefundState.STUCK, code=code)

    async def _succeeded(
        self, conn: Connection, refund: RefundRow, submissions: Sequence[SubmissionRow], at: datetime
    ) -> tuple[RefundRow, list[OutgoingEvent], UUID | None]:
        """What follows from a payment that was made: once all are, an entry in the books, which each submission that it books is to name."""
        paid = sorted(
            (submission for submission in submissions if submission.state is SubmissionState.SUCCEEDED),
            key=lambda submission: (submission.payment_id, submission.attempt),
        )
        owed = {allocation.payment_id for allocation in refund.quote().allocations if allocation.amount_minor}
        if {submission.payment_id for submission in paid} != owed:
            return refund, [], None
        entry_id, event = await self._bookkeeper.settled(conn, refund, paid, at)
        await write(conn, _SETTLED, refund.refund_id, at)
        return replace(refund, state=RefundState.SETTLED, code="", settlements=refund.settlements + 1), [event], entry_id

    async def _contradiction(self, conn: Connection, refund: RefundRow, submission: SubmissionRow, says: str) -> None:
        log.error("refund.provider_contradicts", refund_id=str(refund.refund_id), submission_id=str(submission.submission_id), says=says)
        if not await conn.fetchval(_CONTRADICTED, refund.refund_id, submission.submission_id, says):
            await record_facts(conn, refund.refund_id, [_fact(FactKind.CONTRADICTED, submission, utc_now(), PROVIDER, says)])
        await self._task(conn, refund, submission, "finance_provider_contradicts", f"contradicts/{submission.submission_id}/{says}", says)

    async def _task(
        self,
        conn: Connection,
        refund: RefundRow,
        submission: SubmissionRow,
        kind: str,
        operation: str,
        code: str,
        due_at: datetime | None = None,
    ) -> None:
        detail = {
            "refund_id": str(refund.refund_id),
            "submission_id": str(submission.submission_id),
            "attempt": submission.attempt,
            "amount_minor": submission.amount_minor,
            "currency": submission.currency,
            "code": code,
        }
        await self._work_items.open(
            conn,
            uuid5(refund.refund_id, operation),
            refund.case_id,
            kind,
            Role.FINANCE,
            detail,
            due_at=due_at,
            holds_refund=due_at is not None,
        )


async def wake_if_wanted(conn: Connection, refund: RefundRow, event_id: UUID) -> None:
    """Wake the refund's process if it said that it waits and there is something to do, for which what is waiting to be written is sent first.

    The caller holds the refund's row lock.
    """
    if not refund.signal_wanted:
        return
    await send(conn)
    attempts = [submission.as_attempt() for submission in await submissions_of(conn, refund.refund_id)]
    if phase_of(refund.state, attempts) is RefundPhase.OPEN and all(
        last.state is not SubmissionState.CREATED for last in latest(attempts).values()
    ):
        return
    await conn.execute("UPDATE refunds SET signal_wanted = false WHERE refund_id = $1", refund.refund_id)
    payload = {"refund_id": str(refund.refund_id), "event_id": str(event_id), "input": None}
    await deliveries.add(conn, NewDelivery(event_id=event_id, key=f"refund/{refund.refund_id}", kind="signal_refund", payload=payload))


async def tell_case(conn: Connection, refund: RefundRow, event_id: UUID, kind: str, code: str) -> None:
    """Tell the process of the case how its refund fares; it only shows it."""
    payload = {
        "workflow_id": refund.case_workflow_id,
        "event_id": str(event_id),
        "kind": kind,
        "data": {"refund_id": str(refund.refund_id), "code": code},
    }
    await deliveries.add(conn, NewDelivery(event_id=event_id, key=f"case/{refund.case_id}", kind=SIGNAL, payload=payload))


def _is_to_be_booked(submission: SubmissionRow) -> bool:
    return submission.state is SubmissionState.SUCCEEDED and submission.entry_id is None


def _fact(kind: FactKind, submission: SubmissionRow, at: datetime, actor: str, code: str = "") -> RefundFact:
    return RefundFact(kind, at, actor, code, submission.submission_id, submission.amount_minor)


_NOT_FOUND_BEFORE_FINANCE = 2

_UPDATE = """
UPDATE refund_submissions SET state = $2, provider_refund_id = $3, settlement_reference = $4, failure_code = $5,
    submitted_at = coalesce(submitted_at, $6), ended_at = CASE WHEN $2 IN ('succeeded', 'failed') THEN $6 ELSE ended_at END,
    reversed_at = CASE WHEN $2 = 'reversed' THEN $6 END, entry_id = coalesce($7, entry_id)
WHERE submission_id = $1
"""

_BOOKED = "UPDATE refund_submissions SET entry_id = $2 WHERE submission_id = ANY($1)"

_UNKNOWN = "UPDATE refund_submissions SET state = 'unknown' WHERE submission_id = $1 AND state = 'created' RETURNING true"

_CONTRADICTED = """
SELECT true FROM refund_facts WHERE refund_id = $1 AND submission_id = $2 AND kind = 'contradicted' AND code = $3 LIMIT 1
"""

_KNOWN = """
UPDATE work_items SET state = 'done', resolved_at = $3, resolved_by = 'system', resolution = 'outcome_known'
WHERE case_id = $1 AND kind = 'finance_refund_unknown' AND detail ->> 'submission_id' = $2 AND state = 'open'
"""

_SETTLED = "UPDATE refunds SET state = 'settled', code = '', settled_at = $2, settlements = settlements + 1 WHERE refund_id = $1"
