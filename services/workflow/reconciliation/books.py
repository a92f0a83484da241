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
    """An entry as an event told it to finance systems; ``events`` is how many different ones did."""

    entry_id: UUID
    refund_id: UUID | None
    case_id: UUID
    merchant_id: str
    currency: str
    occurred_at: datetime
    journal: tuple[JournalLine, ...]
    events: int = 1

    @property
    def moved_minor(self) -> int:
        """What the entry takes out of the clearing accounts."""
        return -sum(line.amount_minor for line in self.journal if line.account.startswith("clearing"))


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
    found = [_break(BreakKind.ENTRY_MISSING, refund, refund.settled_at, None, refund.amount_minor) for refund in unbooked]
    agreed = 0
    for entry in booked.values():
        wrong = _wrong(entry, published.get(entry.entry_id))
        agreed += wrong is None
        if wrong is not None:
            kind, theirs_minor = wrong
            found.append(_break(kind, entry, entry.posted_at, entry.moved_minor, theirs_minor))
    strays = [event for event in published.values() if event.entry_id not in booked]
    found += [_break(BreakKind.EVENT_WITHOUT_ENTRY, event, event.occurred_at, None, event.moved_minor) for event in strays]
    return agreed, tuple(found)


def _wrong(entry: BookedEntry, event: PublishedEntry | None) -> tuple[BreakKind, int | None] | None:
    if entry.paid_minor is not None and entry.paid_minor != entry.moved_minor:
        return BreakKind.ENTRY_DIFFERS, entry.paid_minor
    if event is None:
        return BreakKind.EVENT_MISSING, None
    if event.events > 1:
        return BreakKind.EVENT_DUPLICATE, event.moved_minor * event.events
    told = Counter((line.account, line.amount_minor) for line in event.journal)
    if told != Counter(entry.lines) or event.currency != entry.currency:
        return BreakKind.EVENT_DIFFERS, event.moved_minor
    return None


def _break(
    kind: BreakKind, of: BookedEntry | PublishedEntry | UnbookedRefund, at: datetime, ours_minor: int | None, theirs_minor: int | None
) -> Break:
    entry_id = None if isinstance(of, UnbookedRefund) else of.entry_id
    return Break(
        kind=kind,
        subject=LEDGER,
        key=str(entry_id or of.refund_id),
        day=at.astimezone(UTC).date(),
        currency=of.currency,
        ours_minor=ours_minor,
        theirs_minor=theirs_minor,
        refund_id=of.refund_id,
        entry_id=entry_id,
        merchant_id=of.merchant_id,
        case_id=of.case_id,
    )
