"""Parcels that reach the warehouse: receive, find the unidentified ones, assign them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.identifiers import MerchantId
from services.kit.idempotency import IdempotencyKeyHeader, IdempotentRequest, Reply, run
from services.kit.paging import Page, encode_cursor
from services.kit.postgres import Connection, transaction
from services.kit.problems import FieldError, Problem
from services.kit.tokens import StaffPrincipal
from services.logistics.adapters import receipt_rows, return_rows
from services.logistics.api.desk import READ, RECEIVE, Cursor, Desk, Limit, MerchantFilter, not_found, time_position
from services.logistics.api.models import AssignmentRequest, ReceiptRequest, ReceiptView, show_receipt
from services.logistics.domain.returns import AlreadyReceivedError
from services.logistics.handlers import receipts
from services.logistics.handlers.receipts import (
    AlreadyAssignedError,
    AlreadyRecordedError,
    NamesDisagreeError,
    ParcelNames,
    ReturnNotFoundError,
)


def routes(desk: Desk) -> APIRouter:
    """Receive parcels and assign them."""
    router = APIRouter(prefix="/v1/receipts", tags=["receipts"])
    _add_reading(router, desk)
    receiver = desk.staff(*RECEIVE)

    @router.post("", status_code=201, response_model=ReceiptView)
    async def receive(
        wanted: ReceiptRequest, request: Request, key: IdempotencyKeyHeader, principal: Annotated[StaffPrincipal, receiver]
    ) -> Response:
        """A parcel is here."""
        merchants = desk.merchants_of(principal, wanted.merchant_id)
        names = ParcelNames(
            rma_id=wanted.rma_id,
            waybill=_trimmed(wanted.waybill),
            carrier=_trimmed(wanted.carrier),
            case_number=_trimmed(wanted.case_number),
        )

        async def command(conn: Connection) -> Reply:
            with _said():
                ret = await receipts.identify(conn, merchants, names)
                merchant_id = desk.one_merchant(principal, wanted.merchant_id) if ret is None else ret.merchant_id
                receipt = await receipts.receive(conn, ret, merchant_id, names, note=wanted.note, staff_id=principal.staff_id)
            return Reply(201, show_receipt(receipt, ret), {"Location": f"/v1/receipts/{receipt.receipt_id}"})

        scope = IdempotentRequest(
            merchant_id=wanted.merchant_id or MerchantId(""),
            caller=principal.staff_id,
            route="POST /v1/receipts",
            key=key,
            body=await request.body(),
        )
        return (await run(desk.pool, scope, command)).response()

    @router.post("/{receipt_id}/assignment")
    async def assign(receipt_id: UUID, wanted: AssignmentRequest, principal: Annotated[StaffPrincipal, receiver]) -> ReceiptView:
        """Say which return an unidentified parcel is."""
        if (wanted.rma_id is None) == (wanted.case_number is None):
            raise Problem(
                422,
                "invalid_request",
                "Say either rma_id or case_number.",
                "See errors.",
                errors=[FieldError("/", "exactly one of rma_id, case_number")],
            )
        async with transaction(desk.pool) as conn:
            receipt = await receipt_rows.lock(conn, receipt_id)
            if receipt is None or not principal.may_see(receipt.merchant_id):
                raise not_found("receipt")
            with _said():
                names = ParcelNames(rma_id=wanted.rma_id, case_number=_trimmed(wanted.case_number))
                ret = await receipts.identify(conn, [receipt.merchant_id], names)
                if ret is None:
                    raise ReturnNotFoundError
                return show_receipt(await receipts.assign(conn, receipt, ret, principal.staff_id), ret)

    return router


def _add_reading(router: APIRouter, desk: Desk) -> None:
    reader = desk.staff(*READ)

    @router.get("")
    async def list_receipts(
        principal: Annotated[StaffPrincipal, reader],
        state: Literal["unidentified", "assigned"] | None = None,
        merchant_id: MerchantFilter = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ReceiptView]:
        """Receipts, oldest first."""
        merchants = desk.merchants_of(principal, merchant_id)
        found = await receipt_rows.page(desk.pool, merchants, {"state": state}, time_position(cursor), limit)
        last = found[-1] if len(found) == limit else None
        return Page(
            items=[show_receipt(receipt) for receipt in found],
            next_cursor=None if last is None else encode_cursor([last.received_at, str(last.receipt_id)]),
        )

    @router.get("/{receipt_id}")
    async def read_receipt(receipt_id: UUID, principal: Annotated[StaffPrincipal, reader]) -> ReceiptView:
        """One receipt."""
        receipt = await receipt_rows.get(desk.pool, receipt_id)
        if receipt is None or not principal.may_see(receipt.merchant_id):
            raise not_found("receipt")
        ret = None if receipt.rma_id is None else await return_rows.get(desk.pool, receipt.rma_id)
        return show_receipt(receipt, ret)


def _trimmed(text: str | None) -> str | None:
    return (text or "").strip() or None


@contextmanager
def _said() -> Iterator[None]:
    """Turn what can be wrong with a receipt into its answer."""
    try:
        yield
    except AlreadyReceivedError:
        raise Problem(
            409, "already_received", "The goods of this return were received before.", "Read the return to find its receipt."
        ) from None
    except AlreadyRecordedError:
        raise Problem(
            409,
            "already_recorded",
            "A parcel of this waybill waits to be identified.",
            "Find it with GET /v1/receipts?state=unidentified, and assign it.",
        ) from None
    except AlreadyAssignedError:
        raise Problem(409, "already_assigned", "This parcel is assigned to a return.", "Read the receipt to see which.") from None
    except NamesDisagreeError:
        raise Problem(
            422,
            "names_disagree",
            "The names given belong to different returns.",
            "Send only what is written on the parcel, or only the one you trust.",
        ) from None
    except ReturnNotFoundError:
        raise Problem(
            404,
            "return_not_found",
            "There is no such return.",
            "Leave the name out to record the parcel as unidentified, and assign it later.",
        ) from None
