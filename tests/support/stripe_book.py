"""What Stripe would remember: payments, refunds, balance transactions, idempotency keys. Answers are laid over those of Stripe's mock."""

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Shown = dict[str, Any]
PAGE_SIZE = 2
"""Stripe may answer fewer than were asked for: so that lists have more than one page."""


class StripeSaysNoError(Exception):
    """An error as Stripe answers it."""

    def __init__(self, status: int, **error: Any) -> None:
        super().__init__(f"{status} {error}")
        self.status = status
        self.body = {"error": {"type": "invalid_request_error", "message": "words for people", **error}}


@dataclass
class StripeBook:
    """One account in test mode. ``failing`` is how many of the next refunds fail at the issuer, ``erring`` how many are answered 500."""

    payments: dict[str, int] = field(default_factory=dict)
    refunds: list[Shown] = field(default_factory=list)
    transactions: list[Shown] = field(default_factory=list)
    answers: dict[str, tuple[bytes, int, Shown]] = field(default_factory=dict)
    failing: int = 0
    erring: int = 0
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def capture(self, amount: int) -> str:
        """A payment in GBP."""
        payment = self._id("pi")
        self.payments[payment] = amount
        return payment

    def payment(self, payment: str) -> Shown:
        """What is known of a payment."""
        if payment not in self.payments:
            raise StripeSaysNoError(404, code="resource_missing", param="intent")
        return {"id": payment, "amount": self.payments[payment], "currency": "gbp", "status": "succeeded"}

    def refund(self, payment: str, amount: int, metadata: Mapping[str, str]) -> Shown:
        """Pay back."""
        left = self.payment(payment)["amount"] - sum(
            one["amount"] for one in self.refunds if one["payment_intent"] == payment and one["status"] not in {"failed", "canceled"}
        )
        if left == 0:
            raise StripeSaysNoError(400, code="charge_already_refunded")
        if amount > left:
            raise StripeSaysNoError(400, param="amount")  # Stripe has no code for it
        refund = {
            "id": self._id("re"),
            "object": "refund",
            "amount": amount,
            "currency": "gbp",
            "payment_intent": payment,
            "metadata": dict(metadata),
            "status": "succeeded",
            "created": int(time.time()),
        }
        self.refunds.append(refund)
        refund["balance_transaction"] = self._moved(refund, "refund", -amount)
        if not self.failing:
            return refund
        self.failing -= 1
        told = {**refund, "status": "pending"}
        self.fail(refund)
        return told

    def fail(self, refund: Shown) -> None:
        """The money does not reach the customer, or comes back."""
        refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
        refund["failure_balance_transaction"] = self._moved(refund, "refund_failure", refund["amount"])

    def of_submission(self, submission_id: str) -> Shown:
        """The refund that carries a submission's id."""
        (refund,) = [one for one in self.refunds if one["metadata"].get("submission_id") == submission_id]
        return refund

    def forget_keys(self) -> None:
        """A day has passed."""
        self.answers.clear()

    def _moved(self, refund: Shown, kind: str, amount: int) -> str:
        transaction = {
            "id": self._id("txn"),
            "amount": amount,
            "currency": "gbp",
            "net": amount,
            "type": kind,
            "reporting_category": kind,
            "created": int(time.time()),
            "source": refund["id"],
        }
        self.transactions.append(transaction)
        return str(transaction["id"])

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):08d}"


def page(items: Sequence[Shown], query: Mapping[str, str]) -> tuple[Sequence[Shown], bool]:
    """A page of a list, newest first, and whether there is more."""
    limit = int(query.get("limit", "10"))
    assert 1 <= limit <= 100, "Stripe gives at most 100 at once"
    newest_first = list(reversed(items))
    ids = [one["id"] for one in newest_first]
    start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
    end = start + min(limit, PAGE_SIZE)
    return newest_first[start:end], end < len(newest_first)
