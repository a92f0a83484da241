"""What finance orders about a refund that does not go on by itself: another attempt, or giving it up."""

from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

from contracts.identifiers import RefundId
from services.kit import deliveries, outbox
from services.kit.clock import utc_now
from services.kit.deliveries import NewDelivery
from services.kit.logging import get_logger
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection
from services.workflow.adapters.bookkeeping import Bookkeeper
from services.workflow.adapters.caps import release
from services.workflow.adapters.refund_facts import FactKind, RefundFact, record_facts
from services.workflow.adapters.refund_rows import RefundRow, submissions_of
from services.workflow.adapters.refunds import PostgresRefunds
from services.workflow.adapters.settlements import tell_case
from services.workflow.money.accounts import PAYOUT
from services.workflow.refunds.phase import RefundState, latest
from services.workflow.refunds.submission import SubmissionState

log = get_logger(__name__)


class NotOrderableError(Exception):
    """The refund does not wait for finance; ``code`` is ``goes_on_by_itself``, ``settled``, ``given_up``, ``outcome_open`` or ``partly_paid``."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code = code


async def order_attempt(
    conn: Connection, refunds: PostgresRefunds, refund_id: RefundId, ordered_by: str, *, by_payout: bool = False
) -> int:
    """Commit to one more attempt per payment that was not paid (R-RFD-09), and let the refund's process go on. Returns the number of the attempt.

    ``by_payout``: finance pays it out itself, because the original payment cannot take it (R-RFD-15).

    Raises :class:`NotOrderableError`, ``RefundNotFoundError``, or ``RefusedError`` where it still cannot be reserved.
    """
    refund = await refunds.lock_with_order(conn, refund_id)
    await record_facts(conn, refund_id, [RefundFact(FactKind.ATTEMPT_ORDERED, utc_now(), ordered_by, "payout" if by_payout else "")])
    await refunds.tell_resumed(conn, refund)
    if refund.state is RefundState.REFUSED:
        await refunds.resume_refused(conn, refund, ordered_by, channel=PAYOUT if by_payout else None)
        attempt = 1
    else:
        last = await _waiting_attempts(conn, refund)
        attempt = 1 + max(last.values())
        await conn.execute(
            "UPDATE refunds SET state = 'requested', code = '', attempts_allowed = $2 WHERE refund_id = $1", refund_id, attempt
        )
        await refunds.next_attempts(conn, refund_id, ordered_by=ordered_by, channel=PAYOUT if by_payout else None)
    await conn.execute(_TASK_DONE, refund.case_id, str(refund_id), utc_now(), ordered_by, "attempt_ordered")
    await _resume(conn, refund, UUID(str(uuid7())))
    return attempt


async def give_up(
    conn: Connection, refunds: PostgresRefunds, bookkeeper: Bookkeeper, refund_id: RefundId, code: str, ordered_by: str
) -> None:
    """End a refund of which nothing is paid, and release what it had reserved: only after the provider's own records say that every attempt failed.

    One that was paid and came back leaves the books again. Raises :class:`NotOrderableError` or ``RefundNotFoundError``.
    """
    refund = await refunds.lock_with_order(conn, refund_id)
    at = utc_now()
    await record_facts(conn, refund_id, [RefundFact(FactKind.GIVEN_UP, at, ordered_by, code, amount_minor=refund.amount_minor)])
    events: list[OutgoingEvent] = []
    if refund.state is not RefundState.REFUSED:
        await _waiting_attempts(conn, refund)
        submissions = await submissions_of(conn, refund_id)
        if any(submission.state is SubmissionState.SUCCEEDED for submission in submissions):
            raise NotOrderableError("partly_paid", "part of the refund was paid: order another attempt for the rest")
        await release(conn, refund.order_id, refund.quote())
        events.append(await bookkeeper.given_up(conn, refund, submissions[-1], code, ordered_by, at))
    await conn.execute("UPDATE refunds SET state = 'failed', code = $2 WHERE refund_id = $1", refund_id, code)
    await refunds.tell_resumed(conn, refund)
    await conn.execute(_TASK_DONE, refund.case_id, str(refund_id), at, ordered_by, "given_up")
    await _resume(conn, refund, UUID(str(uuid7())))
    await outbox.append(conn, events)


async def _waiting_attempts(conn: Connection, refund: RefundRow) -> dict[str, int]:
    """The number of the last attempt of each payment that was not paid, all others being done. Raises :class:`NotOrderableError`."""
    match refund.state:
        case RefundState.SETTLED:
            raise NotOrderableError("settled", "the refund was paid")
        case RefundState.FAILED:
            raise NotOrderableError("given_up", "the refund was given up")
        case RefundState.REQUESTED:
            raise NotOrderableError("goes_on_by_itself", "the refund is being paid: attempts follow by themselves until they are used up")
    last = latest(submission.as_attempt() for submission in await submissions_of(conn, refund.refund_id))
    if any(not attempt.state.final for attempt in last.values()):
        raise NotOrderableError("outcome_open", "the outcome of another part is still open: wait for the provider's record")
    return {payment_id: attempt.attempt for payment_id, attempt in last.items() if attempt.state.unpaid}


async def _resume(conn: Connection, refund: RefundRow, event_id: UUID) -> None:
    """Wake the refund's process, or start it again if it is gone: ``input`` makes the delivery a signal with start."""
    log.info("refund.resumed", refund_id=str(refund.refund_id), event_id=str(event_id))
    await conn.execute("UPDATE refunds SET signal_wanted = false WHERE refund_id = $1", refund.refund_id)
    payload = {"refund_id": str(refund.refund_id), "event_id": str(event_id), "input": refund.process()}
    await deliveries.add(conn, NewDelivery(event_id=event_id, key=f"refund/{refund.refund_id}", kind="signal_refund", payload=payload))
    await tell_case(conn, refund, uuid5(event_id, "case"), "refund_resumed", "")


_TASK_DONE = """
UPDATE work_items SET state = 'done', resolved_at = $3, resolved_by = $4, resolution = $5
WHERE case_id = $1 AND detail ->> 'refund_id' = $2 AND state = 'open'
    AND kind IN ('finance_refund_failed', 'finance_refund_refused', 'finance_refund_reversed', 'finance_refund_waits')
"""
