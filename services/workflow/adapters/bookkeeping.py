"""What is booked when money moved: the ledger entry, the credit note and the event that tells finance, always together in the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from contracts.credit_note import CreditedPayment
from contracts.identifiers import MerchantId
from contracts.merchant import Merchant
from contracts.quote import JournalLine
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection
from services.workflow.adapters import credit_notes, ledger, refund_events
from services.workflow.adapters.credit_notes import Issuer
from services.workflow.adapters.ledger import Entry, EntryKind
from services.workflow.adapters.refund_rows import RefundRow, SubmissionRow
from services.workflow.money.journal import PaidPart, given_up_journal, repaid_journal, reversed_journal, settled_journal


class Bookkeeper:
    """Books what happened to refunds. ``merchants`` say whose time zone dates an entry; one that is no longer configured is dated in UTC."""

    def __init__(self, merchants: Mapping[MerchantId, Merchant]) -> None:
        self._merchants = merchants

    def accounting_date(self, merchant_id: MerchantId, at: datetime) -> date:
        """The date on which the merchant's books have ``at``."""
        merchant = self._merchants.get(merchant_id)
        return at.astimezone(ZoneInfo(merchant.time_zone) if merchant else UTC).date()

    async def settled(self, conn: Connection, refund: RefundRow, paid: Sequence[SubmissionRow], at: datetime) -> tuple[UUID, OutgoingEvent]:
        """Book a refund all of which is paid, or what of it is paid again after it came back. ``paid`` are the submissions that stand.

        Returns the id of the entry too: the caller notes it with the submissions that had none.
        """
        fresh = [submission for submission in paid if submission.entry_id is None]
        parts = [_part(submission) for submission in fresh]
        first = refund.settlements == 0
        journal = settled_journal(refund.quote().journal, parts) if first else repaid_journal(parts)
        name = "refund_settled" if first else f"refund_repaid/{refund.settlements + 1}"
        note = None
        if first:
            payments = [_credited(submission) for submission in fresh]
            dated = partial(self.accounting_date, refund.merchant_id)
            note = await credit_notes.issue(conn, refund, self._issuer(refund.merchant_id), payments, dated)
        entry = self._entry(
            refund,
            EntryKind.REFUND_SETTLED if first else EntryKind.REFUND_REPAID,
            uuid5(refund.refund_id, f"ledger/{name}"),
            journal,
            at,
            document=note.number if note else "",
        )
        await ledger.post(conn, entry)
        return entry.entry_id, refund_events.settled(refund, paid, entry, sum(part.amount_minor for part in parts), note, at)

    async def reversed(self, conn: Connection, refund: RefundRow, submission: SubmissionRow, at: datetime) -> OutgoingEvent:
        """Book that a part of a settled refund came back: it is owed to the customer again."""
        entry = self._entry(
            refund,
            EntryKind.REFUND_REVERSED,
            uuid5(submission.submission_id, "ledger/refund_reversed"),
            reversed_journal(_part(submission)),
            at,
            document=submission.provider_refund_id or "",
        )
        await ledger.post(conn, entry)
        return refund_events.reversed_(refund, submission, entry, at)

    async def given_up(
        self, conn: Connection, refund: RefundRow, last: SubmissionRow, code: str, ordered_by: str, at: datetime
    ) -> OutgoingEvent:
        """Tell finance that a refund is given up. One that was booked, because it was paid and came back, leaves the books again."""
        if refund.settlements == 0:
            return refund_events.given_up(refund, last, code, None, None, at)
        note = await credit_notes.cancel(conn, refund, self._issuer(refund.merchant_id), partial(self.accounting_date, refund.merchant_id))
        entry = self._entry(
            refund,
            EntryKind.REFUND_GIVEN_UP,
            uuid5(refund.refund_id, "ledger/refund_given_up"),
            given_up_journal(refund.quote().journal),
            at,
            document=note.number if note else "",
            posted_by=ordered_by,
        )
        await ledger.post(conn, entry)
        return refund_events.given_up(refund, last, code, entry, note, at)

    def _issuer(self, merchant_id: MerchantId) -> Issuer:
        return Issuer.of(merchant_id, self._merchants.get(merchant_id))

    def _entry(
        self, refund: RefundRow, kind: EntryKind, entry_id: UUID, journal: Sequence[JournalLine], at: datetime, **more: Any
    ) -> Entry:
        return Entry(
            entry_id=entry_id,
            kind=kind,
            merchant_id=refund.merchant_id,
            test=refund.test,
            case_id=refund.case_id,
            case_number=refund.row["case_number"],
            order_id=refund.order_id,
            order_number=refund.row["order_number"],
            currency=refund.currency,
            posted_at=at,
            accounting_date=self.accounting_date(refund.merchant_id, at),
            journal=journal,
            refund_id=refund.refund_id,
            reason=refund.reason,
            **more,
        )


def _part(submission: SubmissionRow) -> PaidPart:
    return PaidPart(submission.payment_id, submission.provider, submission.amount_minor)


def _credited(submission: SubmissionRow) -> CreditedPayment:
    return CreditedPayment(
        payment_id=submission.payment_id,
        provider=submission.provider,
        method=submission.method,
        reference=submission.provider_refund_id or "",
        amount_minor=submission.amount_minor,
    )
