"""The carrier's HTTP API (docs/sandbox.md)."""

from collections.abc import Callable
from html import escape
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from deploy.local.sandbox.carrier.behaviour import Behaviour, Progress
from deploy.local.sandbox.carrier.book import CarrierBook
from deploy.local.sandbox.carrier.journey import ShipmentStatus
from deploy.local.sandbox.carrier.models import BookingRequest, ScanRequest, TrackingRequest
from deploy.local.sandbox.carrier.tariff import QuoteRequest, quote
from deploy.local.sandbox.idempotency import IdempotencyDesk, IdempotencyKey, OptionalIdempotencyKey
from deploy.local.sandbox.paging import DEFAULT_LIMIT, Cursor, Limit, page
from deploy.local.sandbox.store import Store


class _Nothing(BaseModel):
    """The body of a request that needs none."""


def booking_routes(book: CarrierBook, desk: IdempotencyDesk, on_booked: Callable[[], None]) -> APIRouter:
    """Book, follow, cancel, scan. ``on_booked`` is called when a parcel may have something to do by itself."""
    router = APIRouter(prefix="/v1", tags=["shipments"])

    @router.post("/shipments", status_code=201)
    async def create_shipment(wanted: BookingRequest, key: IdempotencyKey) -> Response:
        """Book a parcel."""
        answer = desk.answer_once("shipments", key, wanted, 201, lambda: book.book(wanted, key))
        on_booked()
        return answer

    @router.post("/trackings", status_code=201)
    async def create_tracking(wanted: TrackingRequest, key: IdempotencyKey) -> Response:
        """Follow another carrier's parcel."""
        return desk.answer_once("trackings", key, wanted, 201, lambda: book.follow(wanted, key))

    @router.post("/shipments/{reference}/cancel")
    async def cancel_shipment(reference: str) -> Response:
        """Take back a booking; repeating it is fine."""
        return desk.answer_once("cancel", None, _Nothing(), 200, lambda: book.cancel(reference))

    @router.post("/shipments/{reference}/scans", status_code=201)
    async def scan_shipment(reference: str, wanted: ScanRequest, key: OptionalIdempotencyKey) -> Response:
        """Play the world: the parcel was seen."""
        answer = desk.answer_once(f"scans/{reference}", key, wanted, 201, lambda: book.scan(reference, wanted))
        on_booked()
        return answer

    return router


def lookup_routes(book: CarrierBook, store: Store) -> APIRouter:
    """Find parcels, price carriage."""
    router = APIRouter(prefix="/v1", tags=["shipments"])

    @router.get("/shipments")
    async def list_shipments(
        waybill: str | None = None,
        merchant_reference: str | None = None,
        idempotency_key: str | None = None,
        status: ShipmentStatus | None = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> dict[str, Any]:
        """Find parcels."""
        filters = [
            ("waybill", waybill),
            ("merchant_reference", merchant_reference),
            ("idempotency_key", idempotency_key),
            ("status", status),
        ]
        return page(store, "shipment", filters, cursor, limit, book.show)

    @router.get("/shipments/{reference}")
    async def read_shipment(reference: str) -> dict[str, Any]:
        """One parcel with its scans, by id or waybill."""
        return book.show(book.row(reference))

    @router.post("/quotes")
    async def create_quote(wanted: QuoteRequest) -> dict[str, Any]:
        """The price of carriage."""
        return quote(wanted)

    return router


def public_routes(book: CarrierBook) -> APIRouter:
    """What the receiver of a parcel sees."""
    router = APIRouter(tags=["tracking page"])

    @router.get("/track/{waybill}", response_class=HTMLResponse)
    async def track(waybill: str) -> HTMLResponse:
        """Where a parcel is."""
        shipment = book.show(book.row(waybill))
        scans = "".join(
            f"<li><time>{scan['occurred_at']}</time> {escape(scan['status'])} {escape(scan['place'] or '')}</li>"
            for scan in shipment["scans"]
        )
        title = escape(f"Parcel {shipment['waybill']}")
        return HTMLResponse(f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{escape(shipment['status'])}</p><ol>{scans}</ol>")

    return router


def behaviour_routes(progress: Progress, on_changed: Callable[[], None]) -> APIRouter:
    """Whether parcels travel by themselves."""
    router = APIRouter(prefix="/admin", tags=["behaviour"])

    @router.get("/behaviour")
    async def read_behaviour() -> Behaviour:
        """How parcels move."""
        return progress.behaviour

    @router.put("/behaviour")
    async def replace_behaviour(behaviour: Behaviour) -> Behaviour:
        """Move parcels like this from now on."""
        progress.change(behaviour)
        on_changed()
        return progress.behaviour

    return router
