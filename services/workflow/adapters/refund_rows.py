"""The rows of refunds and submissions, read as objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from contracts.identifiers import CaseId, MerchantId, OrderId, RefundId, SubmissionId
from contracts.quote import Allocation, PriorRefunds, Quote
from services.kit.postgres import Connection, Pool, Record
from services.kit.writing import write
from services.workflow.adapters.caps import prior_of
from services.workflow.adapters.packing import PACKING
from services.workflow.payloads.refund import IssueRefundInput, RefundStep
from services.workflow.refunds.channel import channel_of
from services.workflow.refunds.phase import Attempt, RefundState, phase_of
from services.workflow.refunds.submission import SubmissionState, submission_id_for


class RefundNotFoundError(LookupError):
    """There is no refund of that id."""

    def __init__(self, refund_id: RefundId) -> None:
        super().__init__(f"there is no refund {refund_id}")


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund: the whole row, with what every event about it repeats in :meth:`common`."""

    refund_id: RefundId
    case_id: CaseId
    merchant_id: MerchantId
    order_id: OrderId
    case_workflow_id: str
    state: RefundState
    code: str
    test: bool
    currency: str
    amount_minor: int
    reason: str
    policy_version: str
    approver: str
    tier: str
    attempts_allowed: int
    signal_wanted: bool
    late: bool
    settlements: int
    requested_at: datetime
    row: Record | Mapping[str, Any]

    def common(self) -> dict[str, Any]:
        """The fields that every refund event has in common."""
        names = (
            "refund_id",
            "case_id",
            "merchant_id",
            "order_id",
            "case_number",
            "order_number",
            "customer_ref",
            "locale",
            "currency",
            "amount_minor",
        )
        return {name: self.row[name] for name in names}

    @property
    def alarm(self) -> timedelta:
        """How long a person has, before their task is raised again."""
        return self.process().timers.alarm

    def process(self) -> IssueRefundInput:
        """What the refund's process was started with."""
        return IssueRefundInput.model_validate(PACKING.unpack(self.row["process"]))

    def quote(self) -> Quote:
        """What the refund comes to, each cent explained. Raises ``TypeError`` for a refused refund, which has none."""
        return Quote.model_validate(PACKING.unpack(self.row["quote"]))


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """One submission to a provider."""

    submission_id: SubmissionId
    refund_id: RefundId
    payment_id: str
    attempt: int
    provider: str
    provider_reference: str
    method: str
    amount_minor: int
    currency: str
    created_at: datetime
    state: SubmissionState = SubmissionState.CREATED
    provider_refund_id: str | None = None
    settlement_reference: str | None = None
    failure_code: str | None = None
    not_found: int = 0
    submitted_at: datetime | None = None
    entry_id: UUID | None = None
    """The ledger entry that booked it, None until the refund was settled."""

    def as_attempt(self) -> Attempt:
        """What the phase of the refund depends on."""
        return Attempt(self.payment_id, self.attempt, self.state)


@dataclass(frozen=True, slots=True)
class RefundsOnOrder:
    """The refunds of an order. ``prior`` is everything given back or reserved, unit by unit, from their quotes."""

    refund_ids: frozenset[RefundId]
    prior: PriorRefunds


async def load_refund(conn: Connection | Pool, refund_id: RefundId, *, lock: bool = False) -> RefundRow | None:
    """A refund, None where there is none; with ``lock`` its row stays locked until the transaction ends."""
    row = await conn.fetchrow(_REFUND + (" FOR UPDATE" if lock else ""), refund_id)
    return None if row is None else _refund(row)


async def lock_refund(conn: Connection, refund_id: RefundId) -> RefundRow:
    """A refund, its row locked. Raises :class:`RefundNotFoundError`."""
    refund = await load_refund(conn, refund_id, lock=True)
    if refund is None:
        raise RefundNotFoundError(refund_id)
    return refund


async def lock_refund_of(conn: Connection, submission_id: SubmissionId) -> RefundRow | None:
    """The refund that a submission is a part of, its row locked; None where the submission is none of ours."""
    row = await conn.fetchrow(_REFUND_OF, submission_id)
    return None if row is None else _refund(row)


async def insert_refund(conn: Connection, columns: Mapping[str, Any]) -> RefundRow:
    """Make the row of a refund from all ``columns`` that have no default, with what else is written in the block of ``sent_together``."""
    await write(conn, _insert_refund(tuple(columns)), *columns.values())
    return _refund({"signal_wanted": False, "late": False, "settlements": 0, **columns})


async def refunds_on(conn: Connection, order_id: OrderId) -> RefundsOnOrder:
    """The refunds of an order; the caller holds its row lock."""
    rows = await conn.fetch(_ON_ORDER, order_id)
    return RefundsOnOrder(frozenset(row["refund_id"] for row in rows), prior_of(row["quote"] for row in rows if row["counts"]))


async def submissions_of(conn: Connection | Pool, refund_id: RefundId) -> list[SubmissionRow]:
    """The submissions of a refund, by payment and attempt."""
    rows = await conn.fetch(_SUBMISSIONS, refund_id)
    return [submission_of(row) for row in rows]


def step_of(refund: RefundRow, submissions: Sequence[SubmissionRow]) -> RefundStep:
    """Where the refund stands, for the process."""
    return RefundStep(
        phase=phase_of(refund.state, [submission.as_attempt() for submission in submissions]),
        amount_minor=refund.amount_minor,
        attempt=max((submission.attempt for submission in submissions), default=0),
        code=refund.code,
    )


async def insert_submissions(
    conn: Connection,
    refund: RefundRow,
    allocations: Sequence[Allocation],
    *,
    attempt: int,
    channel: str | None,
    ordered_by: str,
    at: datetime,
) -> list[SubmissionRow]:
    """Commit to one attempt for each allocation, before anybody calls a provider: by payment, with what else is written in the block of ``sent_together``.

    ``channel`` names who pays all of them, None: whoever took the payment. The caller holds the refund's row lock, so that no such attempt is there.
    """
    fresh = [
        SubmissionRow(
            submission_id=submission_id_for(refund.refund_id, allocation.payment_id, attempt),
            refund_id=refund.refund_id,
            payment_id=allocation.payment_id,
            attempt=attempt,
            provider=channel or channel_of(allocation),
            provider_reference=allocation.provider_reference,
            method=allocation.method,
            amount_minor=allocation.amount_minor,
            currency=refund.currency,
            created_at=at,
        )
        for allocation in sorted(allocations, key=lambda allocation: allocation.payment_id)
    ]
    columns = ([getattr(row, name) for row in fresh] for name in _OF_EACH)
    await write(conn, _INSERT, refund.refund_id, attempt, refund.currency, ordered_by, at, *columns)
    return fresh


def _refund(row: Record | Mapping[str, Any]) -> RefundRow:
    plain = {name: row[name] for name in RefundRow.__dataclass_fields__ if name not in {"row", "state"}}
    return RefundRow(**plain, state=RefundState(row["state"]), row=row)


def submission_of(row: Record) -> SubmissionRow:
    """The submission of a row that has all of its columns."""
    return SubmissionRow(
        **{name: row[name] for name in SubmissionRow.__dataclass_fields__ if name != "state"}, state=SubmissionState(row["state"])
    )


_REFUND = "SELECT * FROM refunds WHERE refund_id = $1"

_REFUND_OF = """
SELECT * FROM refunds WHERE refund_id = (SELECT refund_id FROM refund_submissions WHERE submission_id = $1) FOR UPDATE
"""


@cache
def _insert_refund(columns: tuple[str, ...]) -> str:
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return f"INSERT INTO refunds ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - the names are ours


_ON_ORDER = """
SELECT refund_id, quote, quote IS NOT NULL AND state IN ('requested', 'stuck', 'settled') AS counts
FROM refunds WHERE order_id = $1 ORDER BY requested_at, refund_id
"""

_FIELDS = ", ".join(SubmissionRow.__dataclass_fields__)

_SUBMISSIONS = f"SELECT {_FIELDS} FROM refund_submissions WHERE refund_id = $1 ORDER BY payment_id, attempt"  # noqa: S608 - the names are the fields of a class

_OF_EACH = ("submission_id", "payment_id", "provider", "provider_reference", "method", "amount_minor")
_INSERT = f"""
INSERT INTO refund_submissions (refund_id, attempt, currency, ordered_by, created_at, state, {", ".join(_OF_EACH)})
SELECT $1, $2, $3, $4, $5, 'created', * FROM unnest($6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[])
"""  # noqa: S608 - the names stand above
