"""Our own books: what was settled against the ledger, and the ledger against what was published to finance systems. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from contracts.quote import JournalLine
from services.workflow.reconciliation.breaks import LEDGER, Break, BreakKind


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedEntry:
    """An entry of the ledger. ``paid_minor`` is what by our rows was paid with it, None where it books something else than a payment."""

    entry_id: UUID
    refund_id: UUID | None
    case_id: UUID
    merchant_id: str
    currency: str
    posted_at: datetime
    lines: tuple[tuple[str, int], ...]
    paid_minor: int | None

    @property
    def moved_minor(self) -> int:
        """What the entry takes out of the clearing accounts."""
        return -sum(amount for account, amount in self.lines if account.startswith("clearing"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedEntry:
    """An entry as an event told it to finance systems."""

    entry_id: UUID
    refund_id: UUID | None
    case_id: UUID
    merchant_id: str
    currency: str
    occurred_at: datetime
    journal: tuple[JournalLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnbookedRefund:
    """A refund that is settled and has no entry."""

    refund_id: UUID
    case_id: UUID
    merchant_id: str
    currency: str
    amount_minor: int
    settled_at: datetime


def match_books(
    entries: Iterable[BookedEntry], published: Mapping[UUID, PublishedEntry], unbooked: Iterable[UnbookedRefund]
) -> tuple[int, tuple[Break, ...]]:
    """How many entries are as they were paid and as they were published, and what differs.

    ``published`` has what was published since the first of the entries; what is older than the entries is not judged.
    """
    booked = {entry.entry_id: entry for entry in entries}
    found = [_unbooked(refund) for refund in unbooked]
    agreed = 0
    for entry in booked.values():
        wrong = _wrong(entry, published.get(entry.entry_id))
        agreed += wrong is None
        if wrong is not None:
            kind, theirs_minor = wrong
            found.append(_of_entry(kind, entry, theirs_minor))
    found += [_stray(event) for event in published.values() if event.entry_id not in booked]
    return agreed, tuple(found)


def _wrong(entry: BookedEntry, event: PublishedEntry | None) -> tuple[BreakKind, int | None] | None:
    if entry.paid_minor is not None and entry.paid_minor != entry.moved_minor:
        return BreakKind.ENTRY_DIFFERS, entry.paid_minor
    if event is None:
        return BreakKind.EVENT_MISSING, None
    told = Counter((line.account, line.amount_minor) for line in event.journal)
    if told != Counter(entry.lines) or event.currency != entry.currency:
        return BreakKind.EVENT_DIFFERS, -sum(line.amount_minor for line in event.journal if line.account.startswith("clearing"))
    return None


def _of_entry(kind: BreakKind, entry: BookedEntry, theirs_minor: int | None) -> Break:
    return Break(
        kind=kind,
        subject=LEDGER,
        key=str(entry.entry_id),
        day=entry.posted_at.astimezone(UTC).date(),
        currency=entry.currency,
        ours_minor=entry.moved_minor,
        theirs_minor=theirs_minor,
        refund_id=entry.refund_id,
        entry_id=entry.entry_id,
        merchant_id=entry.merchant_id,
        case_id=entry.case_id,
    )


def _unbooked(refund: UnbookedRefund) -> Break:
    return Break(
        kind=BreakKind.ENTRY_MISSING,
        subject=LEDGER,
        key=str(refund.refund_id),
        day=refund.settled_at.astimezone(UTC).date(),
        currency=refund.currency,
        theirs_minor=refund.amount_minor,
        refund_id=refund.refund_id,
        merchant_id=refund.merchant_id,
        case_id=refund.case_id,
    )


def _stray(event: PublishedEntry) -> Break:
    return Break(
        kind=BreakKind.EVENT_WITHOUT_ENTRY,
        subject=LEDGER,
        key=str(event.entry_id),
        day=event.occurred_at.astimezone(UTC).date(),
        currency=event.currency,
        theirs_minor=-sum(line.amount_minor for line in event.journal if line.account.startswith("clearing")),
        refund_id=event.refund_id,
        entry_id=event.entry_id,
        merchant_id=event.merchant_id,
        case_id=event.case_id,
    )
