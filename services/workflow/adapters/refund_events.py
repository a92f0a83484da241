"""The events of a refund, built from its rows. Their ids derive from the refund and submission, so that a repeat publishes nothing new."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from contracts.identifiers import derived_event_id
from contracts.quote import JournalLine
from contracts.refund_v1 import RefundApproved, RefundEvent, RefundFailed, RefundRequested, RefundSettled, RefundSubmitted
from services.kit.outbox import OutgoingEvent
from services.workflow.adapters.refund_rows import RefundRow, SubmissionRow


def requested(refund: RefundRow) -> list[OutgoingEvent]:
    """The refund exists and may be paid."""
    quote = refund.quote()
    return [
        _outgoing(
            refund,
            refund.refund_id,
            RefundRequested(
                **refund.common(),
                reason=refund.reason,
                policy_version=refund.policy_version,
                lines=quote.lines,
                deductions=quote.deductions,
                allocations=quote.allocations,
                requested_at=refund.requested_at,
            ),
            refund.requested_at,
        ),
        _outgoing(
            refund,
            refund.refund_id,
            RefundApproved(**refund.common(), approver=refund.approver, tier=refund.tier, approved_at=refund.requested_at),
            refund.requested_at,
        ),
    ]


def submitted(refund: RefundRow, submission: SubmissionRow, at: datetime) -> OutgoingEvent:
    """The provider has the submission."""
    body = RefundSubmitted(
        **refund.common(),
        submission_id=submission.submission_id,
        payment_id=submission.payment_id,
        provider=submission.provider,
        method=submission.method,
        submitted_minor=submission.amount_minor,
        attempt=submission.attempt,
        submitted_at=at,
    )
    return _outgoing(refund, submission.submission_id, body, at)


def failed(refund: RefundRow, submission: SubmissionRow, code: str, *, final: bool, at: datetime) -> OutgoingEvent:
    """The provider's own record says that the submission failed."""
    body = RefundFailed(
        **refund.common(),
        submission_id=submission.submission_id,
        payment_id=submission.payment_id,
        attempt=submission.attempt,
        failure_code=code,
        final=final,
        failed_at=at,
    )
    return _outgoing(refund, submission.submission_id, body, at)


def settled(refund: RefundRow, paid: Sequence[SubmissionRow], journal: Sequence[JournalLine], at: datetime) -> OutgoingEvent:
    """All of the refund has been paid; ``paid`` are the submissions that did it."""
    quote = refund.quote()
    body = RefundSettled(
        **refund.common(),
        lines=quote.lines,
        deductions=quote.deductions,
        tax_minor=sum(tax.amount_minor for line in quote.lines for tax in line.taxes),
        freight_minor=sum(line.amount_minor for line in quote.lines if line.kind == "freight"),
        allocations=quote.allocations,
        provider_references={submission.payment_id: submission.provider_refund_id or "" for submission in paid},
        reason=refund.reason,
        policy_version=refund.policy_version,
        approver=refund.approver,
        journal=tuple(journal),
        settled_at=at,
    )
    return _outgoing(refund, refund.refund_id, body, at)


def _outgoing(refund: RefundRow, operation_id: UUID, body: RefundEvent, at: datetime) -> OutgoingEvent:
    return OutgoingEvent(body=body, event_id=derived_event_id(operation_id, body.event_type), occurred_at=at, test=refund.test)
