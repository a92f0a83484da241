"""Stripe's refunds and balance transactions, as far as we look, and what they mean in the words of the port."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from contracts.identifiers import SubmissionId
from services.workflow.adapters.stripe_amounts import NotExpressibleError, from_stripe
from services.workflow.ports import ProviderMisuseError, ProviderRefund, ProviderState, SettlementKind, SettlementLine

SUBMISSION_ID = "submission_id"
"""The key of our submission's id in a refund's metadata: what tells our refunds from those made by hand."""

_STATES = {
    "pending": ProviderState.PENDING,
    "requires_action": ProviderState.PENDING,  # the customer has to tell Stripe where the money shall go
    "succeeded": ProviderState.SUCCEEDED,
    "failed": ProviderState.FAILED,  # at once, or long after it had succeeded: the bank sent the money back
    "canceled": ProviderState.FAILED,
}

_KINDS = {"refund": SettlementKind.REFUND, "refund_failure": SettlementKind.REVERSAL}
"""By ``reporting_category``, which is finer than ``type``: what was authorised and not captured is a ``refund`` by type, and a failed refund may be an
``adjustment``.
"""
SETTLEMENT_TYPES = ("refund", "payment_refund", "refund_failure", "adjustment")
"""The types among which those are; ``payment_failure_refund`` is none of them: there the customer's own payment failed."""


class _Refund(BaseModel):
    id: str
    status: str | None = None
    amount: int
    currency: str
    metadata: dict[str, str] | None = None
    balance_transaction: str | None = None
    failure_reason: str | None = None


class _BalanceTransaction(BaseModel):
    id: str
    reporting_category: str
    created: int
    amount: int
    currency: str
    source: dict[str, Any] | None = None


def submission_of(refund: Mapping[str, Any]) -> SubmissionId | None:
    """Whose refund it is; None where it is none of ours. Raises ``ProviderMisuseError``."""
    return _submission_of(_refund(refund))


def read_refund(refund: Mapping[str, Any]) -> ProviderRefund | None:
    """What a refund of Stripe's says of a submission of ours, None where it is none. Raises ``ProviderMisuseError``."""
    told = _refund(refund)
    submission_id = _submission_of(told)
    if submission_id is None:
        return None
    state = _STATES.get(told.status or "")
    if state is None:
        raise ProviderMisuseError(f"the refund {told.id} has the unknown status {told.status}")
    failed = state is ProviderState.FAILED
    return ProviderRefund(
        submission_id=submission_id,
        state=state,
        amount_minor=_amount_minor(told),
        currency=told.currency.upper(),
        provider_refund_id=told.id,
        failure_code=told.failure_reason or told.status if failed else None,
        settlement_reference=told.balance_transaction,
    )


def read_balance_transaction(transaction: Mapping[str, Any]) -> SettlementLine | None:
    """The settlement line of a balance transaction with its source, None where it is about no refund. Raises ``ProviderMisuseError``.

    Amount and currency are the refund's own: the transaction has those of the account's balance, which may be another currency. Where the source is no
    refund, the line is told by the transaction alone, without a submission: finance must see it.
    """
    try:
        told = _BalanceTransaction.model_validate(transaction)
    except ValidationError as error:
        raise ProviderMisuseError("a balance transaction cannot be read") from error
    kind = _KINDS.get(told.reporting_category)
    if kind is None:
        return None
    source = told.source or {}
    alone = {"id": source.get("id", told.id), "amount": abs(told.amount), "currency": told.currency}
    refund = _refund(source if source.get("object") == "refund" else alone)
    return SettlementLine(
        reference=told.id,
        kind=kind,
        provider_refund_id=refund.id,
        submission_id=_submission_of(refund),
        amount_minor=_amount_minor(refund),
        currency=refund.currency.upper(),
        settled_at=datetime.fromtimestamp(told.created, tz=UTC),
    )


def _refund(refund: Mapping[str, Any]) -> _Refund:
    try:
        return _Refund.model_validate(refund)
    except ValidationError as error:
        raise ProviderMisuseError("a refund cannot be read") from error


def _submission_of(refund: _Refund) -> SubmissionId | None:
    try:
        return SubmissionId(UUID((refund.metadata or {}).get(SUBMISSION_ID, "")))
    except ValueError:
        return None


def _amount_minor(refund: _Refund) -> int:
    try:
        return from_stripe(refund.amount, refund.currency.upper())
    except NotExpressibleError as error:
        raise ProviderMisuseError(f"{refund.id}: {error}") from error
