"""The whole history of a refund, from all that is on record: approvals of its case, what was intended, submitted and told, what was booked and issued."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.identifiers import RefundId
from services.kit.postgres import Pool


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One thing that happened. ``about`` names what it is about: a payment, an account entry, a document, a tier."""

    at: datetime
    kind: str
    actor: str
    code: str
    about: str
    amount_minor: int | None
    submission_id: UUID | None = None


async def history_of(pool: Pool, refund_id: RefundId) -> list[HistoryItem]:
    """What happened to a refund, in order; what one transaction did stands in the order of cause."""
    return [HistoryItem(**dict(row)) for row in await pool.fetch(_HISTORY, refund_id)]


_HISTORY = """
SELECT at, kind, actor, code, about, amount_minor, submission_id FROM (
    SELECT fact.happened_at AS at, fact.kind, fact.actor, fact.code,
        coalesce('payment ' || paid.payment_id || ', attempt ' || paid.attempt || ' by ' || paid.provider, '') AS about,
        fact.amount_minor, fact.submission_id, 1 AS place, fact.position
    FROM refund_facts AS fact LEFT JOIN refund_submissions AS paid USING (submission_id) WHERE fact.refund_id = $1
    UNION ALL
    SELECT approval.requested_at, 'approval_requested', approval.requester, approval.reason, approval.rule, approval.amount_minor, NULL, 0, 0
    FROM approvals AS approval JOIN refunds AS refund USING (case_id)
    WHERE refund.refund_id = $1 AND approval.requested_at <= refund.requested_at
    UNION ALL
    SELECT approval.decided_at, 'approval_' || approval.state, approval.decided_by, approval.rule, approval.decided_role,
        coalesce(approval.granted_minor, approval.amount_minor), NULL, 0, 1
    FROM approvals AS approval JOIN refunds AS refund USING (case_id)
    WHERE refund.refund_id = $1 AND approval.decided_at <= refund.requested_at
    UNION ALL
    SELECT posted_at, 'booked', posted_by, kind, 'entry ' || entry_id || ', dated ' || accounting_date, NULL, NULL, 2, 0
    FROM ledger_entries WHERE refund_id = $1
    UNION ALL
    SELECT issued_at, kind || '_issued', 'system', '', number, NULL, NULL, 3, 0 FROM credit_notes WHERE refund_id = $1
) AS told ORDER BY at, place, position
"""
