"""Reconciliation: what we say was paid against the provider's own settlement list (R-RFD-13). It reports, it changes nothing."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.kit.postgres import Pool, Record
from services.workflow.ports import PaymentProvider, SettlementKind


class DifferenceKind(StrEnum):
    """How the two lists can differ."""

    MISSING_AT_PROVIDER = "missing_at_provider"
    NOT_SETTLED_HERE = "not_settled_here"
    UNKNOWN_HERE = "unknown_here"
    AMOUNT_DIFFERS = "amount_differs"


class Difference(BaseModel):
    """One submission on which the lists differ; an amount is None on the side that does not have it."""

    model_config = ConfigDict(frozen=True)

    kind: DifferenceKind
    submission_id: UUID
    refund_id: UUID | None = None
    ours_minor: int | None = None
    theirs_minor: int | None = None


class Reconciliation(BaseModel):
    """The result for the days from ``since`` to ``until`` (UTC, both included); the sums are by currency."""

    model_config = ConfigDict(frozen=True)

    provider: str
    since: date
    until: date
    ours: dict[str, int]
    theirs: dict[str, int]
    matched: int
    differences: list[Difference]


async def reconcile(pool: Pool, provider: PaymentProvider, since: date, until: date) -> Reconciliation:
    """Compare the days. One more day of theirs is read on either side, since the outcome reaches us a little later than it happens.

    Raises ``ProviderUnavailableError``.
    """
    theirs = {
        day: await _refunds(provider, day) for day in (since + timedelta(days=offset) for offset in range(-1, (until - since).days + 2))
    }
    within = [refund for day, refunds in theirs.items() if since <= day <= until for refund in refunds]
    around = {refund.submission_id: refund for refunds in theirs.values() for refund in refunds}
    rows = await pool.fetch(
        _OURS, provider.name, [refund.submission_id for refund in within], _start(since), _start(until + timedelta(days=1))
    )
    ours = {row["submission_id"]: row for row in rows}
    paid_here = [row for row in rows if row["in_days"]]
    differences = [
        *(difference for refund in within if (difference := _compare(refund, ours.get(refund.submission_id))) is not None),
        *(
            Difference(
                kind=DifferenceKind.MISSING_AT_PROVIDER,
                submission_id=row["submission_id"],
                refund_id=row["refund_id"],
                ours_minor=row["amount_minor"],
            )
            for row in paid_here
            if row["submission_id"] not in around
        ),
    ]
    return Reconciliation(
        provider=provider.name,
        since=since,
        until=until,
        ours=_sums((row["currency"], row["amount_minor"]) for row in paid_here),
        theirs=_sums((refund.currency, refund.amount_minor) for refund in within),
        matched=len(within) - sum(difference.kind is not DifferenceKind.MISSING_AT_PROVIDER for difference in differences),
        differences=differences,
    )


class _Refund(BaseModel):
    model_config = ConfigDict(frozen=True)

    submission_id: UUID
    amount_minor: int
    currency: str


async def _refunds(provider: PaymentProvider, day: date) -> list[_Refund]:
    """The refunds of a day that were asked for by us."""
    lines = await provider.settlement_file(day)
    return [
        _Refund(submission_id=line.submission_id, amount_minor=line.amount_minor, currency=line.currency)
        for line in lines
        if line.kind is SettlementKind.REFUND and line.submission_id is not None
    ]


def _compare(refund: _Refund, ours: Record | None) -> Difference | None:
    if ours is None:
        return Difference(kind=DifferenceKind.UNKNOWN_HERE, submission_id=refund.submission_id, theirs_minor=refund.amount_minor)
    kind = None
    if ours["state"] != "succeeded":
        kind = DifferenceKind.NOT_SETTLED_HERE
    elif (ours["amount_minor"], ours["currency"]) != (refund.amount_minor, refund.currency):
        kind = DifferenceKind.AMOUNT_DIFFERS
    if kind is None:
        return None
    return Difference(
        kind=kind,
        submission_id=refund.submission_id,
        refund_id=ours["refund_id"],
        ours_minor=ours["amount_minor"],
        theirs_minor=refund.amount_minor,
    )


def _sums(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for currency, amount in amounts:
        total[currency] = total.get(currency, 0) + amount
    return total


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


_OURS = """
SELECT submission_id, refund_id, amount_minor, currency, state,
    coalesce(state = 'succeeded' AND ended_at >= $3 AND ended_at < $4, false) AS in_days
FROM refund_submissions
WHERE provider = $1 AND (submission_id = ANY($2) OR (state = 'succeeded' AND ended_at >= $3 AND ended_at < $4))
"""
