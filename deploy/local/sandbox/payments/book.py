"""The provider's book: captures, refunds, and how a refund comes to its outcome. Callers hold the transaction where it says so."""

import json
import secrets

from deploy.local.sandbox.clock import moment, now_ms
from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.payments.models import CaptureRequest, RefundRequest, ReversalRequest, show_payment, show_refund
from deploy.local.sandbox.payments.refusals import (
    AmountExceedsRefundableError,
    CurrencyMismatchError,
    PaymentNotFoundError,
    RefundNotFoundError,
    RefundNotReversibleError,
)
from deploy.local.sandbox.store import Row, Store
from deploy.local.sandbox.switches import PaymentSwitches
from deploy.local.sandbox.webhook_queue import WebhookQueue

_AT_ONCE = 100
_END_OF_TIME_MS = 2**62
_DUE = "SELECT * FROM refund WHERE status = 'pending' AND settle_due_ms <= ? ORDER BY settle_due_ms, row_number LIMIT ?"


class PaymentBook:
    """Payments and refunds of one provider."""

    def __init__(self, store: Store, board: FaultBoard[PaymentSwitches], webhooks: WebhookQueue) -> None:
        self._store = store
        self._board = board
        self._webhooks = webhooks

    def capture(self, wanted: CaptureRequest) -> Row:
        """Take a payment, in the caller's transaction."""
        payment_id = f"pay_{secrets.token_hex(12)}"
        self._store.run(
            "INSERT INTO payment (id, amount_minor, currency, method, merchant_reference, reference, created_ms)"
            " VALUES (:id, :amount_minor, :currency, :method, :merchant_reference, :reference, :created_ms)",
            {**wanted.model_dump(), "id": payment_id, "created_ms": now_ms()},
        )
        return show_payment(self.payment_row(payment_id))

    def refund(self, wanted: RefundRequest, idempotency_key: str) -> Row:
        """Accept a refund, in the caller's transaction; its outcome comes later.

        Raises PaymentNotFoundError, CurrencyMismatchError, AmountExceedsRefundableError.
        """
        payment = self.payment_row(wanted.payment_id)
        _check(payment, wanted)
        at_ms, refund_id = now_ms(), f"re_{secrets.token_hex(12)}"
        due_ms = at_ms + self._board.now.settle_delay_ms
        self._store.run(
            "UPDATE payment SET refund_pending_minor = refund_pending_minor + ? WHERE id = ?", (wanted.amount_minor, payment["id"])
        )
        self._store.run(
            "INSERT INTO refund (id, payment_id, amount_minor, currency, merchant_reference, metadata, idempotency_key, status, will_fail_with,"
            " settle_due_ms, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
            (
                *(refund_id, payment["id"], wanted.amount_minor, wanted.currency, wanted.merchant_reference),
                *(json.dumps(wanted.metadata), idempotency_key, self._planned_failure(wanted, idempotency_key), due_ms, at_ms, at_ms),
            ),
        )
        row = self.refund_row(refund_id)
        if due_ms <= at_ms:
            row = self._settle(row)
        return show_refund(row)

    def _planned_failure(self, wanted: RefundRequest, idempotency_key: str) -> str | None:
        faults = self._board.now
        for index, entry in enumerate(faults.fail_next):
            if entry.fits(wanted.payment_id, wanted.amount_minor):
                self._board.adjust(fail_next=faults.fail_next[:index] + faults.fail_next[index + 1 :])
                return entry.failure_code
        return "account_closed" if self._board.strikes("settle_fail", idempotency_key, faults.settle_fail_rate) else None

    def settle_due(self) -> float | None:
        """Bring refunds whose time has come to their outcome; the seconds until the next one is due, or None."""
        at_ms = now_ms()
        self._settle_all(at_ms, _AT_ONCE)
        following = self._store.one("SELECT min(settle_due_ms) AS due_ms FROM refund WHERE status = 'pending'")
        return None if following is None or following["due_ms"] is None else max(0.0, (following["due_ms"] - at_ms) / 1000)

    def settle_now(self) -> int:
        """Bring all pending refunds to their outcome without waiting; their number."""
        return self._settle_all(_END_OF_TIME_MS, -1)

    def _settle_all(self, due_until_ms: int, most: int) -> int:
        with self._store.transaction():
            due = self._store.all(_DUE, (due_until_ms, most))
            for row in due:
                self._settle(row)
        return len(due)

    def _settle(self, row: Row) -> Row:
        failure, at_ms = row["will_fail_with"], now_ms()
        paid_minor = 0 if failure else row["amount_minor"]
        self._store.run(
            "UPDATE payment SET refund_pending_minor = refund_pending_minor - ?, refunded_minor = refunded_minor + ? WHERE id = ?",
            (row["amount_minor"], paid_minor, row["payment_id"]),
        )
        reference = None if failure else f"SET-{moment(at_ms):%Y%m%d}-{row['row_number']:08d}"
        self._store.run(
            "UPDATE refund SET status = ?, failure_code = ?, settlement_reference = ?, updated_ms = ?, settled_ms = ? WHERE id = ?",
            ("failed" if failure else "succeeded", failure, reference, at_ms, None if failure else at_ms, row["id"]),
        )
        settled = self.refund_row(row["id"])
        self._webhooks.enqueue(f"refund.{settled['status']}", row["id"], row["idempotency_key"], show_refund(settled))
        return settled

    def reverse(self, wanted: ReversalRequest) -> Row:
        """A refund that was paid comes back from the customer's bank; the payment can be refunded again.

        Raises RefundNotFoundError, RefundNotReversibleError.
        """
        with self._store.transaction():
            row = self._named(wanted)
            if row["status"] != "succeeded":
                raise RefundNotReversibleError(f"The refund is {row['status']}; only a succeeded one can come back.", "refund_id")
            at_ms = now_ms()
            self._store.run("UPDATE payment SET refunded_minor = refunded_minor - ? WHERE id = ?", (row["amount_minor"], row["payment_id"]))
            self._store.run(
                "UPDATE refund SET status = 'reversed', failure_code = ?, updated_ms = ?, reversed_ms = ? WHERE id = ?",
                (wanted.failure_code, at_ms, at_ms, row["id"]),
            )
            shown = show_refund(self.refund_row(row["id"]))
            self._webhooks.enqueue("refund.reversed", row["id"], row["idempotency_key"], shown)
        return shown

    def _named(self, wanted: ReversalRequest) -> Row:
        if wanted.refund_id is not None:
            return self.refund_row(wanted.refund_id)
        row = self._store.one("SELECT * FROM refund WHERE idempotency_key = ?", (wanted.idempotency_key,))
        if row is None:
            raise RefundNotFoundError(f"There is no refund under the key {wanted.idempotency_key}.", "idempotency_key")
        return row

    def payment_row(self, payment_id: str) -> Row:
        """The record of a payment. Raises PaymentNotFoundError."""
        row = self._store.one("SELECT * FROM payment WHERE id = ?", (payment_id,))
        if row is None:
            raise PaymentNotFoundError(
                f"There is no payment {payment_id}. Capture it first, or send the id that the capture answered.", "payment_id"
            )
        return row

    def refund_row(self, refund_id: str) -> Row:
        """The record of a refund. Raises RefundNotFoundError."""
        row = self._store.one("SELECT * FROM refund WHERE id = ?", (refund_id,))
        if row is None:
            raise RefundNotFoundError(f"There is no refund {refund_id}. Look it up by idempotency_key if its id was lost.", "id")
        return row


def _check(payment: Row, wanted: RefundRequest) -> None:
    if wanted.currency != payment["currency"]:
        raise CurrencyMismatchError(f"The payment was taken in {payment['currency']}; refund it in that currency.", "currency")
    refundable_minor = show_payment(payment)["refundable_minor"]
    if wanted.amount_minor > refundable_minor:
        raise AmountExceedsRefundableError(f"At most {refundable_minor} can still be refunded on this payment.", "amount_minor")
