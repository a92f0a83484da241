"""Rows of ``parcels`` and ``scans``: what carriers carry, and what they said of it."""

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from services.kit.postgres import Connection, Record
from services.logistics.domain.scans import ParcelProgress, Scan, ScanStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A parcel. It belongs to a return or a shipment; to neither while its waybill is not known to be ours.

    ``followed``: the carrier tells us of scans. ``underway_since``: when somebody said it was handed in, None before.
    """

    parcel_id: UUID
    carrier: str
    waybill: str
    rma_id: UUID | None
    shipment_id: UUID | None
    merchant_arranged: bool
    followed: bool
    underway_since: datetime | None
    status: str | None
    last_scan_at: datetime | None
    delivered_at: datetime | None
    lost_at: datetime | None


_COLUMNS = ", ".join(f"p.{field.name}" for field in fields(Parcel))


def _read(row: Record) -> Parcel:
    return Parcel(**dict(row))


async def lock_or_make(conn: Connection, carrier: str, waybill: str) -> Parcel:
    """The parcel of a waybill, locked until the transaction ends, made if nobody heard of it.

    A scan and the booking it belongs to meet at this lock, so whichever comes second sees the other.
    """
    row = await conn.fetchrow(
        f"""
        INSERT INTO parcels AS p (parcel_id, carrier, waybill) VALUES ($1, $2, $3)
        ON CONFLICT (carrier, waybill) DO UPDATE SET carrier = excluded.carrier RETURNING {_COLUMNS}
        """,  # noqa: S608 (own column names)
        uuid7(),
        carrier,
        waybill,
    )
    if row is None:
        raise LookupError(f"no parcel {carrier} {waybill}")
    return _read(row)


async def lock(conn: Connection, parcel_id: UUID) -> Parcel | None:
    """The parcel, locked until the transaction ends."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM parcels p WHERE p.parcel_id = $1 FOR UPDATE", parcel_id)  # noqa: S608 (own column names)
    return None if row is None else _read(row)


async def claim(
    conn: Connection,
    parcel: Parcel,
    *,
    rma_id: UUID | None = None,
    shipment_id: UUID | None = None,
    merchant_arranged: bool = True,
    followed: bool = True,
    underway_since: datetime | None = None,
) -> Parcel:
    """Say whose parcel it is."""
    row = await conn.fetchrow(
        f"""
        UPDATE parcels p SET rma_id = $2, shipment_id = $3, merchant_arranged = $4, followed = $5, underway_since = coalesce(underway_since, $6)
        WHERE p.parcel_id = $1 RETURNING {_COLUMNS}
        """,  # noqa: S608 (own column names)
        parcel.parcel_id,
        rma_id,
        shipment_id,
        merchant_arranged,
        followed,
        underway_since,
    )
    if row is None:
        raise LookupError(f"no parcel {parcel.parcel_id}")
    return _read(row)


async def set_followed(conn: Connection, parcel_id: UUID) -> None:
    """The carrier tells us of this parcel's scans from now on."""
    await conn.execute("UPDATE parcels SET followed = true WHERE parcel_id = $1", parcel_id)


async def add_scan(conn: Connection, scan: Scan) -> bool:
    """Keep a scan. False if it was known."""
    status: str = await conn.execute(
        "INSERT INTO scans (carrier, scan_id, waybill, status, occurred_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        scan.carrier,
        scan.scan_id,
        scan.waybill,
        scan.status.value,
        scan.occurred_at,
    )
    return status.endswith(" 1")


async def scans(conn: Connection, parcel: Parcel) -> list[Scan]:
    """All scans of a parcel, in no order."""
    rows = await conn.fetch(
        "SELECT scan_id, status, occurred_at FROM scans WHERE carrier = $1 AND waybill = $2", parcel.carrier, parcel.waybill
    )
    return [Scan(parcel.carrier, parcel.waybill, row["scan_id"], ScanStatus(row["status"]), row["occurred_at"]) for row in rows]


async def save_progress(conn: Connection, parcel: Parcel, progress: ParcelProgress) -> None:
    """Write down what the scans add up to."""
    await conn.execute(
        """
        UPDATE parcels SET status = $2, underway_since = least(underway_since, $3), last_scan_at = $4, delivered_at = $5, lost_at = $6, damaged_at = $7
        WHERE parcel_id = $1
        """,
        parcel.parcel_id,
        progress.status,
        progress.handed_in_at,
        progress.last_scan_at,
        progress.delivered_at,
        progress.lost_at,
        progress.damaged_at,
    )


async def set_lost(conn: Connection, parcel: Parcel, lost_at: datetime) -> None:
    """Nobody saw the parcel for too long."""
    await conn.execute("UPDATE parcels SET lost_at = $2 WHERE parcel_id = $1", parcel.parcel_id, lost_at)
