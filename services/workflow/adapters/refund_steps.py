"""The steps of a refund on PostgreSQL, each one transaction: rows are committed before a provider is called, and record what it says after."""

from collections.abc import Callable, Sequence
from uuid import uuid5

from contracts.identifiers import RefundId, SubmissionId
from contracts.resolution_v1 import SlaBreached
from contracts.roles import Role
from services.kit.postgres import Pool, transaction
from services.workflow.adapters.bookkeeping import Bookkeeper
from services.workflow.adapters.refund_facts import FactKind, RefundFact, record_facts
from services.workflow.adapters.refund_rows import RefundNotFoundError, SubmissionRow, lock_refund, step_of, submission_of, submissions_of
from services.workflow.adapters.refunds import PostgresRefunds
from services.workflow.adapters.settlements import Settlements
from services.workflow.money.accounts import PAYOUT
from services.workflow.payloads.refund import IssueRefundInput, RefundHandle, RefundPhase, RefundStep
from services.workflow.ports import Cases, OpenSubmission, ProviderRefund, Submission, WorkItems


class PostgresRefundSteps:
    """The port ``RefundSteps``. ``provider_serves(provider, test)`` says whether a provider can be reached for such a merchant."""

    def __init__(
        self, pool: Pool, cases: Cases, work_items: WorkItems, bookkeeper: Bookkeeper, provider_serves: Callable[[str, bool], bool]
    ) -> None:
        self._pool = pool
        self._cases = cases
        self._work_items = work_items
        self._refunds = PostgresRefunds(cases, work_items, provider_serves)
        self._settlements = Settlements(work_items, bookkeeper)

    async def request(self, issue: IssueRefundInput) -> Sequence[OpenSubmission]:
        """Make the refund's row, with its reservation and its first submissions; a repeat changes nothing. Returns what :meth:`open_submissions` does."""
        async with transaction(self._pool) as conn:
            made = await self._refunds.request(conn, issue)
        if made is None:
            return await self.open_submissions(issue.refund.refund_id)
        refund, fresh = made
        return [_open_submission(row, test=refund.test) for row in fresh if row.provider != PAYOUT]

    async def next_attempts(self, refund_id: RefundId) -> None:
        """Commit to attempt n+1 of what the provider says has failed (R-RFD-09)."""
        async with transaction(self._pool) as conn:
            await self._refunds.next_attempts(conn, refund_id, ordered_by="system")

    async def open_submissions(self, refund_id: RefundId) -> Sequence[OpenSubmission]:
        """The submissions whose outcome the provider has not told. Raises ``RefundNotFoundError``."""
        rows = await self._pool.fetch(_OPEN, refund_id, PAYOUT)
        if not rows:
            raise RefundNotFoundError(refund_id)
        return [_open_submission(submission_of(row), test=row["test"]) for row in rows if row["submission_id"] is not None]

    async def record(self, said: ProviderRefund) -> RefundStep | None:
        """Take in the provider's own record of a submission. Returns where the refund stands then, None where the submission is none of ours."""
        async with transaction(self._pool) as conn:
            return await self._settlements.record(conn, said)

    async def mark_unknown(self, submission_id: SubmissionId) -> None:
        """Nobody can say whether the provider took the submission."""
        async with transaction(self._pool) as conn:
            await self._settlements.mark_unknown(conn, submission_id)

    async def not_found(self, submission_id: SubmissionId) -> None:
        """The provider has no record of the submission."""
        async with transaction(self._pool) as conn:
            await self._settlements.not_found(conn, submission_id)

    async def misuse(self, submission_id: SubmissionId) -> None:
        """The provider's answer makes no sense: finance looks."""
        async with transaction(self._pool) as conn:
            await self._settlements.misuse(conn, submission_id)

    async def stands(self, refund_id: RefundId) -> RefundStep:
        """Where the refund stands. Raises ``RefundNotFoundError``."""
        return await self._refunds.step(self._pool, refund_id)

    async def stands_and_waits(self, refund_id: RefundId) -> RefundStep:
        """Where the refund stands; if it has not ended, its process is woken from now on. Raises ``RefundNotFoundError``."""
        async with transaction(self._pool) as conn:
            return await self._refunds.step_and_wait(conn, refund_id)

    async def check_lateness(self, handle: RefundHandle) -> None:
        """Record a miss of R-SLA-14 once, and raise it (R-SLA-20)."""
        async with transaction(self._pool) as conn:
            refund = await lock_refund(conn, handle.refund_id)
            due_at = refund.requested_at + handle.timers.submit_within
            waiting = [row for row in await submissions_of(conn, handle.refund_id) if row.submitted_at is None]
            if refund.late or not waiting or handle.at <= due_at:
                return
            await conn.execute("UPDATE refunds SET late = true WHERE refund_id = $1", handle.refund_id)
            await record_facts(conn, handle.refund_id, [RefundFact(FactKind.SUBMITTED_LATE, handle.at)])
            header = await self._cases.header(conn, refund.case_id)
            progress = await self._cases.progress(conn, refund.case_id)
            breach = SlaBreached(**header.common(progress), sla="refund_submit", due_at=due_at, breached_at=handle.at, owner=Role.FINANCE)
            await self._cases.publish(conn, header, uuid5(handle.refund_id, "late"), [breach])

    async def alarm(self, handle: RefundHandle) -> None:
        """The refund has waited for a person too long: raise the task again."""
        async with transaction(self._pool) as conn:
            refund = await lock_refund(conn, handle.refund_id)
            step = step_of(refund, await submissions_of(conn, handle.refund_id))
            if step.phase is not RefundPhase.PERSON:
                return
            operation = uuid5(handle.refund_id, f"alarm/{handle.at.isoformat(timespec='seconds')}")
            detail = {
                "refund_id": str(handle.refund_id),
                "code": refund.code,
                "amount_minor": refund.amount_minor,
                "currency": refund.currency,
            }
            due_at = handle.at + handle.timers.alarm
            await self._work_items.open(
                conn, operation, refund.case_id, "finance_refund_waits", Role.FINANCE, detail, due_at=due_at, holds_refund=True
            )


def _open_submission(row: SubmissionRow, *, test: bool) -> OpenSubmission:
    submission = Submission(
        submission_id=row.submission_id,
        provider_reference=row.provider_reference,
        amount_minor=row.amount_minor,
        currency=row.currency,
        merchant_reference=str(row.refund_id),
    )
    return OpenSubmission(submission=submission, provider=row.provider, test=test, state=row.state)


# One row for a refund that has none; payouts are finance's, who says how they ended.
_OPEN = """
SELECT refunds.test, refund_submissions.* FROM refunds LEFT JOIN refund_submissions
    ON refund_submissions.refund_id = refunds.refund_id AND provider <> $2 AND refund_submissions.state IN ('created', 'unknown', 'submitted')
WHERE refunds.refund_id = $1 ORDER BY payment_id, attempt
"""
