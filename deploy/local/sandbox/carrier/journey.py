"""The way of a parcel: which scan can follow which state, and which comes next when it travels by itself."""

from typing import Literal

Kind = Literal["return", "outbound"]
ScanStatus = Literal["handed_in", "in_transit", "out_for_delivery", "delivered", "lost", "damaged"]
ShipmentStatus = Literal["booked", "cancelled", "handed_in", "in_transit", "out_for_delivery", "delivered", "lost", "damaged"]

_AHEAD: frozenset[ScanStatus] = frozenset({"in_transit", "out_for_delivery", "delivered"})
_ON_THE_WAY: frozenset[ScanStatus] = _AHEAD | {"lost", "damaged"}

POSSIBLE_SCANS: dict[ShipmentStatus, frozenset[ScanStatus]] = {
    "booked": _AHEAD | {"handed_in"},
    "handed_in": _ON_THE_WAY,
    "in_transit": _ON_THE_WAY,
    "out_for_delivery": _ON_THE_WAY,
    "damaged": _ON_THE_WAY,
    "lost": _AHEAD | {"damaged"},
    "delivered": frozenset(),
    "cancelled": frozenset(),
}
"""A scan may be missed, and a parcel may go back from delivery to the depot; nothing follows a delivery."""

NEXT_BY_ITSELF: dict[ShipmentStatus, ScanStatus] = {
    "booked": "handed_in",
    "handed_in": "in_transit",
    "in_transit": "out_for_delivery",
    "out_for_delivery": "delivered",
    "damaged": "out_for_delivery",
}
"""A lost parcel does not find itself."""

PLACES: dict[ScanStatus, str] = {
    "handed_in": "Parcel shop",
    "in_transit": "Sorting centre",
    "out_for_delivery": "Delivery depot",
    "delivered": "Address",
}
