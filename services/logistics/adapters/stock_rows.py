"""Rows of ``stock`` and ``reservations``. An SKU without a row is not tracked and can always be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.identifiers import MerchantId
from services.kit.postgres import Connection, Pool, Record


@dataclass(frozen=True, slots=True)
class Stock:
    """Units of one article: counted, and of those promised to shipments that have not left."""

    merchant_id: MerchantId
    sku: str
    on_hand: int
    reserved: int

    @property
    def available(self) -> int:
        """Units that can still be promised."""
        return max(self.on_hand - self.reserved, 0)


def _read(row: Record) -> Stock:
    return Stock(row["merchant_id"], row["sku"], row["on_hand"], row["reserved"])


async def put(conn: Connection, merchant_id: MerchantId, sku: str, on_hand: int) -> Stock:
    """Count an article."""
    row = await conn.fetchrow(
        """
        INSERT INTO stock (merchant_id, sku, on_hand) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id, sku) DO UPDATE SET on_hand = excluded.on_hand RETURNING *
        """,
        merchant_id,
        sku,
        on_hand,
    )
    if row is None:
        raise LookupError(f"no stock {sku}")
    return _read(row)


async def remove(conn: Connection, merchant_id: MerchantId, sku: str) -> bool:
    """Track an article no longer. False if it was not tracked."""
    await conn.execute("DELETE FROM reservations WHERE merchant_id = $1 AND sku = $2", merchant_id, sku)
    status: str = await conn.execute("DELETE FROM stock WHERE merchant_id = $1 AND sku = $2", merchant_id, sku)
    return status.endswith(" 1")


async def get(pool: Pool, merchant_id: MerchantId, sku: str) -> Stock | None:
    """The stock of an article, None if it is not tracked."""
    row = await pool.fetchrow("SELECT * FROM stock WHERE merchant_id = $1 AND sku = $2", merchant_id, sku)
    return None if row is None else _read(row)


async def page(pool: Pool, merchants: Sequence[MerchantId], after: Sequence[str] | None, limit: int) -> list[Stock]:
    """Tracked articles in order of merchant and SKU, behind ``after`` (merchant, SKU)."""
    rows = await pool.fetch(
        "SELECT * FROM stock WHERE merchant_id = ANY($1) AND ($2::text IS NULL OR (merchant_id, sku) > ($2, $3::text)) ORDER BY merchant_id, sku LIMIT $4",
        merchants,
        *(after or (None, None)),
        limit,
    )
    return [_read(row) for row in rows]


async def reserve(conn: Connection, shipment_id: UUID, merchant_id: MerchantId, demand: Mapping[str, int]) -> bool:
    """Promise articles to a shipment, all or nothing; False if one of them is short (R-RSH-04). ``demand`` is in order of SKU."""
    rows = await conn.fetch(
        "SELECT * FROM stock WHERE merchant_id = $1 AND sku = ANY($2) ORDER BY sku FOR UPDATE", merchant_id, list(demand)
    )
    tracked = {row["sku"]: _read(row) for row in rows}
    if any(stock.available < demand[sku] for sku, stock in tracked.items()):
        return False
    for sku in tracked:
        await conn.execute("UPDATE stock SET reserved = reserved + $3 WHERE merchant_id = $1 AND sku = $2", merchant_id, sku, demand[sku])
        await conn.execute(
            "INSERT INTO reservations (shipment_id, merchant_id, sku, quantity) VALUES ($1, $2, $3, $4)",
            shipment_id,
            merchant_id,
            sku,
            demand[sku],
        )
    return True


async def release(conn: Connection, shipment_id: UUID) -> None:
    """Take back what was promised to a shipment; nothing left the warehouse."""
    for row in await _settle(conn, shipment_id):
        await conn.execute(
            "UPDATE stock SET reserved = greatest(reserved - $3, 0) WHERE merchant_id = $1 AND sku = $2",
            row["merchant_id"],
            row["sku"],
            row["quantity"],
        )


async def consume(conn: Connection, shipment_id: UUID) -> None:
    """What was promised to a shipment has left the warehouse."""
    for row in await _settle(conn, shipment_id):
        await conn.execute(
            """
            UPDATE stock SET reserved = greatest(reserved - $3, 0), on_hand = greatest(on_hand - $3, 0) WHERE merchant_id = $1 AND sku = $2
            """,
            row["merchant_id"],
            row["sku"],
            row["quantity"],
        )


async def _settle(conn: Connection, shipment_id: UUID) -> list[Record]:
    rows = await conn.fetch("DELETE FROM reservations WHERE shipment_id = $1 RETURNING merchant_id, sku, quantity", shipment_id)
    return sorted(rows, key=lambda row: str(row["sku"]))
