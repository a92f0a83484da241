"""An outbound shipment: new goods for a customer (R-RSH), or goods that failed inspection going back to them (R-RTN-05 a).

::

    requested ─► reserved ─► booked ─► shipped ─► delivered
        │           │           │         └──► lost (may still be delivered)
        └─► failed ◄┴ (waiting_for_address)
        cancelling ─► cancelled (only before the carrier has the parcel)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from contracts.decision_facts import AffectedUnits
from contracts.identifiers import CaseId, CustomerRef, MerchantId, RmaId


class ShipmentKind(StrEnum):
    """Why goods go out."""

    RESHIP = "reship"
    TAKE_BACK = "take_back"


class ShipmentState(StrEnum):
    """Where an outbound shipment stands."""

    REQUESTED = "requested"
    RESERVED = "reserved"
    WAITING_FOR_ADDRESS = "waiting_for_address"
    BOOKED = "booked"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    LOST = "lost"


BEFORE_BOOKING = frozenset({ShipmentState.REQUESTED, ShipmentState.RESERVED, ShipmentState.WAITING_FOR_ADDRESS})
"""The states in which the carrier knows nothing of the shipment, as far as the row says."""

BEFORE_HAND_OVER = BEFORE_BOOKING | {ShipmentState.BOOKED, ShipmentState.CANCELLING}
"""The states in which the carrier does not have the goods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """An outbound shipment as its row says. ``skus`` names the article of each line that has one."""

    shipment_id: UUID
    kind: ShipmentKind
    rma_id: RmaId | None
    case_id: CaseId
    case_number: str
    merchant_id: MerchantId
    customer_ref: CustomerRef
    locale: str
    test: bool
    units: tuple[AffectedUnits, ...]
    skus: dict[str, str]
    ship_by: datetime
    requested_at: datetime
    state: ShipmentState
    booking_attempt: int
    booking_begun: bool
    carrier: str | None
    waybill: str | None
    address_due_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    reason: str | None

    @property
    def total_units(self) -> int:
        """How many units the parcel holds."""
        return sum(unit.quantity for unit in self.units)


def requested_shipment(
    *,
    shipment_id: UUID,
    kind: ShipmentKind,
    merchant_id: MerchantId,
    case_id: CaseId,
    case_number: str,
    customer_ref: CustomerRef,
    locale: str,
    test: bool,
    units: tuple[AffectedUnits, ...],
    ship_by: datetime,
    requested_at: datetime,
    rma_id: RmaId | None = None,
    skus: Mapping[str, str] | None = None,
) -> Shipment:
    """A shipment that is wanted, and about which nothing was done yet."""
    return Shipment(
        shipment_id=shipment_id,
        kind=kind,
        rma_id=rma_id,
        case_id=case_id,
        case_number=case_number,
        merchant_id=merchant_id,
        customer_ref=customer_ref,
        locale=locale,
        test=test,
        units=units,
        skus=dict(skus or {}),
        ship_by=ship_by,
        requested_at=requested_at,
        state=ShipmentState.REQUESTED,
        booking_attempt=1,
        booking_begun=False,
        carrier=None,
        waybill=None,
        address_due_at=None,
        shipped_at=None,
        delivered_at=None,
        reason=None,
    )


def demand(units: Sequence[AffectedUnits], skus: Mapping[str, str]) -> dict[str, int]:
    """Units wanted by SKU, SKUs in order; lines without an SKU are not tracked and stand aside."""
    wanted: dict[str, int] = {}
    for unit in units:
        sku = skus.get(unit.line_id)
        if sku is not None:
            wanted[sku] = wanted.get(sku, 0) + unit.quantity
    return dict(sorted(wanted.items()))


def take_back_id(rma_id: RmaId) -> UUID:
    """The id of the shipment that takes the goods of a return back to the customer."""
    return uuid5(rma_id, "take-back")


def booking_key(subject: UUID, attempt: int) -> str:
    """The carrier's idempotency key: the id of the return or shipment. A refused booking is tried again under a new one."""
    return str(subject) if attempt == 1 else f"{subject}/{attempt}"
