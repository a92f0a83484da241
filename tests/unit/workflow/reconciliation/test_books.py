"""The ledger against payments and published events: what was booked is what was paid, and what finance systems were told."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.quote import JournalLine
from services.workflow.reconciliation.books import BookedEntry, PublishedEntry, UnbookedRefund, match_books
from services.workflow.reconciliation.breaks import BreakKind

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
LINES = (("returns.goods", 850), ("clearing:sandbox", -600), ("clearing.payout", -250))
COMMON: dict[str, Any] = {"refund_id": UUID(int=2), "case_id": UUID(int=3), "merchant_id": "demo-shop", "currency": "GBP"}


def booked(**changes: Any) -> BookedEntry:
    fields = {**COMMON, "entry_id": UUID(int=1), "posted_at": AT, "lines": LINES, "paid_minor": 850}
    return BookedEntry(**{**fields, **changes})


def published(lines: tuple[tuple[str, int], ...] = LINES, **changes: Any) -> dict[UUID, PublishedEntry]:
    journal = tuple(JournalLine(account=account, amount_minor=amount) for account, amount in lines)
    entry = PublishedEntry(**{**COMMON, "entry_id": UUID(int=1), "occurred_at": AT, "journal": journal, **changes})
    return {entry.entry_id: entry}


def test_what_was_paid_booked_and_published_alike_agrees_whatever_the_order_of_lines() -> None:
    assert match_books([booked()], published(LINES[::-1]), []) == (1, ())


@pytest.mark.parametrize(
    ("entry", "told", "kind"),
    [
        (booked(paid_minor=849), published(), BreakKind.ENTRY_DIFFERS),
        (booked(), {}, BreakKind.EVENT_MISSING),
        (booked(), published((("returns.goods", 849), ("clearing:sandbox", -849))), BreakKind.EVENT_DIFFERS),
        (booked(), published(currency="EUR"), BreakKind.EVENT_DIFFERS),
        (booked(), published(events=2), BreakKind.EVENT_DUPLICATE),
    ],
)
def test_a_difference_of_the_books_has_its_name(entry: BookedEntry, told: dict[UUID, PublishedEntry], kind: BreakKind) -> None:
    agreed, breaks = match_books([entry], told, [])
    assert (agreed, [each.kind for each in breaks]) == (0, [kind])


def test_an_event_without_an_entry_and_a_refund_without_one_are_breaks() -> None:
    refund = UnbookedRefund(**COMMON, amount_minor=850, settled_at=AT)
    _, breaks = match_books([], published(), [refund])
    assert {each.kind for each in breaks} == {BreakKind.EVENT_WITHOUT_ENTRY, BreakKind.ENTRY_MISSING}


def test_an_entry_that_books_no_payment_needs_only_its_event() -> None:
    claim = booked(paid_minor=None, lines=(("carrier.claims", 5), ("carrier.recoveries", -5)))
    assert match_books([claim], published(claim.lines), []) == (1, ())
