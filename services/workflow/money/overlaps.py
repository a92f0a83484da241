"""Items of one request that would give back the same money twice, or whose order would change what they come to."""

from collections.abc import Iterator, Sequence

from contracts.order_v1 import Order
from contracts.quote import (
    CompensateOrder,
    CompensateShipment,
    CompensateUnits,
    RefundEverything,
    RefundFreight,
    RefundItem,
    RefundShipmentFreight,
    RefundUnits,
)
from services.workflow.money.errors import OverlappingItemsError
from services.workflow.money.shipments import charges_of, units_in

WIDE = (CompensateShipment, CompensateOrder, RefundEverything)
"""Items that divide an amount over what is left of several lines: nothing else may change those in the same request."""


def check_overlaps(order: Order, items: Sequence[RefundItem]) -> None:
    """Raise ``OverlappingItemsError`` for the first two items that overlap.

    Several items about units of one line are fine: each takes units that are left by those before. But compensation is for units that are kept, so
    units of its line that come back must be taken before it. Named parts of one freight charge are fine with all that is left of it as the last.
    """
    if len(items) == 1 or all(isinstance(item, RefundUnits) for item in items):
        return
    claims = [list(_claims(order, item)) for item in items]
    for place, item in enumerate(items):
        for earlier in range(place):
            both = [what for what in claims[place] if what in claims[earlier]]
            if both and (isinstance(item, WIDE) or isinstance(items[earlier], WIDE)):
                raise OverlappingItemsError(place, earlier, both[0])
            if both and (_takes_all(items[earlier]) or _takes_back(items[earlier], item)):
                raise OverlappingItemsError(place, earlier, both[0])


def _takes_all(item: RefundItem) -> bool:
    return isinstance(item, RefundShipmentFreight) or (isinstance(item, RefundFreight) and item.amount_minor is None)


def _takes_back(earlier: RefundItem, item: RefundItem) -> bool:
    return isinstance(earlier, CompensateUnits) and isinstance(item, RefundUnits)


def _claims(order: Order, item: RefundItem) -> Iterator[str]:
    if isinstance(item, RefundEverything | CompensateOrder):
        yield from (f"line {line.line_id}" for line in order.lines)
        if isinstance(item, RefundEverything) or item.with_freight:
            yield from (f"freight {charge.freight_id}" for charge in order.freight)
    elif isinstance(item, CompensateShipment | RefundShipmentFreight):
        if isinstance(item, CompensateShipment):
            yield from (f"line {line_id}" for line_id in units_in(order, item.shipment_id))
        if isinstance(item, RefundShipmentFreight) or item.with_freight:
            yield from (f"freight {charge.freight_id}" for charge in charges_of(order, item.shipment_id))
    elif isinstance(item, RefundFreight):
        yield f"freight {item.freight_id}"
    else:
        yield f"line {item.line_id}"
