"""Outbound shipments, as the warehouse reads them: reshipments and goods taken back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.kit.paging import Page, encode_cursor
from services.kit.tokens import StaffPrincipal
from services.logistics.adapters import shipment_rows
from services.logistics.api.desk import READ, Cursor, Desk, Limit, MerchantFilter, not_found, time_position
from services.logistics.api.models import ShipmentView, show_shipment
from services.logistics.domain.shipments import ShipmentKind, ShipmentState


def routes(desk: Desk) -> APIRouter:
    """List and read shipments."""
    router = APIRouter(prefix="/v1/shipments", tags=["shipments"])
    reader = desk.staff(*READ)

    @router.get("")
    async def list_shipments(
        principal: Annotated[StaffPrincipal, reader],
        state: ShipmentState | None = None,
        kind: ShipmentKind | None = None,
        case_number: Annotated[str | None, Query(max_length=80)] = None,
        merchant_id: MerchantFilter = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ShipmentView]:
        """Shipments, oldest first."""
        merchants = desk.merchants_of(principal, merchant_id)
        filters = {"state": state and state.value, "kind": kind and kind.value, "case_number": case_number}
        found = await shipment_rows.page(desk.pool, merchants, filters, time_position(cursor), limit)
        last = found[-1] if len(found) == limit else None
        return Page(
            items=[show_shipment(shipment) for shipment in found],
            next_cursor=None if last is None else encode_cursor([last.requested_at, str(last.shipment_id)]),
        )

    @router.get("/{shipment_id}")
    async def read_shipment(shipment_id: UUID, principal: Annotated[StaffPrincipal, reader]) -> ShipmentView:
        """One shipment."""
        shipment = await shipment_rows.get(desk.pool, shipment_id)
        if shipment is None or not principal.may_see(shipment.merchant_id):
            raise not_found("shipment")
        return show_shipment(shipment)

    return router
