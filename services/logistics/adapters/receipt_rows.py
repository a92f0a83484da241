"""Rows of ``receipts`` (parcels that reached the warehouse, also those nobody knows) and ``photos``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.identifiers import MerchantId
from services.kit.clock import utc_now
from services.kit.postgres import Connection, Pool, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A parcel in the warehouse. Without ``rma_id`` it is unidentified."""

    receipt_id: UUID
    merchant_id: MerchantId
    rma_id: UUID | None
    carrier: str | None
    waybill: str | None
    case_number: str | None
    note: str | None
    received_at: datetime
    received_by: str
    assigned_at: datetime | None
    assigned_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture taken at the inspection; its bytes stand in the photo store under their hash."""

    photo_id: UUID
    rma_id: UUID
    sha256: str
    media_type: str
    size_bytes: int


_NAMES = tuple(field.name for field in fields(Receipt))
_COLUMNS = ", ".join(_NAMES)
_PLACES = ", ".join(f"${position}" for position in range(1, len(_NAMES) + 1))


def _read(row: Record) -> Receipt:
    return Receipt(**dict(row))


async def insert(conn: Connection, receipt: Receipt) -> None:
    """Write down that a parcel is here."""
    await conn.execute(
        f"INSERT INTO receipts ({_COLUMNS}) VALUES ({_PLACES})",  # noqa: S608 (own column names)
        *(getattr(receipt, name) for name in _NAMES),
    )


async def waits(conn: Connection, merchant_id: MerchantId, waybill: str, carrier: str | None) -> bool:
    """Whether a parcel of this waybill waits to be identified. Who else asks this of the waybill waits until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"receipt/{merchant_id}/{waybill}")
    found = await conn.fetchval(
        """
        SELECT true FROM receipts
        WHERE merchant_id = $1 AND waybill = $2 AND rma_id IS NULL AND coalesce(carrier = $3, true) LIMIT 1
        """,
        merchant_id,
        waybill,
        carrier,
    )
    return found is True


async def lock(conn: Connection, receipt_id: UUID) -> Receipt | None:
    """The receipt, locked until the transaction ends."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM receipts WHERE receipt_id = $1 FOR UPDATE", receipt_id)  # noqa: S608 (own column names)
    return None if row is None else _read(row)


async def get(pool: Pool, receipt_id: UUID) -> Receipt | None:
    """The receipt as it stands."""
    row = await pool.fetchrow(f"SELECT {_COLUMNS} FROM receipts WHERE receipt_id = $1", receipt_id)  # noqa: S608 (own column names)
    return None if row is None else _read(row)


async def assign(conn: Connection, receipt_id: UUID, rma_id: UUID, assigned_by: str) -> Receipt:
    """Say which return an unidentified parcel is."""
    row = await conn.fetchrow(
        f"UPDATE receipts SET rma_id = $2, assigned_at = $3, assigned_by = $4 WHERE receipt_id = $1 RETURNING {_COLUMNS}",  # noqa: S608 (own column names)
        receipt_id,
        rma_id,
        utc_now(),
        assigned_by,
    )
    if row is None:
        raise LookupError(f"no receipt {receipt_id}")
    return _read(row)


async def page(
    pool: Pool, merchants: Sequence[MerchantId], filters: Mapping[str, str | None], after: Sequence[Any] | None, limit: int
) -> list[Receipt]:
    """Receipts of these merchants, oldest first, behind ``after`` (received_at, receipt_id); filter ``state`` (unidentified, assigned)."""
    rows = await pool.fetch(
        f"""
        SELECT {_COLUMNS} FROM receipts
        WHERE merchant_id = ANY($1)
          AND ($2::text IS NULL OR (rma_id IS NULL) = ($2 = 'unidentified'))
          AND ($3::timestamptz IS NULL OR (received_at, receipt_id) > ($3, $4::uuid))
        ORDER BY received_at, receipt_id LIMIT $5
        """,  # noqa: S608 (own column names)
        merchants,
        filters.get("state"),
        *(after or (None, None)),
        limit,
    )
    return [_read(row) for row in rows]


async def add_photo(conn: Connection, rma_id: UUID, sha256: str, media_type: str, size_bytes: int, added_by: str) -> Photo:
    """Keep the name of a picture; the same picture again is the same photo."""
    row = await conn.fetchrow(
        """
        INSERT INTO photos (photo_id, rma_id, sha256, media_type, size_bytes, added_at, added_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (rma_id, sha256) DO UPDATE SET sha256 = excluded.sha256
        RETURNING photo_id, rma_id, sha256, media_type, size_bytes
        """,
        uuid7(),
        rma_id,
        sha256,
        media_type,
        size_bytes,
        utc_now(),
        added_by,
    )
    if row is None:
        raise LookupError(f"no return {rma_id}")
    return Photo(**dict(row))


async def photos(pool: Pool | Connection, rma_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The ids of the photos of each of these returns, oldest first."""
    rows = await pool.fetch("SELECT rma_id, photo_id FROM photos WHERE rma_id = ANY($1) ORDER BY photo_id", rma_ids)
    found: dict[UUID, list[str]] = {rma_id: [] for rma_id in rma_ids}
    for row in rows:
        found[row["rma_id"]].append(str(row["photo_id"]))
    return found


async def photo(pool: Pool, photo_id: UUID) -> tuple[Photo, MerchantId] | None:
    """A photo and whose it is."""
    row = await pool.fetchrow(
        """
        SELECT p.photo_id, p.rma_id, p.sha256, p.media_type, p.size_bytes, r.merchant_id
        FROM photos p JOIN returns r USING (rma_id) WHERE p.photo_id = $1
        """,
        photo_id,
    )
    if row is None:
        return None
    values = dict(row)
    merchant_id = values.pop("merchant_id")
    return Photo(**values), merchant_id
