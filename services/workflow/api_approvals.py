"""Approvals over HTTP: who must decide what, and the decision itself, taken under the row's lock."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from contracts.base import AmountMinor
from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.kit import idempotency
from services.kit.clock import utc_now
from services.kit.idempotency import IdempotencyKeyHeader, Reply
from services.kit.paging import Page
from services.kit.postgres import Connection, Record
from services.kit.problems import FieldError, Problem
from services.workflow.adapters.approval_events import publish_decided
from services.workflow.adapters.approvals import ApprovalBook
from services.workflow.api_context import ApiContext, Context, Cursor, Limit, Staff, cursor_after, idempotent, position, visible_merchants
from services.workflow.approvals.decision import (
    AlreadyDecidedError,
    Answer,
    DecisionIncompleteError,
    DecisionRefusedError,
    NotTheTierError,
    OwnRequestError,
)
from services.workflow.payloads.approval import ApprovalState, Ruling

router = APIRouter(prefix="/v1/approvals", tags=["approvals"])
_book = ApprovalBook()


class ApprovalItem(BaseModel):
    """An approval. Amounts are minor units of ``currency``; ``due_at`` is when it moves up, or is alarmed again."""

    model_config = ConfigDict(frozen=True)

    approval_id: UUID
    case_id: UUID
    case_number: str
    merchant_id: str
    kind: ApprovalKind
    tier: Role
    status: ApprovalState
    reason: str
    rule: str
    amount_minor: int
    currency: str
    requester: str
    requested_at: datetime
    due_at: datetime
    escalations: int
    decided_by: str | None = None
    decided_role: str | None = None
    decision_reason: str | None = None
    granted_minor: int | None = None
    ruling: Ruling | None = None
    decided_at: datetime | None = None


class DecisionBody(BaseModel):
    """A decision. ``reason`` are words for the record (R-AUTH-05) and stay in this service; ``reason_code`` is published.

    ``amount_minor`` belongs to a granted partial refund, ``ruling`` to a granted inspection ruling.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: Literal["grant", "decline"]
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    reason_code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,59}$")] | None = None
    amount_minor: AmountMinor | None = None
    ruling: Ruling | None = None


@router.get("")
async def list_approvals(
    context: Context,
    staff: Staff,
    status: ApprovalState | None = None,
    tier: Role | None = None,
    case_number: Annotated[str | None, Query(max_length=60)] = None,
    merchant_id: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ApprovalItem]:
    """Approvals of your merchants, oldest first."""
    rows = await context.pool.fetch(_LIST, visible_merchants(staff, merchant_id), status, tier, case_number, *position(cursor), limit + 1)
    items = [item_of(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor_after(items[-1].requested_at, items[-1].approval_id) if len(rows) > limit else None)


@router.get("/{approval_id}")
async def get_approval(approval_id: UUID, context: Context, staff: Staff) -> ApprovalItem:
    """One approval."""
    return item_of(await _visible(context, staff, approval_id))


@router.post("/{approval_id}/decision")
async def decide_approval(
    approval_id: UUID, body: DecisionBody, request: Request, key: IdempotencyKeyHeader, context: Context, staff: Staff
) -> Response:
    """Grant or decline. The tier that it is with now decides, or a higher one; the first decision stands, any other is told 409 already_decided."""
    before = await _visible(context, staff, approval_id)
    answer = Answer(
        grant=body.decision == "grant", staff_id=staff.staff_id, roles=staff.roles, amount_minor=body.amount_minor, ruling=body.ruling
    )
    code = body.reason_code or ("granted" if answer.grant else "declined")

    async def command(conn: Connection) -> Reply:
        locked = await _book.lock(conn, context.cases, approval_id)
        decided = await _book.decide(conn, locked, answer, body.reason, code, utc_now())
        header = await context.cases.header(conn, before["case_id"])
        await publish_decided(conn, context.cases, header, decided)
        return Reply(200, item_of(await _book.row(conn, approval_id)))

    try:
        reply = await idempotency.run(context.pool, await idempotent(request, staff, before["merchant_id"], key), command)
    except DecisionRefusedError as error:
        raise _problem(error) from error
    return reply.response()


def item_of(row: Record) -> ApprovalItem:
    """A row as the API shows it."""
    return ApprovalItem.model_validate({**dict(row), "status": row["state"]})


async def _visible(context: ApiContext, staff: Staff, approval_id: UUID) -> Record:
    row = await context.pool.fetchrow("SELECT * FROM approvals WHERE approval_id = $1", approval_id)
    if row is None or not staff.may_see(row["merchant_id"]):
        raise Problem(404, "approval_not_found", "There is no such approval.", "List those of your merchants with GET /v1/approvals.")
    return row


def _problem(error: DecisionRefusedError) -> Problem:
    says = str(error)
    match error:
        case AlreadyDecidedError():
            return Problem(409, "already_decided", "This approval was decided before.", says)
        case NotTheTierError():
            return Problem(403, "role_insufficient", "Your role may not decide this.", says)
        case OwnRequestError():
            return Problem(403, "own_request", "Nobody decides what they asked for.", says)
        case DecisionIncompleteError(field=field):
            return Problem(422, "decision_incomplete", "The decision is not complete.", says, errors=[FieldError(f"/{field}", says)])
    return Problem(422, "decision_refused", "The decision cannot be taken.", says)


_LIST = """
SELECT * FROM approvals
WHERE ($1::text[] IS NULL OR merchant_id = ANY($1)) AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR tier = $3)
    AND ($4::text IS NULL OR case_number = $4) AND ($5::timestamptz IS NULL OR (requested_at, approval_id) > ($5, $6::uuid))
ORDER BY requested_at, approval_id LIMIT $7
"""
