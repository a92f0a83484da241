"""Rows of ``shipments``: goods that go out to customers."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from contracts.decision_facts import AffectedUnits
from contracts.identifiers import CustomerRef, MerchantId
from services.kit.postgres import Connection, Pool, Record
from services.logistics.domain.shipments import Shipment, ShipmentKind, ShipmentState

_NAMES = tuple(field.name for field in fields(Shipment))
_COLUMNS = ", ".join(_NAMES)
_PLACES = ", ".join(f"${position}" for position in range(1, len(_NAMES) + 1))
_CHANGEABLE = frozenset(
    {"state", "booking_attempt", "booking_begun", "carrier", "waybill", "address_due_at", "shipped_at", "delivered_at", "reason"}
)


def _read(row: Record) -> Shipment:
    values: dict[str, Any] = dict(row)
    values["units"] = tuple(AffectedUnits.model_validate(unit) for unit in values["units"])
    values["kind"] = ShipmentKind(values["kind"])
    values["state"] = ShipmentState(values["state"])
    return Shipment(**values)


async def insert(conn: Connection, shipment: Shipment) -> bool:
    """Write down a shipment that is wanted. False if it was known."""
    values = {name: getattr(shipment, name) for name in _NAMES}
    values["units"] = [unit.model_dump(mode="json") for unit in shipment.units]
    status: str = await conn.execute(
        f"INSERT INTO shipments ({_COLUMNS}) VALUES ({_PLACES}) ON CONFLICT DO NOTHING",  # noqa: S608 (own column names)
        *values.values(),
    )
    return status.endswith(" 1")


async def lock(conn: Connection, shipment_id: UUID) -> Shipment | None:
    """The shipment, locked until the transaction ends."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM shipments WHERE shipment_id = $1 FOR UPDATE", shipment_id)  # noqa: S608 (own column names)
    return None if row is None else _read(row)


async def get(pool: Pool | Connection, shipment_id: UUID) -> Shipment | None:
    """The shipment as it stands."""
    row = await pool.fetchrow(f"SELECT {_COLUMNS} FROM shipments WHERE shipment_id = $1", shipment_id)  # noqa: S608 (own column names)
    return None if row is None else _read(row)


async def change(conn: Connection, shipment_id: UUID, **values: Any) -> Shipment:
    """Set columns of a shipment; gives it as it is now."""
    unknown = values.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not columns of a shipment that change: {sorted(unknown)}")
    sets = ", ".join(f"{name} = ${position}" for position, name in enumerate(values, start=2))
    row = await conn.fetchrow(
        f"UPDATE shipments SET {sets} WHERE shipment_id = $1 RETURNING {_COLUMNS}",  # noqa: S608 (checked names)
        shipment_id,
        *values.values(),
    )
    if row is None:
        raise LookupError(f"no shipment {shipment_id}")
    return _read(row)


async def waiting_for(conn: Connection, customer_ref: CustomerRef) -> list[UUID]:
    """The shipments that wait for this customer's address."""
    rows = await conn.fetch("SELECT shipment_id FROM shipments WHERE customer_ref = $1 AND state = 'waiting_for_address'", customer_ref)
    return [row["shipment_id"] for row in rows]


async def page(
    pool: Pool, merchants: Sequence[MerchantId], filters: Mapping[str, str | None], after: Sequence[Any] | None, limit: int
) -> list[Shipment]:
    """Shipments of these merchants, oldest first, behind ``after`` (requested_at, shipment_id); filters ``state``, ``kind``, ``case_number``."""
    rows = await pool.fetch(
        f"""
        SELECT {_COLUMNS} FROM shipments
        WHERE merchant_id = ANY($1)
          AND ($2::text IS NULL OR state = $2)
          AND ($3::text IS NULL OR kind = $3)
          AND ($4::text IS NULL OR case_number = $4)
          AND ($5::timestamptz IS NULL OR (requested_at, shipment_id) > ($5, $6::uuid))
        ORDER BY requested_at, shipment_id LIMIT $7
        """,  # noqa: S608 (own column names)
        merchants,
        filters.get("state"),
        filters.get("kind"),
        filters.get("case_number"),
        *(after or (None, None)),
        limit,
    )
    return [_read(row) for row in rows]
