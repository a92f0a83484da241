"""What callers of the API send and see. No name, phone or address of a customer is ever among it (R-SEC-04)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.base import Moment
from contracts.decision_facts import AffectedUnits
from contracts.shipment_v1 import InspectionResult
from services.logistics.adapters.receipt_rows import Receipt
from services.logistics.adapters.stock_rows import Stock
from services.logistics.adapters.task_rows import Task
from services.logistics.domain.returns import Return
from services.logistics.domain.shipments import Shipment
from services.logistics.handlers.label_links import LabelLinks

Text = Annotated[str, Field(min_length=1, max_length=80)]


class Request(BaseModel):
    """A request body: unknown fields are refused, so that a misspelt one is not lost without a trace."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReceiptRequest(Request):
    """A parcel is here. Any name that is on it; all may be left out."""

    waybill: Text | None = None
    carrier: Text | None = None
    rma_id: UUID | None = None
    case_number: Text | None = None
    merchant_id: Text | None = None
    note: Annotated[str, Field(max_length=500)] | None = None


class AssignmentRequest(Request):
    """Which return an unidentified parcel is: one of the two."""

    rma_id: UUID | None = None
    case_number: Text | None = None


class AcceptedUnits(Request):
    """How many units of a line came as agreed."""

    line_id: str
    accepted: Annotated[int, Field(strict=True)]


class InspectionRequest(Request):
    """The warehouse's judgement (R-RTN-03)."""

    result: InspectionResult
    units: Annotated[tuple[AcceptedUnits, ...], Field(max_length=2000)] | None = None
    photo_ids: Annotated[tuple[UUID, ...], Field(max_length=100)] | None = None


class StockRequest(Request):
    """Units counted on the shelf."""

    on_hand: Annotated[int, Field(strict=True, ge=0, le=10**9)]


class View(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class ReturnView(View):
    """A return."""

    rma_id: UUID
    merchant_id: str
    case_id: UUID
    case_number: str
    order_number: str
    state: str
    units: tuple[AffectedUnits, ...]
    freight_payer: str
    prepaid: bool
    ship_by: Moment
    authorised_at: Moment
    carrier: str | None
    waybill: str | None
    own_parcel: bool
    label_url: str | None
    in_transit_at: Moment | None
    lost_at: Moment | None
    receipt_id: UUID | None
    received_at: Moment | None
    inspection: dict[str, Any] | None
    closed_result: str | None
    photo_ids: tuple[str, ...]


class ReceiptView(View):
    """A parcel in the warehouse; ``state`` is ``assigned`` or ``unidentified``."""

    receipt_id: UUID
    merchant_id: str
    state: str
    rma_id: UUID | None
    case_id: UUID | None = None
    case_number: str | None
    carrier: str | None
    waybill: str | None
    note: str | None
    received_at: Moment
    received_by: str
    assigned_at: Moment | None
    assigned_by: str | None


class ShipmentView(View):
    """An outbound shipment."""

    shipment_id: UUID
    kind: str
    merchant_id: str
    rma_id: UUID | None
    case_id: UUID
    case_number: str
    state: str
    units: tuple[AffectedUnits, ...]
    ship_by: Moment
    requested_at: Moment
    carrier: str | None
    waybill: str | None
    address_due_at: Moment | None
    shipped_at: Moment | None
    delivered_at: Moment | None
    reason: str | None


class StockView(View):
    """A tracked article."""

    merchant_id: str
    sku: str
    on_hand: int
    reserved: int
    available: int


class TaskView(View):
    """What a person must look at; ``state`` is ``open`` or ``done``."""

    task_id: UUID
    merchant_id: str
    case_id: UUID
    case_number: str
    kind: str
    subject: UUID
    detail: str
    state: str
    opened_at: Moment
    closed_at: Moment | None


class PhotoView(View):
    """A stored picture."""

    photo_id: UUID
    sha256: str
    media_type: str
    size_bytes: int


def show_return(ret: Return, photo_ids: list[str], links: LabelLinks) -> ReturnView:
    """A return as staff see it."""
    label_url = None
    if ret.label_waybill is not None and ret.label_expires_at is not None:
        label_url = links.url(ret.rma_id, ret.label_expires_at)
    names = ReturnView.model_fields.keys() - {"state", "label_url", "photo_ids"}
    return ReturnView(
        **{name: getattr(ret, name) for name in names}, state=ret.state.value, label_url=label_url, photo_ids=tuple(photo_ids)
    )


def show_receipt(receipt: Receipt, ret: Return | None = None) -> ReceiptView:
    """A receipt as staff see it."""
    names = ReceiptView.model_fields.keys() - {"state", "case_id"}
    return ReceiptView(
        **{name: getattr(receipt, name) for name in names},
        state="unidentified" if receipt.rma_id is None else "assigned",
        case_id=None if ret is None else ret.case_id,
    )


def show_shipment(shipment: Shipment) -> ShipmentView:
    """A shipment as staff see it."""
    names = ShipmentView.model_fields.keys() - {"state", "kind"}
    return ShipmentView(**{name: getattr(shipment, name) for name in names}, state=shipment.state.value, kind=shipment.kind.value)


def show_stock(stock: Stock) -> StockView:
    """An article as staff see it."""
    return StockView(
        merchant_id=stock.merchant_id, sku=stock.sku, on_hand=stock.on_hand, reserved=stock.reserved, available=stock.available
    )


def show_task(task: Task, *, closed_at: datetime | None = None) -> TaskView:
    """A task as staff see it; ``closed_at`` where it was closed just now."""
    closed = closed_at or task.closed_at
    names = TaskView.model_fields.keys() - {"state", "kind", "closed_at"}
    return TaskView(
        **{name: getattr(task, name) for name in names}, kind=task.kind.value, state="open" if closed is None else "done", closed_at=closed
    )
