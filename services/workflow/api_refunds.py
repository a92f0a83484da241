"""Refunds over HTTP: how each one stands, with its submissions and ledger lines, and what finance orders about those that are stuck."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from contracts.identifiers import RefundId
from contracts.order_v1 import Order
from contracts.quote import JournalLine, Quote
from contracts.roles import Role
from services.kit import idempotency
from services.kit.idempotency import IdempotencyKeyHeader, Reply
from services.kit.paging import Page
from services.kit.postgres import Connection, Record
from services.kit.problems import Problem
from services.workflow.adapters.packing import PACKING
from services.workflow.adapters.refund_history import history_of
from services.workflow.adapters.refund_orders import NotOrderableError, give_up, order_attempt
from services.workflow.adapters.refunds import PostgresRefunds, RefusedError
from services.workflow.api_context import (
    ApiContext,
    Code,
    Context,
    Cursor,
    Limit,
    Staff,
    idempotent,
    page_of,
    position,
    require_role,
    visible_merchants,
)
from services.workflow.refunds.phase import RefundState
from services.workflow.refunds.submission import SubmissionState

router = APIRouter(prefix="/v1/refunds", tags=["refunds"])


class RefundItem(BaseModel):
    """A refund; amounts are minor units of ``currency``. ``code`` says why it is stuck, refused or failed."""

    model_config = ConfigDict(frozen=True)

    refund_id: UUID
    case_id: UUID
    case_number: str
    merchant_id: str
    order_id: UUID
    order_number: str
    state: RefundState
    code: str
    currency: str
    amount_minor: int
    remedy: str
    reason: str
    policy_version: str
    approver: str
    tier: str
    requested_at: datetime
    settled_at: datetime | None = None


class SubmissionItem(BaseModel):
    """What a provider was asked to pay back, under which key, and what it says."""

    model_config = ConfigDict(frozen=True)

    submission_id: UUID
    payment_id: str
    attempt: int
    provider: str
    method: str
    amount_minor: int
    state: SubmissionState
    provider_refund_id: str | None
    settlement_reference: str | None
    failure_code: str | None
    ordered_by: str
    created_at: datetime
    submitted_at: datetime | None
    ended_at: datetime | None


class HistoryEntry(BaseModel):
    """One thing that happened to a refund; ``actor`` is ``system``, ``provider`` or a staff id."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    at: datetime
    kind: str
    actor: str
    code: str
    about: str
    amount_minor: int | None
    submission_id: UUID | None


class RefundDetail(RefundItem):
    """A refund with all that explains it; ``quote`` is None where it could not be reserved. ``ledger`` are the lines of all its entries.

    ``order`` is the order as it stands now.
    """

    order: Order
    quote: Quote | None
    submissions: list[SubmissionItem]
    ledger: list[JournalLine]
    history: list[HistoryEntry]
    credit_notes: list[str]


class RefundTotal(BaseModel):
    """How many refunds of a merchant stand where, and what they come to. Those that moved no money (``amount_minor`` 0) are left out."""

    model_config = ConfigDict(frozen=True)

    merchant_id: str
    currency: str
    state: RefundState
    count: int
    sum_minor: int


class AttemptBody(BaseModel):
    """How another attempt is made. ``by_payout``: finance pays it out itself, since the original payment cannot take it (R-RFD-15)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by_payout: bool = False


class GiveUpBody(BaseModel):
    """Why a refund is given up: a code such as ``paid_by_other_means``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code


@router.get("")
async def list_refunds(
    context: Context,
    staff: Staff,
    state: RefundState | None = None,
    case_id: UUID | None = None,
    case_number: Annotated[str | None, Query(max_length=60)] = None,
    order_number: Annotated[str | None, Query(max_length=120)] = None,
    merchant_id: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RefundItem]:
    """Refunds of your merchants, oldest first."""
    rows = await context.pool.fetch(
        _LIST, visible_merchants(staff, merchant_id), state, case_id, case_number, order_number, *position(cursor), limit + 1
    )
    return page_of(rows, limit, RefundItem, "requested_at", "refund_id")


@router.get("/totals")
async def refund_totals(context: Context, staff: Staff, merchant_id: str | None = None) -> list[RefundTotal]:
    """Counts and sums by merchant, currency and state."""
    rows = await context.pool.fetch(_TOTALS, visible_merchants(staff, merchant_id))
    return [RefundTotal.model_validate(dict(row)) for row in rows]


@router.get("/{refund_id}")
async def get_refund(refund_id: UUID, context: Context, staff: Staff) -> RefundDetail:
    """One refund, each cent explained."""
    row = await _visible(context, staff, refund_id)
    submissions = await context.pool.fetch("SELECT * FROM refund_submissions WHERE refund_id = $1 ORDER BY payment_id, attempt", refund_id)
    ledger = await context.pool.fetch(_LEDGER, refund_id)
    order = await context.pool.fetchval("SELECT snapshot FROM orders WHERE order_id = $1", row["order_id"])
    notes = await context.pool.fetch("SELECT number FROM credit_notes WHERE refund_id = $1 ORDER BY sequence", refund_id)
    return RefundDetail.model_validate(
        {
            **PACKING.unpacked(row, "quote"),
            "order": order,
            "submissions": [dict(submission) for submission in submissions],
            "ledger": [dict(line) for line in ledger],
            "history": [HistoryEntry.model_validate(item) for item in await history_of(context.pool, RefundId(refund_id))],
            "credit_notes": [note["number"] for note in notes],
        }
    )


@router.post("/{refund_id}/attempts")
async def order_refund_attempt(
    refund_id: UUID, request: Request, key: IdempotencyKeyHeader, context: Context, staff: Staff, body: AttemptBody | None = None
) -> Response:
    """Finance orders one more attempt of a stuck or refused refund (R-RFD-09), to the same payment or as a payout (R-RFD-15)."""
    by_payout = body is not None and body.by_payout
    require_role(staff, Role.FINANCE)
    row = await _visible(context, staff, refund_id)

    async def command(conn: Connection) -> Reply:
        attempt = await order_attempt(conn, _refunds(context), RefundId(refund_id), staff.staff_id, by_payout=by_payout)
        return Reply(202, {"refund_id": str(refund_id), "attempt": attempt}, {"Location": f"/v1/refunds/{refund_id}"})

    return await _ordered(request, staff, row, key, context, command)


@router.post("/{refund_id}/give-up")
async def give_refund_up(
    refund_id: UUID, body: GiveUpBody, request: Request, key: IdempotencyKeyHeader, context: Context, staff: Staff
) -> Response:
    """Finance ends a refund of which nothing was paid, after proven failure; what it had reserved is free again."""
    require_role(staff, Role.FINANCE)
    row = await _visible(context, staff, refund_id)

    async def command(conn: Connection) -> Reply:
        await give_up(conn, _refunds(context), context.bookkeeper, RefundId(refund_id), body.code, staff.staff_id)
        return Reply(200, {"refund_id": str(refund_id), "state": RefundState.FAILED.value})

    return await _ordered(request, staff, row, key, context, command)


async def _ordered(request: Request, staff: Staff, row: Record, key: str, context: ApiContext, command: idempotency.Command) -> Response:
    try:
        reply = await idempotency.run(context.pool, await idempotent(request, staff, row["merchant_id"], key), command)
    except NotOrderableError as error:
        raise Problem(409, f"refund_{error.code}", "The refund does not wait for finance.", str(error)) from error
    except RefusedError as error:
        raise Problem(409, "refund_not_reservable", "The refund still cannot be reserved as agreed.", str(error)) from error
    return reply.response()


async def _visible(context: ApiContext, staff: Staff, refund_id: UUID) -> Record:
    row = await context.pool.fetchrow("SELECT * FROM refunds WHERE refund_id = $1", refund_id)
    if row is None or not staff.may_see(row["merchant_id"]):
        raise Problem(404, "refund_not_found", "There is no such refund.", "List those of your merchants with GET /v1/refunds.")
    return row


def _refunds(context: ApiContext) -> PostgresRefunds:
    return PostgresRefunds(context.cases, context.work_items, context.providers.serves)


_LIST = """
SELECT * FROM refunds
WHERE ($1::text[] IS NULL OR merchant_id = ANY($1)) AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR case_id = $3)
    AND ($4::text IS NULL OR case_number = $4) AND ($5::text IS NULL OR order_number = $5)
    AND ($6::timestamptz IS NULL OR (requested_at, refund_id) > ($6, $7::uuid))
ORDER BY requested_at, refund_id LIMIT $8
"""

_TOTALS = """
SELECT merchant_id, currency, state, count(*)::integer AS count, sum(amount_minor)::bigint AS sum_minor FROM refunds
WHERE ($1::text[] IS NULL OR merchant_id = ANY($1)) AND amount_minor > 0 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

_LEDGER = """
SELECT account, amount_minor, memo, tax_rate_ppm FROM ledger_lines JOIN ledger_entries USING (entry_id)
WHERE refund_id = $1 ORDER BY posted_at, entry_id, line_number
"""
