"""Return labels as PDF: for staff, and for whoever holds the signed link (R-RTN-01)."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from contracts.identifiers import RmaId
from services.kit.problems import Problem
from services.kit.tokens import bearer_token
from services.logistics.adapters import return_rows
from services.logistics.adapters.label_pdf import Label, render_label
from services.logistics.api.desk import READ, Desk, not_found
from services.logistics.domain.label_link import LabelLinkExpiredError, LabelLinkInvalidError
from services.logistics.domain.returns import Return


def routes(desk: Desk) -> APIRouter:
    """Print labels."""
    router = APIRouter(prefix="/v1/returns", tags=["returns"])

    @router.get("/{rma_id}/label", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
    async def read_label(rma_id: UUID, request: Request, token: Annotated[str | None, Query(max_length=200)] = None) -> Response:
        """The label of a return, with a staff token or with the token of its link."""
        if token is not None:
            _check_link(desk, RmaId(rma_id), token)
        ret = await return_rows.get(desk.pool, rma_id)
        if token is None:
            principal = desk.tokens.verify(bearer_token(request))
            if not principal.has_any(*READ):
                raise Problem(403, "role_not_allowed", "Your role does not allow this.", f"It takes one of: {', '.join(READ)}.")
            if ret is not None and not principal.may_see(ret.merchant_id):
                ret = None
        if ret is None:
            raise not_found("return")
        label = _label(desk, ret)
        content = await asyncio.to_thread(render_label, label)
        headers = {"content-disposition": f'inline; filename="return-{label.waybill}.pdf"', "cache-control": "private, no-store"}
        return Response(content, media_type="application/pdf", headers=headers)

    return router


def _check_link(desk: Desk, rma_id: RmaId, token: str) -> None:
    try:
        desk.links.check(rma_id, token)
    except LabelLinkExpiredError:
        raise Problem(401, "label_link_expired", "This link is no longer valid.", "Ask for the return label again.") from None
    except LabelLinkInvalidError:
        raise Problem(401, "label_link_invalid", "This link is not one of ours.", "Use the whole link from the message.") from None


def _label(desk: Desk, ret: Return) -> Label:
    merchant = desk.merchants.get(ret.merchant_id)
    if ret.label_waybill is None or ret.label_carrier is None or merchant is None:
        raise Problem(409, "label_not_ready", "The label is not ready yet.", "The carrier has not booked so far; try again in a moment.")
    return Label(
        rma_id=str(ret.rma_id),
        case_number=ret.case_number,
        waybill=ret.label_waybill,
        carrier=ret.label_carrier,
        prepaid=ret.prepaid,
        ship_by=ret.ship_by,
        time_zone=merchant.time_zone,
        units=ret.units,
        address=merchant.return_address,
        locale=ret.locale,
    )
