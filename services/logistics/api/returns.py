"""Returns, as the warehouse finds and reads them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.kit.paging import Page, encode_cursor
from services.kit.tokens import StaffPrincipal
from services.logistics.adapters import receipt_rows, return_rows
from services.logistics.api.desk import READ, Cursor, Desk, Limit, MerchantFilter, not_found, time_position
from services.logistics.api.models import ReturnView, show_return
from services.logistics.domain.returns import ReturnState


def routes(desk: Desk) -> APIRouter:
    """List and read returns."""
    router = APIRouter(prefix="/v1/returns", tags=["returns"])
    reader = desk.staff(*READ)

    @router.get("")
    async def list_returns(
        principal: Annotated[StaffPrincipal, reader],
        state: ReturnState | None = None,
        waybill: Annotated[str | None, Query(max_length=80)] = None,
        case_number: Annotated[str | None, Query(max_length=80)] = None,
        merchant_id: MerchantFilter = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ReturnView]:
        """Returns, oldest first."""
        merchants = desk.merchants_of(principal, merchant_id)
        filters = {"state": state and state.value, "waybill": waybill, "case_number": case_number}
        found = await return_rows.page(desk.pool, merchants, filters, time_position(cursor), limit)
        photos = await receipt_rows.photos(desk.pool, [ret.rma_id for ret in found])
        last = found[-1] if len(found) == limit else None
        return Page(
            items=[show_return(ret, photos[ret.rma_id], desk.links) for ret in found],
            next_cursor=None if last is None else encode_cursor([last.authorised_at, str(last.rma_id)]),
        )

    @router.get("/{rma_id}")
    async def read_return(rma_id: UUID, principal: Annotated[StaffPrincipal, reader]) -> ReturnView:
        """One return."""
        ret = await return_rows.get(desk.pool, rma_id)
        if ret is None or not principal.may_see(ret.merchant_id):
            raise not_found("return")
        return show_return(ret, (await receipt_rows.photos(desk.pool, [ret.rma_id]))[ret.rma_id], desk.links)

    return router
