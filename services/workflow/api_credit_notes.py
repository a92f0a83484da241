"""Credit notes over HTTP: the list by number, each as data and as PDF (R-RFD-12)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from contracts.credit_note import IssuedCreditNote
from contracts.roles import APPROVAL_TIERS, Role
from services.kit.paging import Page
from services.kit.postgres import Record
from services.kit.problems import Problem
from services.workflow.adapters.credit_note_pdf import render_credit_note
from services.workflow.adapters.packing import PACKING
from services.workflow.api_context import ApiContext, Context, Cursor, Limit, Staff, page_of, position, require_role, visible_merchants

router = APIRouter(prefix="/v1", tags=["credit notes"])

READERS = (Role.FINANCE, *APPROVAL_TIERS, Role.INVOICE_CLERK)
"""Who sees credit notes: who talks with customers about them, and who books them (R-SEC-04)."""

NoteKind = Annotated[
    Literal["credit_note", "cancellation"],
    Query(description="cancellation: the document that took the credit note back, where there is one."),
]


class CreditNoteItem(BaseModel):
    """A credit note in a list; ``gross_minor`` in minor units of ``currency``."""

    model_config = ConfigDict(frozen=True)

    number: str
    sequence: int
    kind: Literal["credit_note", "cancellation"]
    merchant_id: str
    refund_id: UUID
    case_number: str
    order_number: str
    currency: str
    gross_minor: int
    issued_on: date
    issued_at: datetime


@router.get("/credit-notes")
async def list_credit_notes(
    context: Context, staff: Staff, merchant_id: str | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[CreditNoteItem]:
    """Credit notes and cancellations of your merchants, oldest first."""
    require_role(staff, *READERS)
    rows = await context.pool.fetch(_LIST, visible_merchants(staff, merchant_id), *position(cursor), limit + 1)
    return page_of([_item(row) for row in rows], limit, CreditNoteItem, "issued_at", "refund_id")


@router.get("/refunds/{refund_id}/credit-note")
async def get_credit_note(refund_id: UUID, context: Context, staff: Staff, kind: NoteKind = "credit_note") -> IssuedCreditNote:
    """The credit note of a refund, as it was issued."""
    return await _note(context, staff, refund_id, kind)


@router.get("/refunds/{refund_id}/credit-note.pdf")
async def get_credit_note_pdf(refund_id: UUID, context: Context, staff: Staff, kind: NoteKind = "credit_note") -> Response:
    """The credit note of a refund to print; the same bytes however often it is asked for."""
    note = await _note(context, staff, refund_id, kind)
    body = await run_in_threadpool(render_credit_note, note)
    return Response(body, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{note.number}.pdf"'})


async def _note(context: ApiContext, staff: Staff, refund_id: UUID, kind: str) -> IssuedCreditNote:
    require_role(staff, *READERS)
    row = await context.pool.fetchrow("SELECT merchant_id, document FROM credit_notes WHERE refund_id = $1 AND kind = $2", refund_id, kind)
    if row is None or not staff.may_see(row["merchant_id"]):
        detail = "A credit note is issued once the refund is settled; a cancellation where finance gives up a refund that came back."
        raise Problem(404, "credit_note_not_found", "There is no such document for this refund.", detail)
    return IssuedCreditNote.model_validate(PACKING.unpack(row["document"]))


def _item(row: Record) -> dict[str, Any]:
    """A row with what the list shows of its document."""
    document = PACKING.unpack(row["document"])
    shown = {name: document[name] for name in ("case_number", "order_number")} | {
        name: document["note"][name] for name in ("currency", "gross_minor")
    }
    return dict(row) | shown


_LIST = """
SELECT number, sequence, kind, merchant_id, refund_id, document, issued_on, issued_at FROM credit_notes
WHERE ($1::text[] IS NULL OR merchant_id = ANY($1)) AND ($2::timestamptz IS NULL OR (issued_at, refund_id) > ($2, $3::uuid))
ORDER BY issued_at, refund_id LIMIT $4
"""
