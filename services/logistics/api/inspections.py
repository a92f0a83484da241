"""The warehouse's judgement, and the pictures it takes (R-RTN-03)."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.kit.idempotency import IdempotencyKeyHeader, IdempotentRequest, Reply, run
from services.kit.postgres import Connection, transaction
from services.kit.problems import FieldError, Problem
from services.kit.tokens import StaffPrincipal
from services.logistics.adapters import receipt_rows, return_rows
from services.logistics.adapters.photo_store import FORMATS, NotAnImageError
from services.logistics.api.desk import INSPECT, READ, Desk, not_found
from services.logistics.api.models import InspectionRequest, PhotoView, ReturnView, show_return
from services.logistics.domain.inspection import InspectionInconsistentError
from services.logistics.domain.returns import AlreadyInspectedError, NotReceivedError, Return
from services.logistics.handlers import inspections

IMAGE_BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in FORMATS.values()},
    }
}


def routes(desk: Desk) -> APIRouter:
    """Inspect, and keep pictures."""
    router = APIRouter(prefix="/v1", tags=["inspections"])
    inspector = desk.staff(*INSPECT)
    _add_photos(router, desk)

    @router.post("/returns/{rma_id}/inspection", status_code=201, response_model=ReturnView)
    async def inspect(
        rma_id: UUID,
        wanted: InspectionRequest,
        request: Request,
        key: IdempotencyKeyHeader,
        principal: Annotated[StaffPrincipal, inspector],
    ) -> Response:
        """Say what came back."""
        accepted = None if wanted.units is None else [(unit.line_id, unit.accepted) for unit in wanted.units]

        async def command(conn: Connection) -> Reply:
            ret = await _locked(conn, rma_id, principal)
            try:
                inspected = await inspections.inspect(
                    conn, ret, wanted.result, accepted, photo_ids=wanted.photo_ids, staff_id=principal.staff_id
                )
            except NotReceivedError:
                raise Problem(
                    409, "not_received", "Nothing of this return has arrived.", "Receive the parcel first: POST /v1/receipts."
                ) from None
            except AlreadyInspectedError:
                raise Problem(
                    409, "already_inspected", "This return was inspected before.", "A judgement stands; talk to the agent of the case."
                ) from None
            except InspectionInconsistentError as error:
                errors = [FieldError(problem.pointer, problem.detail) for problem in error.problems]
                raise Problem(
                    422, "inspection_inconsistent", "The inspection does not agree with itself.", "See errors.", errors=errors
                ) from None
            photos = await receipt_rows.photos(conn, [rma_id])
            return Reply(201, show_return(inspected, photos[rma_id], desk.links))

        scope = IdempotentRequest(
            merchant_id="", caller=principal.staff_id, route=f"POST /v1/returns/{rma_id}/inspection", key=key, body=await request.body()
        )
        return (await run(desk.pool, scope, command)).response()

    return router


def _add_photos(router: APIRouter, desk: Desk) -> None:
    inspector = desk.staff(*INSPECT)
    reader = desk.staff(*READ)

    @router.post("/returns/{rma_id}/photos", status_code=201, openapi_extra=IMAGE_BODY)
    async def add_photo(rma_id: UUID, request: Request, principal: Annotated[StaffPrincipal, inspector]) -> PhotoView:
        """Keep a picture; its bytes are the body."""
        content = await request.body()
        try:
            # The file is on disk before its row: a row never names a picture that is not there.
            stored = await asyncio.to_thread(desk.photos.add, content)
        except NotAnImageError:
            raise Problem(
                415,
                "not_an_image",
                "The body is no picture we can keep.",
                "Send the bytes of one JPEG, PNG or WebP picture, of at most 50 megapixels.",
            ) from None
        async with transaction(desk.pool) as conn:
            ret = await _locked(conn, rma_id, principal)
            if ret.inspected_at is not None:
                raise Problem(
                    409, "already_inspected", "This return was inspected before.", "Pictures belong to the inspection and come before it."
                )
            photo = await receipt_rows.add_photo(conn, rma_id, stored.sha256, stored.media_type, stored.size_bytes, principal.staff_id)
        return PhotoView(photo_id=photo.photo_id, sha256=photo.sha256, media_type=photo.media_type, size_bytes=photo.size_bytes)

    @router.get("/photos/{photo_id}", response_class=Response)
    async def read_photo(photo_id: UUID, principal: Annotated[StaffPrincipal, reader]) -> Response:
        """A picture."""
        found = await receipt_rows.photo(desk.pool, photo_id)
        if found is None or not principal.may_see(found[1]):
            raise not_found("photo")
        content = await asyncio.to_thread(desk.photos.read, found[0].sha256)
        headers = {"x-content-type-options": "nosniff", "cache-control": "private, no-store"}
        return Response(content, media_type=found[0].media_type, headers=headers)


async def _locked(conn: Connection, rma_id: UUID, principal: StaffPrincipal) -> Return:
    ret = await return_rows.lock(conn, rma_id)
    if ret is None or not principal.may_see(ret.merchant_id):
        raise not_found("return")
    return ret
