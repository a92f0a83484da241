"""Tasks for people over HTTP: what must be looked at, and that it was."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from contracts.identifiers import MerchantId
from contracts.roles import Role
from services.kit import deliveries, idempotency
from services.kit.clock import utc_now
from services.kit.deliveries import NewDelivery
from services.kit.idempotency import IdempotencyKeyHeader, Reply
from services.kit.paging import Page
from services.kit.postgres import Connection, Record
from services.kit.problems import Problem
from services.kit.tokens import ALL_MERCHANTS
from services.workflow.adapters import payouts
from services.workflow.adapters.facts import SIGNAL
from services.workflow.api_context import (
    ApiContext,
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
from services.workflow.approvals.authority import deciding_role

router = APIRouter(prefix="/v1/work-items", tags=["work items"])


class WorkItem(BaseModel):
    """A task for a person of ``role``; ``detail`` holds ids, codes and numbers. A break of reconciliation may belong to no case and no merchant."""

    model_config = ConfigDict(frozen=True)

    work_item_id: UUID
    case_id: UUID | None
    case_number: str | None
    merchant_id: str | None
    kind: str
    role: Role
    state: Literal["open", "done"]
    detail: dict[str, Any]
    opened_at: datetime
    due_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolution: str | None = None


class ResolutionBody(BaseModel):
    """What came of a task: a code such as ``done``, ``customer_called`` or ``ended``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    resolution: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,59}$")]


@router.get("")
async def list_work_items(
    context: Context,
    staff: Staff,
    state: Literal["open", "done"] | None = None,
    role: Role | None = None,
    kind: Annotated[str | None, Query(max_length=60)] = None,
    case_number: Annotated[str | None, Query(max_length=60)] = None,
    merchant_id: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WorkItem]:
    """Tasks of your merchants, oldest first."""
    rows = await context.pool.fetch(
        _LIST, visible_merchants(staff, merchant_id), state, role, kind, case_number, *position(cursor), limit + 1
    )
    return page_of(rows, limit, WorkItem, "opened_at", "work_item_id")


@router.get("/{work_item_id}")
async def get_work_item(work_item_id: UUID, context: Context, staff: Staff) -> WorkItem:
    """One task."""
    return WorkItem.model_validate(dict(await _visible(context, staff, work_item_id)))


@router.post("/{work_item_id}/resolve")
async def resolve_work_item(
    work_item_id: UUID, body: ResolutionBody, request: Request, key: IdempotencyKeyHeader, context: Context, staff: Staff
) -> Response:
    """Say that a task is done. Its role does that, or a role above it; a process that waits for it goes on."""
    row = await _visible(context, staff, work_item_id)
    if deciding_role(Role(row["role"]), staff.roles) is None:
        require_role(staff, Role(row["role"]), Role.DUTY_DIRECTOR)

    if row["kind"] == payouts.DUE:
        detail = (
            f"Say what became of it: POST /v1/payouts/{row['detail']['payout_id']}/paid, /failed or /cancel. The task ends with the payout."
        )
        raise Problem(409, "ends_with_payout", "This task is a payout.", detail)

    async def command(conn: Connection) -> Reply:
        done = await conn.fetchrow(_RESOLVE, work_item_id, utc_now(), staff.staff_id, body.resolution)
        if done is None:
            raise Problem(409, "already_resolved", "This task was resolved before.", "Read it to see by whom.")
        await _wake(conn, done)
        return Reply(200, WorkItem.model_validate(dict(done)))

    return (
        await idempotency.run(context.pool, await idempotent(request, staff, row["merchant_id"] or ALL_MERCHANTS, key), command)
    ).response()


async def _visible(context: ApiContext, staff: Staff, work_item_id: UUID) -> Record:
    row = await context.pool.fetchrow("SELECT * FROM work_items WHERE work_item_id = $1", work_item_id)
    if row is None or not staff.may_see(row["merchant_id"] or MerchantId(ALL_MERCHANTS)):
        raise Problem(404, "work_item_not_found", "There is no such task.", "List those of your merchants with GET /v1/work-items.")
    return row


async def _wake(conn: Connection, done: Record) -> None:
    if done["workflow_id"] is None:
        return
    event_id = uuid5(done["work_item_id"], "resolved")
    payload = {
        "workflow_id": done["workflow_id"],
        "event_id": str(event_id),
        "kind": "work_item_resolved",
        "data": {"work_item_id": str(done["work_item_id"]), "kind": done["kind"]},
    }
    await deliveries.add(conn, NewDelivery(event_id=event_id, key=f"case/{done['case_id']}", kind=SIGNAL, payload=payload))


_LIST = """
SELECT * FROM work_items
WHERE ($1::text[] IS NULL OR merchant_id = ANY($1)) AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR role = $3)
    AND ($4::text IS NULL OR kind = $4) AND ($5::text IS NULL OR case_number = $5)
    AND ($6::timestamptz IS NULL OR (opened_at, work_item_id) > ($6, $7::uuid))
ORDER BY opened_at, work_item_id LIMIT $8
"""

_RESOLVE = """
UPDATE work_items SET state = 'done', resolved_at = $2, resolved_by = $3, resolution = $4 WHERE work_item_id = $1 AND state = 'open' RETURNING *
"""
