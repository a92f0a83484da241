"""Stock of articles that can be reshipped. An SKU that is not tracked can always be sent."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.kit.paging import Page, decode_cursor, encode_cursor
from services.kit.postgres import transaction
from services.kit.tokens import StaffPrincipal
from services.logistics.adapters import stock_rows
from services.logistics.api.desk import READ, RUN, Cursor, Desk, Limit, MerchantFilter, not_found
from services.logistics.api.models import StockRequest, StockView, show_stock

Sku = Annotated[str, Path(min_length=1, max_length=80)]


def routes(desk: Desk) -> APIRouter:
    """Count, read and stop tracking articles."""
    router = APIRouter(prefix="/v1/stock", tags=["stock"])
    reader = desk.staff(*READ)
    keeper = desk.staff(*RUN)

    @router.get("")
    async def list_stock(
        principal: Annotated[StaffPrincipal, reader], merchant_id: MerchantFilter = None, cursor: Cursor = None, limit: Limit = 50
    ) -> Page[StockView]:
        """Tracked articles in order of merchant and SKU."""
        merchants = desk.merchants_of(principal, merchant_id)
        after = None if cursor is None else [str(part) for part in decode_cursor(cursor, length=2)]
        found = await stock_rows.page(desk.pool, merchants, after, limit)
        last = found[-1] if len(found) == limit else None
        return Page(
            items=[show_stock(stock) for stock in found],
            next_cursor=None if last is None else encode_cursor([last.merchant_id, last.sku]),
        )

    @router.put("/{sku}")
    async def put_stock(
        sku: Sku, wanted: StockRequest, principal: Annotated[StaffPrincipal, keeper], merchant_id: MerchantFilter = None
    ) -> StockView:
        """Count an article; from now on it is tracked."""
        merchant = desk.one_merchant(principal, merchant_id)
        async with transaction(desk.pool) as conn:
            return show_stock(await stock_rows.put(conn, merchant, sku, wanted.on_hand))

    @router.get("/{sku}")
    async def read_stock(sku: Sku, principal: Annotated[StaffPrincipal, reader], merchant_id: MerchantFilter = None) -> StockView:
        """One article."""
        stock = await stock_rows.get(desk.pool, desk.one_merchant(principal, merchant_id), sku)
        if stock is None:
            raise not_found("stock")
        return show_stock(stock)

    @router.delete("/{sku}", status_code=204)
    async def delete_stock(sku: Sku, principal: Annotated[StaffPrincipal, keeper], merchant_id: MerchantFilter = None) -> Response:
        """Track an article no longer: it can always be sent."""
        merchant = desk.one_merchant(principal, merchant_id)
        async with transaction(desk.pool) as conn:
            if not await stock_rows.remove(conn, merchant, sku):
                raise not_found("stock")
        return Response(status_code=204)

    return router
