"""Payouts over HTTP: what finance pays itself, because no payment provider can (R-RFD-15). Who asks for one does not pay it (R-AUTH-05)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from uuid_utils.compat import uuid7

from contracts.base import CurrencyCode
from contracts.refund_v1 import PayoutKind
from contracts.roles import APPROVAL_TIERS, Role
from services.kit import idempotency
from services.kit.clock import utc_now
from services.kit.idempotency import Command, IdempotencyKeyHeader, Reply
from services.kit.paging import Page
from services.kit.postgres import Connection
from services.kit.problems import Problem
from services.kit.tokens import StaffPrincipal
from services.workflow.adapters import payouts
from services.workflow.adapters.paying_out import PayoutOrderError, cancel, fail, pay, take_back
from services.workflow.adapters.payout_limits import PayoutTooHighError, check_limit
from services.workflow.adapters.payouts import PayoutNotFoundError, PayoutRow, PayoutState, load_payout
from services.workflow.adapters.settlements import Settlements
from services.workflow.api_context import (
    ApiContext,
    Code,
    Context,
    Cursor,
    DocumentReference,
    Limit,
    Staff,
    header_in_currency,
    idempotent,
    merchant_of_case,
    page_of,
    position,
    require_role,
    visible_merchants,
)

router = APIRouter(prefix="/v1/payouts", tags=["payouts"])

RULES = {
    PayoutKind.FREIGHT_TOPUP: "R-FRT-14",
    PayoutKind.CEILING_COMPENSATION: "R-COMP-10",
    PayoutKind.LEGAL_SETTLEMENT: "R-DEC-39",
}
ASKED_BY = {
    PayoutKind.FREIGHT_TOPUP: APPROVAL_TIERS[APPROVAL_TIERS.index(Role.SUPERVISOR) :],
    PayoutKind.CEILING_COMPENSATION: APPROVAL_TIERS[APPROVAL_TIERS.index(Role.AFTER_SALES_MANAGER) :],
    PayoutKind.LEGAL_SETTLEMENT: (Role.LEGAL,),
}
"""Who has the authority to ask for what (R-AUTH-02)."""
READERS = (Role.FINANCE, *ASKED_BY[PayoutKind.FREIGHT_TOPUP], Role.LEGAL)
"""Who sees payouts: who may ask for one, and who pays them (R-SEC-04)."""


class PayoutItem(BaseModel):
    """A payout in minor units of ``currency``. ``document`` proves that it was paid, ``code`` says why it failed, came back or was cancelled.

    ``test``: it is play money of a test merchant; nothing is to be paid from a real account.
    """

    model_config = ConfigDict(frozen=True)

    payout_id: UUID
    kind: PayoutKind
    refund_id: UUID | None
    case_id: UUID
    case_number: str
    merchant_id: str
    order_number: str
    customer_ref: UUID
    currency: str
    amount_minor: int
    reason: str
    rule: str
    test: bool
    state: PayoutState
    requested_by: str
    requested_at: datetime
    document: str
    code: str
    ended_by: str | None
    ended_at: datetime | None
    returned_by: str | None
    returned_at: datetime | None


class PayoutBody(BaseModel):
    """What shall be paid out on a case, in the currency of its order. Refunds ask for theirs by themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_id: UUID
    kind: Literal[PayoutKind.FREIGHT_TOPUP, PayoutKind.CEILING_COMPENSATION, PayoutKind.LEGAL_SETTLEMENT]
    amount_minor: Annotated[int, Field(gt=0, le=10**12)]
    currency: CurrencyCode
    reason: Code


class PaidBody(BaseModel):
    """The document of a payment: the bank's reference, or the number of a voucher."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: DocumentReference


class NotPaidBody(BaseModel):
    """Why a payout was not paid: a code such as ``account_unknown``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code


@router.get("")
async def list_payouts(
    context: Context,
    staff: Staff,
    state: PayoutState | None = None,
    case_number: Annotated[str | None, Query(max_length=60)] = None,
    merchant_id: str | None = None,
    test: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PayoutItem]:
    """Payouts of your merchants, oldest first; ``test`` false: of live merchants only."""
    require_role(staff, *READERS)
    rows = await payouts.listed(
        context.pool, visible_merchants(staff, merchant_id), state, case_number, position(cursor), limit + 1, test=test
    )
    return page_of(rows, limit, PayoutItem, "requested_at", "payout_id")


@router.get("/{payout_id}")
async def get_payout(payout_id: UUID, context: Context, staff: Staff) -> PayoutItem:
    """One payout."""
    require_role(staff, *READERS)
    return _item(await _visible(context, staff, payout_id))


@router.post("", status_code=201)
async def request_payout(body: PayoutBody, request: Request, key: IdempotencyKeyHeader, context: Context, staff: Staff) -> Response:
    """Ask finance for a payout that is no refund of the order: the shop's share of return freight, compensation by the ceiling, a settlement."""
    require_role(staff, *ASKED_BY[body.kind])
    merchant_id = await merchant_of_case(context, staff, body.case_id)

    async def command(conn: Connection) -> Reply:
        header = await header_in_currency(context, conn, body.case_id, body.currency)
        payout_id = UUID(str(uuid7()))
        try:
            await check_limit(conn, context.deciding, header, body.kind, body.amount_minor)
            await payouts.request(
                conn,
                context.work_items,
                header,
                payout_id=payout_id,
                kind=body.kind,
                amount_minor=body.amount_minor,
                reason=body.reason,
                rule=RULES[body.kind],
                requested_by=staff.staff_id,
                at=utc_now(),
            )
        except PayoutTooHighError as error:
            raise Problem(422, "payout_too_high", "That is more than may be paid out.", str(error)) from error
        except asyncpg.UniqueViolationError as error:
            detail = "Finance has this request already: read it with GET /v1/payouts. To ask for the same amount again, wait until that one has ended."
            raise Problem(409, "payout_already_requested", "The same payout waits already.", detail) from error
        payout = await load_payout(conn, payout_id)
        return Reply(201, _item(payout), {"Location": f"/v1/payouts/{payout_id}"})

    return await _run(request, staff, merchant_id, key, context, command)


@router.post("/{payout_id}/paid")
async def mark_paid(
    payout_id: UUID, body: PaidBody, request: Request, key: IdempotencyKeyHeader, context: Context, staff: Staff
) -> Response:
    """Finance has paid it, with this document. It is booked, and a refund it is part of goes on."""
    payout = await _for_finance(context, staff, payout_id)

    async def command(conn: Connection) -> Reply:
        paid = await pay(conn, _settlements(context), context.bookkeeper, payout_id, body.document, staff.staff_id, utc_now())
        return Reply(200, _item(paid))

    return await _run(request, staff, payout.merchant_id, key, context, command)


@router.post("/{payout_id}/failed")
async def mark_failed(
    payout_id: UUID, body: NotPaidBody, request: Request, key: IdempotencyKeyHeader, context: Context, staff: Staff
) -> Response:
    """The bank did not take it. For a part of a refund, order another attempt or give the refund up."""
    payout = await _for_finance(context, staff, payout_id)

    async def command(conn: Connection) -> Reply:
        return Reply(200, _item(await fail(conn, _settlements(context), payout_id, body.code, staff.staff_id, utc_now())))

    return await _run(request, staff, payout.merchant_id, key, context, command)


@router.post("/{payout_id}/returned")
async def mark_returned(
    payout_id: UUID, body: NotPaidBody, request: Request, key: IdempotencyKeyHeader, context: Context, staff: Staff
) -> Response:
    """What was paid came back from the bank. A part of a refund is owed again: order another attempt or give the refund up."""
    payout = await _for_finance(context, staff, payout_id)

    async def command(conn: Connection) -> Reply:
        returned = await take_back(conn, _settlements(context), context.bookkeeper, payout_id, body.code, staff.staff_id, utc_now())
        return Reply(200, _item(returned))

    return await _run(request, staff, payout.merchant_id, key, context, command)


@router.post("/{payout_id}/cancel")
async def cancel_payout(
    payout_id: UUID, body: NotPaidBody, request: Request, key: IdempotencyKeyHeader, context: Context, staff: Staff
) -> Response:
    """It is not wanted any more. Who may ask for a payout may also take it back."""
    payout = await _visible(context, staff, payout_id)
    require_role(staff, Role.FINANCE, *ASKED_BY.get(payout.kind, ()))

    async def command(conn: Connection) -> Reply:
        return Reply(200, _item(await cancel(conn, payout_id, body.code, staff.staff_id, utc_now())))

    return await _run(request, staff, payout.merchant_id, key, context, command)


async def _run(request: Request, staff: StaffPrincipal, merchant_id: str, key: str, context: ApiContext, command: Command) -> Response:
    try:
        reply = await idempotency.run(context.pool, await idempotent(request, staff, merchant_id, key), command)
    except asyncpg.UniqueViolationError as error:
        detail = (
            "Another payout was paid with this document: look at it with GET /v1/payouts?state=paid, and name the document of this one."
        )
        raise Problem(409, "payout_document_used", "This document has paid something else.", detail) from error
    except PayoutOrderError as error:
        raise Problem(409, f"payout_{error.code}", "The payout cannot be ended so.", str(error)) from error
    return reply.response()


async def _for_finance(context: ApiContext, staff: StaffPrincipal, payout_id: UUID) -> PayoutRow:
    require_role(staff, Role.FINANCE)
    return await _visible(context, staff, payout_id)


async def _visible(context: ApiContext, staff: StaffPrincipal, payout_id: UUID) -> PayoutRow:
    try:
        payout = await load_payout(context.pool, payout_id)
    except PayoutNotFoundError:
        payout = None
    if payout is None or not staff.may_see(payout.merchant_id):
        raise Problem(404, "payout_not_found", "There is no such payout.", "List those of your merchants with GET /v1/payouts.")
    return payout


def _settlements(context: ApiContext) -> Settlements:
    return Settlements(context.work_items, context.bookkeeper)


def _item(payout: PayoutRow) -> PayoutItem:
    return PayoutItem.model_validate(dict(payout.row))
