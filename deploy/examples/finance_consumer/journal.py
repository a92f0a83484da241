"""Which events are booked, and as what: an event in, a balanced entry out.

Errors, all :class:`UnbookableError`: :class:`UnbalancedJournalError`, :class:`MisaddressedEventError`, :class:`AmountOutOfRangeError`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias
from uuid import UUID, uuid5

from contracts.envelope import Envelope
from contracts.events import EventBody
from contracts.quote import JournalLine
from contracts.refund_v1 import EntryPosted, PayoutPaid, PayoutReturned, RefundFailed, RefundReversed, RefundSettled

Booking: TypeAlias = RefundSettled | RefundReversed | RefundFailed | PayoutPaid | PayoutReturned | EntryPosted

BOOKED_TYPES: Final = frozenset(
    body.event_type for body in (RefundSettled, RefundReversed, RefundFailed, PayoutPaid, PayoutReturned, EntryPosted)
)
"""The types that can bring a journal. All others of the topic tell how a refund fares, and are none of the books' business."""

MOST_MINOR: Final = 10**15
"""The largest amount of the contracts; what is larger is a mistake, and would not fit a 64-bit sum."""


class UnbookableError(ValueError):
    """The event cannot be booked as it is; the message says why."""


class UnbalancedJournalError(UnbookableError):
    """The lines of a journal do not sum to zero."""


class MisaddressedEventError(UnbookableError):
    """Envelope and body name different merchants or keys."""


class AmountOutOfRangeError(UnbookableError):
    """An amount is beyond what the contracts allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A journal entry. ``lines`` sum to zero, in minor units of ``currency``, debit positive; ``document`` is what proves it, as far as the event tells.

    ``date`` is that of the merchant's books.
    """

    entry_id: UUID
    kind: str
    date: date
    merchant_id: str
    test: bool
    currency: str
    refund_id: UUID | None
    order_id: UUID
    order_number: str
    case_number: str
    document: str
    lines: tuple[JournalLine, ...]


def entry_of(envelope: Envelope, body: EventBody) -> Entry | None:
    """The entry that an event books, None where it books nothing. Raises :class:`UnbookableError`."""
    if envelope.merchant_id != body.merchant_id or envelope.subject != body.partition_key:
        raise MisaddressedEventError(f"the envelope is of {envelope.merchant_id} {envelope.subject}, the body is not")
    if not isinstance(body, Booking):
        return None
    if isinstance(body, RefundFailed) and not body.journal:
        return None  # an attempt failed, or a refund was given up that never was in the books
    if sum(line.amount_minor for line in body.journal):
        raise UnbalancedJournalError(f"the journal sums to {sum(line.amount_minor for line in body.journal)}, not to zero")
    if any(max(abs(line.amount_minor), abs(line.tax_rate_ppm or 0)) > MOST_MINOR for line in body.journal):
        raise AmountOutOfRangeError(f"an amount is beyond {MOST_MINOR} minor units")
    kind, document = _kind_and_document(body)
    return Entry(
        entry_id=body.ledger_entry_id or _derived_id(envelope, body),
        kind=kind,
        # Events from before the ledger told its date have none; the day in UTC is the nearest to be had.
        date=body.accounting_date or envelope.time.date(),
        merchant_id=body.merchant_id,
        test=envelope.test,
        currency=body.currency,
        refund_id=None if isinstance(body, PayoutPaid | PayoutReturned | EntryPosted) else body.refund_id,
        order_id=body.order_id,
        order_number=body.order_number,
        case_number=body.case_number,
        document=document,
        lines=body.journal,
    )


def _kind_and_document(body: Booking) -> tuple[str, str]:
    match body:
        case RefundSettled():
            return ("refund_settled" if body.settlement == 1 else "refund_repaid"), body.credit_note or ""
        case RefundReversed():
            return "refund_reversed", ""
        case RefundFailed():
            return "refund_given_up", body.cancellation or ""
        case PayoutPaid():
            return "payout_paid", body.document
        case PayoutReturned():
            return "payout_returned", body.document
        case EntryPosted():
            return "manual", body.document


def _derived_id(envelope: Envelope, body: Booking) -> UUID:
    """The id of an entry whose event is from before the ledger told it: always the same one, so that a replay finds what it booked."""
    if isinstance(body, RefundSettled):
        return uuid5(body.refund_id, "ledger/refund_settled")
    return uuid5(envelope.id, "ledger")
