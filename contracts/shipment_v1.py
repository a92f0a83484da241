"""What happened to goods: returns and reshipments, on ``aftersales.shipment.v1``."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from contracts.base import Model, Moment
from contracts.events import CaseEvent, EventBody
from contracts.identifiers import CustomerRef, ReshipId, RmaId
from contracts.topics import Topic


class ShipmentEvent(CaseEvent):
    """The base of shipment events."""

    topic: ClassVar[Topic] = Topic.SHIPMENT

    case_number: str
    customer_ref: CustomerRef
    locale: str


class ReturnLabelCreated(ShipmentEvent):
    """The return label is ready to print; ``label_url`` is where (it needs a token)."""

    event_type: ClassVar[str] = "aftersales.shipment.return_label_created.v1"

    rma_id: RmaId
    carrier: str
    waybill: str
    label_url: str
    ship_by: Moment


class ReturnInTransit(ShipmentEvent):
    """The carrier has the return parcel."""

    event_type: ClassVar[str] = "aftersales.shipment.return_in_transit.v1"

    rma_id: RmaId
    carrier: str
    waybill: str
    scanned_at: Moment


class ReturnReceived(ShipmentEvent):
    """The parcel reached the warehouse (R-SLA-13 runs from here)."""

    event_type: ClassVar[str] = "aftersales.shipment.return_received.v1"

    rma_id: RmaId
    parcel_id: UUID
    waybill: str | None = None
    received_at: Moment


class InspectionResult(StrEnum):
    """What the warehouse found (R-RTN-03)."""

    MATCH = "match"
    MISMATCH_ITEM = "mismatch_item"
    MISMATCH_CONDITION = "mismatch_condition"
    SHORT_QUANTITY = "short_quantity"


class InspectedUnits(Model):
    """Per line: how many units were expected, and how many came as agreed."""

    line_id: str
    expected: int
    accepted: int


class ReturnInspected(ShipmentEvent):
    """The warehouse judged what came back. ``photo_ids`` name its pictures."""

    event_type: ClassVar[str] = "aftersales.shipment.return_inspected.v1"

    rma_id: RmaId
    parcel_id: UUID
    result: InspectionResult
    units: tuple[InspectedUnits, ...]
    photo_ids: tuple[str, ...] = ()
    inspected_at: Moment
    inspected_by: str


class ReturnLost(ShipmentEvent):
    """The return parcel is lost: no scan for too long, or the carrier says so (R-RTN-06)."""

    event_type: ClassVar[str] = "aftersales.shipment.return_lost.v1"

    rma_id: RmaId
    carrier: str
    waybill: str
    merchant_arranged: bool
    lost_at: Moment


class ReshipmentShipped(ShipmentEvent):
    """The new goods are with the carrier (R-NTF-13)."""

    event_type: ClassVar[str] = "aftersales.shipment.reshipment_shipped.v1"

    reship_id: ReshipId
    carrier: str
    waybill: str
    shipped_at: Moment


class ReshipmentDelivered(ShipmentEvent):
    """The new goods reached the customer."""

    event_type: ClassVar[str] = "aftersales.shipment.reshipment_delivered.v1"

    reship_id: ReshipId
    waybill: str
    delivered_at: Moment


class ReshipmentFailed(ShipmentEvent):
    """The new goods cannot be sent or did not arrive; ``reason`` is ``out_of_stock``, ``no_address``, ``lost`` or ``cancelled``."""

    event_type: ClassVar[str] = "aftersales.shipment.reshipment_failed.v1"

    reship_id: ReshipId
    reason: str
    failed_at: Moment


EVENTS: tuple[type[EventBody], ...] = (
    ReturnLabelCreated,
    ReturnInTransit,
    ReturnReceived,
    ReturnInspected,
    ReturnLost,
    ReshipmentShipped,
    ReshipmentDelivered,
    ReshipmentFailed,
)
