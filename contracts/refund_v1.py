"""Refunds as finance needs them, on ``aftersales.refund.v1``, keyed by order. Amounts are positive; the direction is in the type."""

from typing import ClassVar

from contracts.base import AmountMinor, CurrencyCode, Moment
from contracts.events import EventBody, OrderEvent
from contracts.identifiers import CaseId, CustomerRef, RefundId, SubmissionId
from contracts.quote import Allocation, Deduction, JournalLine, QuoteLine
from contracts.topics import Topic


class RefundEvent(OrderEvent):
    """The base of refund events: which refund of which case, and for how much in all."""

    topic: ClassVar[Topic] = Topic.REFUND

    refund_id: RefundId
    case_id: CaseId
    case_number: str
    order_number: str
    customer_ref: CustomerRef
    locale: str
    currency: CurrencyCode
    amount_minor: AmountMinor


class RefundRequested(RefundEvent):
    """A refund exists, with each cent explained; its amount is reserved on payment, line and freight."""

    event_type: ClassVar[str] = "aftersales.refund.requested.v1"

    reason: str
    policy_version: str
    lines: tuple[QuoteLine, ...]
    deductions: tuple[Deduction, ...] = ()
    allocations: tuple[Allocation, ...]
    requested_at: Moment


class RefundApproved(RefundEvent):
    """The refund may be paid: by the system's own authority (``approver`` ``system``) or by a person's."""

    event_type: ClassVar[str] = "aftersales.refund.approved.v1"

    approver: str
    tier: str
    approved_at: Moment


class RefundSubmitted(RefundEvent):
    """The provider was asked to pay ``submitted_minor`` back to one payment. Attempts count from 1."""

    event_type: ClassVar[str] = "aftersales.refund.submitted.v1"

    submission_id: SubmissionId
    payment_id: str
    provider: str
    method: str
    submitted_minor: AmountMinor
    attempt: int
    submitted_at: Moment


class RefundSettled(RefundEvent):
    """All of the refund has been paid. ``journal`` is the balanced entry; ``provider_references`` by payment id."""

    event_type: ClassVar[str] = "aftersales.refund.settled.v1"

    lines: tuple[QuoteLine, ...]
    deductions: tuple[Deduction, ...] = ()
    tax_minor: AmountMinor
    freight_minor: AmountMinor
    allocations: tuple[Allocation, ...]
    provider_references: dict[str, str]
    reason: str
    policy_version: str
    approver: str
    journal: tuple[JournalLine, ...]
    settled_at: Moment


class RefundFailed(RefundEvent):
    """The provider's own record says that a submission failed. ``final`` where no further attempt follows without a person."""

    event_type: ClassVar[str] = "aftersales.refund.failed.v1"

    submission_id: SubmissionId
    payment_id: str
    attempt: int
    failure_code: str
    final: bool
    failed_at: Moment


class RefundReversed(RefundEvent):
    """A settled refund came back: the money is with the merchant again. ``journal`` undoes the settled entry."""

    event_type: ClassVar[str] = "aftersales.refund.reversed.v1"

    payment_id: str
    reason: str
    journal: tuple[JournalLine, ...]
    reversed_at: Moment


EVENTS: tuple[type[EventBody], ...] = (
    RefundRequested,
    RefundApproved,
    RefundSubmitted,
    RefundSettled,
    RefundFailed,
    RefundReversed,
)
