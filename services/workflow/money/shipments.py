"""Which units of a line, and which freight, belong to a shipment."""

from contracts.order_v1 import FreightCharge, Order, Shipment
from services.workflow.money.errors import UnknownItemError

Windows = list[tuple[int, int]]
"""Consecutive units as (first unit, count)."""


def shipment_of(order: Order, shipment_id: str, field: str = "request.items") -> Shipment:
    """The shipment of that id. Raises ``UnknownItemError``, which names ``field``."""
    for shipment in order.shipments:
        if shipment.shipment_id == shipment_id:
            return shipment
    raise UnknownItemError("shipment", shipment_id, field)


def units_in(order: Order, shipment_id: str, field: str = "request.items") -> dict[str, Windows]:
    """The units of a shipment by line id.

    Units are numbered in the order they were shipped (ties by shipment id), so that every unit belongs to one shipment at most and units that were
    not shipped come last. Raises ``UnknownItemError``, which names ``field``.
    """
    shipment_of(order, shipment_id, field)
    following: dict[str, int] = {}
    for shipment in sorted(order.shipments, key=lambda each: (each.shipped_at, each.shipment_id)):
        windows: dict[str, Windows] = {}
        for part in shipment.lines:
            first = following.get(part.line_id, 1)
            windows.setdefault(part.line_id, []).append((first, part.quantity))
            following[part.line_id] = first + part.quantity
        if shipment.shipment_id == shipment_id:
            return windows
    return {}


def charges_of(order: Order, shipment_id: str) -> list[FreightCharge]:
    """The freight charges of a shipment; charges of the order as a whole belong to none."""
    return [charge for charge in order.freight if charge.shipment_id == shipment_id]
