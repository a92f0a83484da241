"""Refunds as finance needs them, on ``aftersales.refund.v1``, keyed by order. Amounts are positive; the direction is in the type."""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from contracts.base import AmountMinor, CurrencyCode, Model, Moment
from contracts.events import EventBody, OrderEvent
from contracts.identifiers import CaseId, CustomerRef, RefundId, SubmissionId
from contracts.quote import Allocation, Deduction, JournalLine, QuoteLine
from contracts.topics import Topic


class Booked(Model):
    """How a fact was booked: the ledger entry, and its date in the merchant's time zone. None in events from before the ledger told them."""

    ledger_entry_id: UUID | None = None
    accounting_date: date | None = None


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
    provider_reference: str | None = None
    """The provider's own id of the refund, None where it has not told one yet."""


class RefundSettled(Booked, RefundEvent):
    """All of the refund has been paid. ``journal`` is the balanced entry; ``provider_references`` by payment id.

    ``fees_minor`` is what was kept back in all, ``fee_tax_minor`` the tax in it. A refund that came back and was paid
    again is settled again: ``settlement`` counts, and ``settled_minor`` is what this time was paid (None: all of it).
    """

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
    fees_minor: AmountMinor = 0
    fee_tax_minor: AmountMinor = 0
    settlement: int = 1
    settled_minor: AmountMinor | None = None
    credit_note: str | None = None
    """The number of the credit note, gap-free per merchant."""


class RefundFailed(Booked, RefundEvent):
    """The provider's own record says that a submission failed. ``final`` where no further attempt follows without a person.

    ``failed_minor`` is the part of the refund that the submission was for. ``given_up``: finance ended the refund. One that was booked before, because
    it was paid and came back, brings the ``journal`` that takes it out of the books, and the number of the ``cancellation`` of its credit note.
    """

    event_type: ClassVar[str] = "aftersales.refund.failed.v1"

    submission_id: SubmissionId
    payment_id: str
    attempt: int
    failure_code: str
    final: bool
    failed_at: Moment
    failed_minor: AmountMinor | None = None
    given_up: bool = False
    journal: tuple[JournalLine, ...] = ()
    cancellation: str | None = None


class RefundReversed(Booked, RefundEvent):
    """A settled refund, or the part of it that went to one payment, came back: the money is with the merchant again, and owed to the customer.

    ``journal`` moves ``reversed_minor`` from the provider's clearing account to what is owed to customers (None in events from before it was told: all
    of the refund). The goods stay given back, so their accounts stay as they are until the refund is paid again or given up.
    """

    event_type: ClassVar[str] = "aftersales.refund.reversed.v1"

    payment_id: str
    reason: str
    journal: tuple[JournalLine, ...]
    reversed_at: Moment
    submission_id: SubmissionId | None = None
    reversed_minor: AmountMinor | None = None


class PayoutKind(StrEnum):
    """What money is paid out by finance itself, beside the payment providers (R-RFD-15).

    ``refund``: the original payment cannot take it back (cash on delivery, a closed account). The others are no refunds of the order and count against
    none of its caps: the merchant's share of return freight (R-FRT-14), compensation up to the ceiling (R-COMP-10), and legal settlements (R-DEC-39).
    """

    REFUND = "refund"
    FREIGHT_TOPUP = "freight_topup"
    CEILING_COMPENSATION = "ceiling_compensation"
    LEGAL_SETTLEMENT = "legal_settlement"


class PayoutPaid(Booked, OrderEvent):
    """Finance has paid something out that is no refund of the order (R-RFD-15). ``document`` is the bank's or the voucher's reference."""

    event_type: ClassVar[str] = "aftersales.refund.payout_paid.v1"
    topic: ClassVar[Topic] = Topic.REFUND

    payout_id: UUID
    kind: PayoutKind
    case_id: CaseId
    case_number: str
    order_number: str
    customer_ref: CustomerRef
    currency: CurrencyCode
    amount_minor: AmountMinor
    reason: str
    rule: str
    document: str
    requested_by: str
    paid_by: str
    journal: tuple[JournalLine, ...]
    paid_at: Moment


class PayoutReturned(Booked, OrderEvent):
    """What finance paid out came back from the bank: ``journal`` takes the payout's entry back. A part of a refund is told as ``refund.reversed``."""

    event_type: ClassVar[str] = "aftersales.refund.payout_returned.v1"
    topic: ClassVar[Topic] = Topic.REFUND

    payout_id: UUID
    kind: PayoutKind
    case_id: CaseId
    case_number: str
    order_number: str
    customer_ref: CustomerRef
    currency: CurrencyCode
    amount_minor: AmountMinor
    reason: str
    document: str
    returned_by: str
    journal: tuple[JournalLine, ...]
    returned_at: Moment


class EntryPosted(Booked, OrderEvent):
    """Finance posted an entry of its own: a correction, a carrier claim, the difference of a reconciliation."""

    event_type: ClassVar[str] = "aftersales.refund.entry_posted.v1"
    topic: ClassVar[Topic] = Topic.REFUND

    case_id: CaseId
    case_number: str
    order_number: str
    currency: CurrencyCode
    reason: str
    document: str
    posted_by: str
    journal: tuple[JournalLine, ...]
    posted_at: Moment


EVENTS: tuple[type[EventBody], ...] = (
    RefundRequested,
    RefundApproved,
    RefundSubmitted,
    RefundSettled,
    RefundFailed,
    RefundReversed,
    PayoutPaid,
    PayoutReturned,
    EntryPosted,
)
