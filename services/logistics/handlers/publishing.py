"""How logistics publishes: every fact once per return, receipt or shipment, under an id derived from it."""

from typing import TypedDict
from uuid import UUID

from contracts.identifiers import CaseId, CustomerRef, MerchantId, derived_event_id
from contracts.resolution_v1 import ReshipmentRequested
from contracts.shipment_v1 import ShipmentEvent
from services.kit.outbox import OutgoingEvent, append
from services.kit.postgres import Connection
from services.logistics.domain.returns import Return
from services.logistics.domain.shipments import Shipment


class About(TypedDict):
    """The fields that every shipment event has, and every shipment."""

    merchant_id: MerchantId
    case_id: CaseId
    case_number: str
    customer_ref: CustomerRef
    locale: str


def about(owner: Return | Shipment | ReshipmentRequested) -> About:
    """Whose fact, or whose shipment, it is."""
    return About(
        merchant_id=owner.merchant_id,
        case_id=owner.case_id,
        case_number=owner.case_number,
        customer_ref=owner.customer_ref,
        locale=owner.locale,
    )


async def publish(conn: Connection, owner: Return | Shipment, operation_id: UUID, body: ShipmentEvent) -> None:
    """Append a fact to the outbox; the same operation again appends nothing."""
    await append(conn, OutgoingEvent(body=body, event_id=derived_event_id(operation_id, body.event_type), test=owner.test))
