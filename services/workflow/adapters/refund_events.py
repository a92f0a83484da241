"""The events of a refund, built from its rows. Their ids derive from the refund and submission, so that a repeat publishes nothing new."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from contracts.credit_note import IssuedCreditNote
from contracts.identifiers import derived_event_id
from contracts.refund_v1 import RefundApproved, RefundEvent, RefundFailed, RefundRequested, RefundReversed, RefundSettled, RefundSubmitted
from services.kit.outbox import OutgoingEvent
from services.workflow.adapters.ledger import Entry
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
        provider_reference=submission.provider_refund_id,
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
        failed_minor=submission.amount_minor,
        final=final,
        failed_at=at,
    )
    return _outgoing(refund, submission.submission_id, body, at)


def settled(
    refund: RefundRow, paid: Sequence[SubmissionRow], entry: Entry, settled_minor: int, note: IssuedCreditNote | None, at: datetime
) -> OutgoingEvent:
    """All of the refund has been paid. ``paid`` are the submissions that did it, ``settled_minor`` is what is paid with this very ``entry``."""
    quote = refund.quote()
    number = refund.settlements + 1
    body = RefundSettled(
        **refund.common(),
        lines=quote.lines,
        deductions=quote.deductions,
        tax_minor=sum(tax.amount_minor for line in quote.lines for tax in line.taxes),
        freight_minor=sum(line.amount_minor for line in quote.lines if line.kind == "freight"),
        fees_minor=sum(fee.amount_minor for fee in quote.deductions),
        fee_tax_minor=sum(tax.amount_minor for fee in quote.deductions for tax in fee.taxes),
        allocations=quote.allocations,
        provider_references={submission.payment_id: submission.provider_refund_id or "" for submission in paid},
        reason=refund.reason,
        policy_version=refund.policy_version,
        approver=refund.approver,
        journal=tuple(entry.journal),
        ledger_entry_id=entry.entry_id,
        accounting_date=entry.accounting_date,
        settlement=number,
        settled_minor=settled_minor,
        credit_note=note.number if note else None,
        settled_at=at,
    )
    return _outgoing(refund, refund.refund_id if number == 1 else uuid5(refund.refund_id, f"settlement/{number}"), body, at)


def reversed_(refund: RefundRow, submission: SubmissionRow, entry: Entry, at: datetime) -> OutgoingEvent:
    """A part of a settled refund came back."""
    body = RefundReversed(
        **refund.common(),
        payment_id=submission.payment_id,
        submission_id=submission.submission_id,
        reason=submission.failure_code or "unnamed",
        reversed_minor=submission.amount_minor,
        journal=tuple(entry.journal),
        ledger_entry_id=entry.entry_id,
        accounting_date=entry.accounting_date,
        reversed_at=at,
    )
    return _outgoing(refund, submission.submission_id, body, at)


def given_up(
    refund: RefundRow, last: SubmissionRow, code: str, entry: Entry | None, note: IssuedCreditNote | None, at: datetime
) -> OutgoingEvent:
    """Finance ended the refund; ``last`` is the last submission that failed, ``entry`` what took it out of the books."""
    body = RefundFailed(
        **refund.common(),
        submission_id=last.submission_id,
        payment_id=last.payment_id,
        attempt=last.attempt,
        failure_code=code,
        final=True,
        given_up=True,
        journal=tuple(entry.journal) if entry else (),
        ledger_entry_id=entry.entry_id if entry else None,
        accounting_date=entry.accounting_date if entry else None,
        cancellation=note.number if note else None,
        failed_at=at,
    )
    return _outgoing(refund, uuid5(refund.refund_id, "given-up"), body, at)


def _outgoing(refund: RefundRow, operation_id: UUID, body: RefundEvent, at: datetime) -> OutgoingEvent:
    return OutgoingEvent(body=body, event_id=derived_event_id(operation_id, body.event_type), occurred_at=at, test=refund.test)
