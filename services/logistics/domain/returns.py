"""A return: from the permission to send goods back to the warehouse's judgement of them.

::

    authorised ─► labelled ─► in_transit ─► received ─► inspected ─► closed
                      └────────────┴──► lost (a lost or closed return that turns up is received all the same)

Steps may be skipped (a parcel handed over in person); none is taken back.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from contracts.decision_facts import AffectedUnits
from contracts.identifiers import CaseId, CustomerRef, MerchantId, RmaId


class ReturnState(StrEnum):
    """Where a return stands."""

    AUTHORISED = "authorised"
    LABELLED = "labelled"
    IN_TRANSIT = "in_transit"
    LOST = "lost"
    RECEIVED = "received"
    INSPECTED = "inspected"
    CLOSED = "closed"


BEFORE_ARRIVAL = frozenset({ReturnState.AUTHORISED, ReturnState.LABELLED, ReturnState.IN_TRANSIT})
"""The states in which the goods are still expected."""

NOT_HANDED_IN = frozenset({ReturnState.AUTHORISED, ReturnState.LABELLED})
"""The states in which no carrier has the goods."""


class ReturnError(Exception):
    """The base of what can be wrong with a step of a return."""


class AlreadyReceivedError(ReturnError):
    """The goods of this return have their receipt."""


class NotReceivedError(ReturnError):
    """Nothing arrived yet that could be inspected."""


class AlreadyInspectedError(ReturnError):
    """The goods were judged before; a second judgement is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A return as its row says. ``own_parcel``: the customer chose the carrier, so a loss is not the merchant's (R-RTN-06)."""

    rma_id: RmaId
    case_id: CaseId
    case_number: str
    merchant_id: MerchantId
    order_number: str
    customer_ref: CustomerRef
    locale: str
    test: bool
    units: tuple[AffectedUnits, ...]
    freight_payer: str
    prepaid: bool
    ship_by: datetime
    authorised_at: datetime
    state: ReturnState
    booking_attempt: int
    booking_begun: bool
    own_parcel: bool
    carrier: str | None
    waybill: str | None
    label_carrier: str | None
    label_waybill: str | None
    label_expires_at: datetime | None
    label_cancelled: bool
    in_transit_at: datetime | None
    lost_at: datetime | None
    receipt_id: UUID | None
    received_at: datetime | None
    received_waybill: str | None
    inspection: dict[str, Any] | None
    inspected_at: datetime | None
    closed_result: str | None

    @property
    def expected(self) -> dict[str, int]:
        """Units expected by line id."""
        expected: dict[str, int] = {}
        for unit in self.units:
            expected[unit.line_id] = expected.get(unit.line_id, 0) + unit.quantity
        return expected

    @property
    def total_units(self) -> int:
        """How many units are expected."""
        return sum(unit.quantity for unit in self.units)

    @property
    def wants_label(self) -> bool:
        """Whether a carrier is still to be booked."""
        return self.state is ReturnState.AUTHORISED and self.label_waybill is None

    @property
    def label_is_idle(self) -> bool:
        """Whether the carrier was (or may have been) booked for a parcel that will not travel with this label."""
        if self.label_cancelled or not (self.label_waybill or self.booking_begun):
            return False
        came_otherwise = self.receipt_id is not None and self.received_waybill != self.label_waybill and self.in_transit_at is None
        return (
            self.own_parcel
            or came_otherwise
            or (self.state is ReturnState.CLOSED and self.in_transit_at is None and self.receipt_id is None)
        )

    def check_receivable(self) -> None:
        """Raise :class:`AlreadyReceivedError` if the goods are here already."""
        if self.receipt_id is not None:
            raise AlreadyReceivedError

    def check_inspectable(self) -> None:
        """Raise :class:`NotReceivedError` or :class:`AlreadyInspectedError` if the goods cannot be judged now."""
        if self.inspected_at is not None:
            raise AlreadyInspectedError
        if self.receipt_id is None:
            raise NotReceivedError
