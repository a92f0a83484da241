"""How a shipment event changes the view of a case: where the goods are, the label to print, and that the parcel is on its way."""

from functools import singledispatch
from typing import Any, TypeAlias

from contracts.shipment_v1 import (
    ReshipmentDelivered,
    ReshipmentFailed,
    ReshipmentShipped,
    ReturnInspected,
    ReturnInTransit,
    ReturnLabelCreated,
    ReturnLost,
    ReturnReceived,
    ShipmentEvent,
)
from services.intake.domain.goods_moved import with_goods
from services.intake.domain.view import CaseView, ReshipmentView, ReturnView

Changes: TypeAlias = dict[str, Any]

_RETURN_ENDED = frozenset({"refunded", "refund_given_up", "not_shipped", "taken_back", "mediation", "withdrawn"})
"""How the workflow says that a return ended; a late scan does not undo it."""


def fold_shipment(view: CaseView, event: ShipmentEvent) -> CaseView:
    """The view after the event."""
    returning, reshipment = view.returning, view.reshipment
    of_return, of_reshipment = _return_changes(event), _reshipment_changes(event)
    if of_return is not None:
        returning = _returning(returning, of_return)
    elif of_reshipment is not None:
        reshipment = _reshipment(reshipment, of_reshipment)
    progress = with_goods(view.progress, returning, reshipment)
    return view.model_copy(update={"returning": returning, "reshipment": reshipment, "progress": progress})


def _returning(current: ReturnView | None, changes: Changes) -> ReturnView:
    if current is None or current.rma_id != changes["rma_id"]:
        return ReturnView(**changes)
    if current.state in _RETURN_ENDED:
        changes = {name: value for name, value in changes.items() if name != "state"}
    return current.model_copy(update=changes)


def _reshipment(current: ReshipmentView | None, changes: Changes) -> ReshipmentView:
    if current is None or current.reship_id != changes["reship_id"]:
        return ReshipmentView(**changes)
    return current.model_copy(update=changes)


@singledispatch
def _return_changes(event: ShipmentEvent) -> Changes | None:  # noqa: ARG001 - the shape of all of them
    return None


@_return_changes.register
def _(event: ReturnLabelCreated) -> Changes:
    return {
        "rma_id": event.rma_id,
        "state": "label_ready",
        "carrier": event.carrier,
        "waybill": event.waybill,
        "label_url": event.label_url,
        "ship_by": event.ship_by,
    }


@_return_changes.register
def _(event: ReturnInTransit) -> Changes:
    return {"rma_id": event.rma_id, "state": "in_transit", "carrier": event.carrier, "waybill": event.waybill}


@_return_changes.register
def _(event: ReturnReceived) -> Changes:
    return {"rma_id": event.rma_id, "state": "received"}


@_return_changes.register
def _(event: ReturnInspected) -> Changes:
    return {"rma_id": event.rma_id, "state": "inspected"}


@_return_changes.register
def _(event: ReturnLost) -> Changes:
    return {"rma_id": event.rma_id, "state": "lost"}


@singledispatch
def _reshipment_changes(event: ShipmentEvent) -> Changes | None:  # noqa: ARG001 - the shape of all of them
    return None


@_reshipment_changes.register
def _(event: ReshipmentShipped) -> Changes:
    return {"reship_id": event.reship_id, "state": "shipped", "carrier": event.carrier, "waybill": event.waybill}


@_reshipment_changes.register
def _(event: ReshipmentDelivered) -> Changes:
    return {"reship_id": event.reship_id, "state": "delivered", "waybill": event.waybill}


@_reshipment_changes.register
def _(event: ReshipmentFailed) -> Changes:
    return {"reship_id": event.reship_id, "state": "failed", "reason": event.reason}
