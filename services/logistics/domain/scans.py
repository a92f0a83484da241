"""A carrier's scans and what they add up to.

A parcel's progress is a fold over all its scans in order of time, so repeats and disorder of webhooks change nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class ScanStatus(StrEnum):
    """What a carrier says of a parcel."""

    HANDED_IN = "handed_in"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    LOST = "lost"
    DAMAGED = "damaged"


_ORDER = {status: rank for rank, status in enumerate(ScanStatus)}


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan. ``scan_id`` is the carrier's own, unique at that carrier."""

    carrier: str
    waybill: str
    scan_id: str
    status: ScanStatus
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class ParcelProgress:
    """Where a parcel stands. ``lost_at`` is None again once a later scan finds it; damage stays."""

    status: ScanStatus | None = None
    handed_in_at: datetime | None = None
    last_scan_at: datetime | None = None
    delivered_at: datetime | None = None
    lost_at: datetime | None = None
    damaged_at: datetime | None = None


def fold(scans: Iterable[Scan]) -> ParcelProgress:
    """What ``scans`` add up to, whatever their order and however often each is there."""
    ordered = sorted({scan.scan_id: scan for scan in scans}.values(), key=lambda scan: (scan.occurred_at, _ORDER[scan.status]))
    if not ordered:
        return ParcelProgress()
    delivered = next((scan.occurred_at for scan in ordered if scan.status is ScanStatus.DELIVERED), None)
    damaged = next((scan.occurred_at for scan in ordered if scan.status is ScanStatus.DAMAGED), None)
    last = ordered[-1]
    lost = last.occurred_at if last.status is ScanStatus.LOST and delivered is None else None
    return ParcelProgress(
        status=ScanStatus.DELIVERED if delivered is not None else last.status,
        # Any scan proves that the carrier has the parcel, also where the hand-in itself was never scanned.
        handed_in_at=ordered[0].occurred_at,
        last_scan_at=last.occurred_at,
        delivered_at=delivered,
        lost_at=lost,
        damaged_at=damaged,
    )


def silent_too_long(*, underway_since: datetime, last_scan_at: datetime | None, now: datetime, lost_after: timedelta) -> bool:
    """Whether a parcel under way had no scan for so long that it counts as lost (R-RTN-06)."""
    return now - max(underway_since, last_scan_at or underway_since) >= lost_after
