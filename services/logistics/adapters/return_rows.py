"""Rows of ``returns``, and of waybills that customers declared for a case before its return was heard of."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.decision_facts import AffectedUnits
from contracts.identifiers import CaseId, MerchantId, RmaId
from contracts.resolution_v1 import ReturnAuthorised
from services.kit.postgres import Connection, Pool, Record
from services.logistics.domain.returns import Return, ReturnState

_COLUMNS = ", ".join(f"r.{field.name}" for field in fields(Return))
_CHANGEABLE = frozenset(
    {
        "state",
        "booking_attempt",
        "booking_begun",
        "own_parcel",
        "carrier",
        "waybill",
        "label_carrier",
        "label_waybill",
        "label_expires_at",
        "label_cancelled",
        "in_transit_at",
        "lost_at",
        "receipt_id",
        "received_at",
        "received_waybill",
        "inspection",
        "inspected_at",
        "closed_result",
        "closed_at",
    }
)


def _read(row: Record) -> Return:
    values: dict[str, Any] = dict(row)
    values["units"] = tuple(AffectedUnits.model_validate(unit) for unit in values["units"])
    values["state"] = ReturnState(values["state"])
    return Return(**values)


async def insert(conn: Connection, event: ReturnAuthorised, *, authorised_at: datetime, test: bool) -> bool:
    """Write down an authorised return. False if it was known."""
    status: str = await conn.execute(
        """
        INSERT INTO returns (rma_id, case_id, case_number, merchant_id, order_number, customer_ref, locale, test, remedy_ordinal, units, freight_payer,
            prepaid, ship_by, authorised_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING
        """,
        event.rma_id,
        event.case_id,
        event.case_number,
        event.merchant_id,
        event.order_number,
        event.customer_ref,
        event.locale,
        test,
        event.remedy_ordinal,
        [unit.model_dump(mode="json") for unit in event.units],
        event.freight_payer.value,
        event.prepaid,
        event.ship_by,
        authorised_at,
    )
    return status.endswith(" 1")


async def lock(conn: Connection, rma_id: UUID) -> Return | None:
    """The return, locked until the transaction ends."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM returns r WHERE r.rma_id = $1 FOR UPDATE", rma_id)  # noqa: S608 (own column names)
    return None if row is None else _read(row)


async def lock_newest_of_case(conn: Connection, case_id: CaseId) -> Return | None:
    """The last return of a case, locked until the transaction ends."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM returns r WHERE r.case_id = $1 ORDER BY r.remedy_ordinal DESC LIMIT 1 FOR UPDATE",  # noqa: S608 (own column names)
        case_id,
    )
    return None if row is None else _read(row)


async def get(pool: Pool | Connection, rma_id: UUID) -> Return | None:
    """The return as it stands."""
    row = await pool.fetchrow(f"SELECT {_COLUMNS} FROM returns r WHERE r.rma_id = $1", rma_id)  # noqa: S608 (own column names)
    return None if row is None else _read(row)


async def change(conn: Connection, rma_id: RmaId, **values: Any) -> Return:
    """Set columns of a return; gives it as it is now."""
    unknown = values.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not columns of a return that change: {sorted(unknown)}")
    sets = ", ".join(f"{name} = ${position}" for position, name in enumerate(values, start=2))
    row = await conn.fetchrow(f"UPDATE returns r SET {sets} WHERE r.rma_id = $1 RETURNING {_COLUMNS}", rma_id, *values.values())  # noqa: S608 (checked names)
    if row is None:
        raise LookupError(f"no return {rma_id}")
    return _read(row)


async def find_for_receipt(
    conn: Connection, merchants: Sequence[MerchantId], *, waybill: str | None, carrier: str | None, case_number: str | None
) -> tuple[list[UUID], list[UUID]]:
    """The returns a waybill names, and those a case number names (the one to receive next first)."""
    by_waybill: list[UUID] = []
    by_case: list[UUID] = []
    if waybill is not None:
        rows = await conn.fetch(
            """
            SELECT DISTINCT r.rma_id FROM parcels p JOIN returns r USING (rma_id)
            WHERE p.waybill = $1 AND r.merchant_id = ANY($2) AND ($3::text IS NULL OR p.carrier = $3)
            """,
            waybill,
            merchants,
            carrier,
        )
        by_waybill = [row["rma_id"] for row in rows]
    if case_number is not None:
        rows = await conn.fetch(
            """
            SELECT rma_id FROM returns WHERE case_number = $1 AND merchant_id = ANY($2)
            ORDER BY receipt_id IS NOT NULL, remedy_ordinal DESC
            """,
            case_number,
            merchants,
        )
        by_case = [row["rma_id"] for row in rows]
    return by_waybill, by_case


async def page(
    pool: Pool, merchants: Sequence[MerchantId], filters: Mapping[str, str | None], after: Sequence[Any] | None, limit: int
) -> list[Return]:
    """Returns of these merchants, oldest first, behind ``after`` (authorised_at, rma_id); filters ``state``, ``waybill``, ``case_number``."""
    rows = await pool.fetch(
        f"""
        SELECT {_COLUMNS} FROM returns r
        WHERE r.merchant_id = ANY($1)
          AND ($2::text IS NULL OR r.state = $2)
          AND ($3::text IS NULL OR r.case_number = $3)
          AND ($4::text IS NULL OR r.rma_id IN (SELECT p.rma_id FROM parcels p WHERE p.waybill = $4))
          AND ($5::timestamptz IS NULL OR (r.authorised_at, r.rma_id) > ($5, $6::uuid))
        ORDER BY r.authorised_at, r.rma_id LIMIT $7
        """,  # noqa: S608 (own column names)
        merchants,
        filters.get("state"),
        filters.get("case_number"),
        filters.get("waybill"),
        *(after or (None, None)),
        limit,
    )
    return [_read(row) for row in rows]


async def lock_case(conn: Connection, case_id: CaseId) -> None:
    """Who writes down a return and who keeps a waybill for one that is not known do so one after the other: locked until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('case/' || $1::uuid::text, 0))", case_id)


async def declare_parcel(conn: Connection, case_id: CaseId, carrier: str, waybill: str, shipped_at: datetime) -> None:
    """Keep a customer's own waybill until the return it belongs to is heard of."""
    await conn.execute(
        """
        INSERT INTO declared_parcels (case_id, carrier, waybill, shipped_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (case_id) DO UPDATE SET carrier = excluded.carrier, waybill = excluded.waybill, shipped_at = excluded.shipped_at
        """,
        case_id,
        carrier,
        waybill,
        shipped_at,
    )


async def take_declared_parcel(conn: Connection, case_id: CaseId) -> tuple[str, str, datetime] | None:
    """Take the kept waybill of a case: carrier, waybill, time of hand-in."""
    row = await conn.fetchrow("DELETE FROM declared_parcels WHERE case_id = $1 RETURNING carrier, waybill, shipped_at", case_id)
    return None if row is None else (row["carrier"], row["waybill"], row["shipped_at"])
