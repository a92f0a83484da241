"""The provider's HTTP API (docs/sandbox.md)."""

from collections.abc import Callable
from datetime import date
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.idempotency import IdempotencyDesk, IdempotencyKey
from deploy.local.sandbox.paging import DEFAULT_LIMIT, Cursor, Limit, page
from deploy.local.sandbox.payments.book import PaymentBook
from deploy.local.sandbox.payments.models import (
    CaptureBatch,
    CaptureRequest,
    RefundRequest,
    RefundStatus,
    ReversalRequest,
    show_payment,
    show_refund,
)
from deploy.local.sandbox.payments.records import totals
from deploy.local.sandbox.payments.settlement_file import settlement_lines
from deploy.local.sandbox.store import Store
from deploy.local.sandbox.switches import PaymentSwitches, SettlementFault


def payment_routes(book: PaymentBook, desk: IdempotencyDesk, store: Store) -> APIRouter:
    """Capture and look up payments."""
    router = APIRouter(prefix="/v1", tags=["payments"])

    @router.post("/payments", status_code=201)
    async def capture(wanted: CaptureRequest, key: IdempotencyKey) -> Response:
        """Take a payment."""
        return desk.answer_once("payments", key, wanted, 201, lambda: book.capture(wanted))

    @router.post("/payments/batch", status_code=201)
    async def capture_batch(wanted: CaptureBatch, key: IdempotencyKey) -> Response:
        """Take many payments; all or none."""
        return desk.answer_once("payments/batch", key, wanted, 201, lambda: {"data": [book.capture(one) for one in wanted.payments]})

    @router.get("/payments")
    async def list_payments(
        merchant_reference: str | None = None, reference: str | None = None, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
    ) -> dict[str, Any]:
        """Find payments."""
        filters = [("merchant_reference", merchant_reference), ("reference", reference)]
        return page(store, "payment", filters, cursor, limit, show_payment)

    @router.get("/payments/{payment_id}")
    async def read_payment(payment_id: str) -> dict[str, Any]:
        """One payment with what was refunded on it."""
        return show_payment(book.payment_row(payment_id))

    return router


def refund_routes(book: PaymentBook, desk: IdempotencyDesk, store: Store, on_accepted: Callable[[], None]) -> APIRouter:
    """Refund and look up refunds. ``on_accepted`` is called when a refund may be on its way."""
    router = APIRouter(prefix="/v1", tags=["refunds"])

    @router.post("/refunds", status_code=202)
    async def refund(wanted: RefundRequest, key: IdempotencyKey) -> Response:
        """Give money back; the outcome comes by webhook."""
        answer = desk.answer_once("refunds", key, wanted, 202, lambda: book.refund(wanted, key))
        on_accepted()
        return answer

    @router.get("/refunds")
    async def list_refunds(
        idempotency_key: str | None = None,
        merchant_reference: str | None = None,
        payment_id: str | None = None,
        status: RefundStatus | None = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> dict[str, Any]:
        """Find refunds; an unknown key gives an empty list."""
        filters = [
            ("idempotency_key", idempotency_key),
            ("merchant_reference", merchant_reference),
            ("payment_id", payment_id),
            ("status", status),
        ]
        return page(store, "refund", filters, cursor, limit, show_refund)

    @router.get("/refunds/{refund_id}")
    async def read_refund(refund_id: str) -> dict[str, Any]:
        """One refund as it stands."""
        return show_refund(book.refund_row(refund_id))

    return router


def record_routes(store: Store, board: FaultBoard[PaymentSwitches]) -> APIRouter:
    """What finance reconciles against."""
    router = APIRouter(prefix="/v1", tags=["records"])

    @router.get("/settlements", response_class=StreamingResponse)
    async def settlements(date: date | None = None) -> Response:
        """The settlement file of a UTC day, or of all days, as JSON lines."""
        lines = b"".join(settlement_lines(store, board.now.settlement_faults, date))
        return Response(lines, media_type="application/x-ndjson")

    @router.get("/totals")
    async def read_totals() -> dict[str, Any]:
        """Counts and sums by currency."""
        return totals(store)

    return router


def settlement_routes(book: PaymentBook, board: FaultBoard[PaymentSwitches]) -> APIRouter:
    """What happens behind the provider's back: time for those who do not want to wait, money that comes back, mistakes in its file."""
    router = APIRouter(prefix="/admin", tags=["faults"])

    @router.post("/settle")
    async def settle() -> dict[str, int]:
        """Bring every pending refund to its outcome now."""
        return {"settled": book.settle_now()}

    @router.post("/reverse")
    async def reverse(wanted: ReversalRequest) -> dict[str, Any]:
        """A refund that was paid comes back."""
        return book.reverse(wanted)

    @router.get("/settlement-faults")
    async def read_settlement_faults() -> list[SettlementFault]:
        """The mistakes in the settlement file."""
        return list(board.now.settlement_faults)

    @router.put("/settlement-faults")
    async def replace_settlement_faults(faults: list[SettlementFault]) -> list[SettlementFault]:
        """Make these mistakes from now on, whenever the file is read, and no others."""
        return list(board.adjust(settlement_faults=tuple(faults)).settlement_faults)

    return router
