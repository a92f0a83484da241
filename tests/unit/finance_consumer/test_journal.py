"""What is booked of an event: the entry that the platform's own ledger has, whatever version told it (R-RFD-12)."""

import json
from pathlib import Path
from uuid import uuid5

import pytest

from contracts.envelope import from_headers
from contracts.refund_v1 import RefundReversed, RefundSettled
from contracts.registry import parse
from deploy.examples.finance_consumer.journal import AmountOutOfRangeError, Entry, MisaddressedEventError, UnbalancedJournalError, entry_of
from deploy.examples.finance_consumer.names import NAMES, name_of
from deploy.examples.finance_consumer.record import Record
from services.workflow.money.accounts import CHART, account_name
from tests.support.samples import ROOT
from tests.unit.finance_consumer.events import a_body, a_lines, a_record, an_event

FROZEN = sorted(ROOT.glob("aftersales.refund.*/*.json"))
BOOKS_NOTHING = {"requested", "approved", "submitted"}


def booked(record: Record) -> Entry | None:
    envelope = from_headers(record.headers)
    return entry_of(envelope, parse(envelope.type, record.value or b""))


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_version_of_every_event_is_understood(path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    headers = [(name, value.encode()) for name, value in sample["headers"].items()]
    entry = booked(a_record(sample["key"].encode(), json.dumps(sample["body"]).encode(), headers))
    word = path.parent.name.split(".")[2]
    journal = sample["body"].get("journal", [])
    assert (entry is None) == (word in BOOKS_NOTHING or not journal)
    if entry:
        assert [(line.account, line.amount_minor) for line in entry.lines] == [(line["account"], line["amount_minor"]) for line in journal]
        assert str(entry.entry_id) == sample["body"].get("ledger_entry_id", str(entry.entry_id))


def test_the_entries_say_what_they_book_and_what_proves_it() -> None:
    again = a_body("settled", settlement=2, credit_note=None)
    entries = [
        booked(an_event(body)) for body in (a_body("settled"), again, *map(a_body, ("reversed", "failed", "payout_paid", "entry_posted")))
    ]
    assert [(entry.kind, entry.document) for entry in entries if entry] == [
        ("refund_settled", "TEST-DCN-000001"),
        ("refund_repaid", ""),
        ("refund_reversed", ""),
        ("refund_given_up", "TEST-DCX-000002"),
        ("payout_paid", "BANK-2026-0007"),
        ("manual", "CLAIM-0042"),
    ]


def test_an_event_from_before_the_ledger_told_its_entry_gets_a_derived_one_and_its_day_in_utc() -> None:
    old = {"ledger_entry_id": None, "accounting_date": None}
    settled, reversed_ = a_body("settled", **old), a_body("reversed", **old)
    assert isinstance(settled, RefundSettled)
    assert isinstance(reversed_, RefundReversed)
    entry = booked(an_event(settled))
    assert entry is not None
    assert (entry.entry_id, str(entry.date)) == (uuid5(settled.refund_id, "ledger/refund_settled"), "2026-03-07")
    record = an_event(reversed_)
    assert booked(record) == booked(record) is not None


def test_a_refund_given_up_that_never_was_in_the_books_books_nothing() -> None:
    assert booked(an_event(a_body("failed", journal=()))) is None


def test_what_does_not_sum_to_zero_is_refused() -> None:
    with pytest.raises(UnbalancedJournalError, match="sums to 850"):
        booked(an_event(a_body("settled", journal=a_lines("returns.goods", "clearing:sandbox")[:1])))


def test_an_amount_that_cannot_be_is_refused() -> None:
    with pytest.raises(AmountOutOfRangeError):
        booked(an_event(a_body("settled", journal=a_lines("returns.goods", "clearing:sandbox", 10**30))))


def test_an_envelope_of_another_merchant_or_order_is_refused() -> None:
    for record in (an_event(a_body("settled"), merchant_id="another"), an_event(a_body("settled"), subject="another")):
        with pytest.raises(MisaddressedEventError):
            booked(record)


def test_every_account_of_the_platform_has_the_platforms_name() -> None:
    assert {account.code: account.name for account in CHART} == NAMES
    for code in ("clearing:sandbox", "returns.goods", "withheld:restocking", "of.tomorrow"):
        assert name_of(code) == account_name(code)
