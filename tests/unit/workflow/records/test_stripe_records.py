"""Which of Stripe's balance transactions are lines of the settlement file, and what they say."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.workflow.adapters.stripe_records import read_balance_transaction
from services.workflow.ports import ProviderMisuseError, SettlementKind

OURS = uuid4()
REFUND = {"object": "refund", "id": "re_1", "amount": 500, "currency": "jpy", "status": "failed", "metadata": {"submission_id": str(OURS)}}


def a_transaction(**changes: Any) -> dict[str, Any]:
    moved = {"id": "txn_1", "type": "refund", "reporting_category": "refund", "amount": -271, "currency": "gbp", "created": 1_769_850_000}
    return {**moved, "source": REFUND, **changes}


def test_a_line_has_the_refunds_amount_and_not_that_of_the_balance() -> None:
    line = read_balance_transaction(a_transaction())
    assert line is not None
    assert (line.reference, line.kind, line.provider_refund_id, line.submission_id) == ("txn_1", SettlementKind.REFUND, "re_1", OURS)
    assert (line.amount_minor, line.currency) == (500, "JPY")
    assert line.settled_at == datetime(2026, 1, 31, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["refund_failure", "adjustment"])
def test_a_failed_refund_is_a_reversal_whatever_its_type(kind: str) -> None:
    line = read_balance_transaction(a_transaction(type=kind, reporting_category="refund_failure", amount=271))
    assert line is not None
    assert (line.kind, line.submission_id, line.amount_minor) == (SettlementKind.REVERSAL, OURS, 500)


@pytest.mark.parametrize("category", ["partial_capture_reversal", "charge_failure", "dispute", "charge", "fee"])
def test_what_is_no_refund_is_no_line(category: str) -> None:
    assert read_balance_transaction(a_transaction(reporting_category=category)) is None


@pytest.mark.parametrize(("source", "name"), [({"object": "charge", "id": "ch_1"}, "ch_1"), (None, "txn_1")])
def test_a_line_whose_refund_is_not_told_is_listed_without_a_submission(source: dict[str, Any] | None, name: str) -> None:
    line = read_balance_transaction(a_transaction(source=source))
    assert line is not None
    assert (line.provider_refund_id, line.submission_id, line.amount_minor, line.currency) == (name, None, 271, "GBP")


@pytest.mark.parametrize("wrong", [{"created": "soon"}, {"source": "re_1"}, {"source": {"object": "refund", "id": "re_1"}}])
def test_a_transaction_that_cannot_be_read_is_misuse(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProviderMisuseError):
        read_balance_transaction(a_transaction(**wrong))
