"""Order snapshots in PostgreSQL: one statement for any number of them, and the order with its claims for a new case."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from contracts.identifiers import OrderId
from contracts.order_v1 import Order
from services.intake.domain.application import Claim
from services.intake.domain.orders import OrderRow
from services.intake.ports import OrderFound
from services.kit.postgres import Connection

# Rows are inserted in order of id, so that two batches with the same orders wait for each other instead of locking crosswise.
_UPSERT = """
INSERT INTO orders (order_id, merchant_id, number, order_version, customer_ref, fingerprint, identity, locale, placed_at, snapshot)
SELECT order_id, merchant_id, number, order_version, customer_ref, fingerprint, coalesce(string_to_array(identity, ' '), '{}'), locale, placed_at, snapshot
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::uuid[], $6::bytea[], $7::text[], $8::text[], $9::timestamptz[], $10::jsonb[])
     AS new (order_id, merchant_id, number, order_version, customer_ref, fingerprint, identity, locale, placed_at, snapshot)
ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE SET
    order_version = excluded.order_version,
    customer_ref = excluded.customer_ref,
    fingerprint = excluded.fingerprint,
    identity = CASE WHEN excluded.identity = '{}' THEN orders.identity ELSE excluded.identity END,
    locale = coalesce(excluded.locale, orders.locale),
    placed_at = excluded.placed_at,
    snapshot = excluded.snapshot,
    updated_at = now()
WHERE orders.order_version < excluded.order_version
RETURNING order_id, (xmax = 0) AS created
"""
_VERSIONS = "SELECT order_id, order_version, fingerprint FROM orders WHERE order_id = ANY($1)"
# The snapshot as text goes straight into the model, without becoming Python's dictionaries in between.
_FOR_CASE = "SELECT snapshot::text, order_locale AS locale, claims FROM order_for_case($1)"
READ = "SELECT order_id, snapshot::text, locale, order_claims(order_id) AS claims FROM orders WHERE order_id = ANY($1)"
"""Some orders with their claims, for :func:`found_in`, without a lock: what it says may change at any moment."""


class PostgresOrders:
    """Implements :class:`services.intake.ports.Orders`."""

    async def upsert(self, connection: Connection, rows: Sequence[OrderRow]) -> dict[UUID, bool]:
        """Store what is newer, each order at most once. Returns, by order id, what was stored and whether it is new."""
        orders = [row.order for row in rows]
        stored = await connection.fetch(
            _UPSERT,
            [order.order_id for order in orders],
            [order.merchant_id for order in orders],
            [order.number for order in orders],
            [order.order_version for order in orders],
            [order.customer_ref for order in orders],
            [row.fingerprint for row in rows],
            [" ".join(row.identity) if row.identity else None for row in rows],
            [row.locale for row in rows],
            [order.placed_at for order in orders],
            orders,
        )
        return {row["order_id"]: row["created"] for row in stored}

    async def versions(self, connection: Connection, order_ids: Sequence[UUID]) -> dict[UUID, tuple[int, bytes]]:
        """Version and fingerprint on record."""
        rows = await connection.fetch(_VERSIONS, order_ids)
        return {row["order_id"]: (row["order_version"], row["fingerprint"]) for row in rows}

    async def for_case(self, connection: Connection, order_id: OrderId) -> OrderFound | None:
        """The order with its claims; it stays locked until commit."""
        return found_in(await connection.fetchrow(_FOR_CASE, order_id))


def found_in(row: Any) -> OrderFound | None:
    """The order of a row with snapshot, locale and claims."""
    return None if row is None else OrderFound(Order.model_validate_json(row["snapshot"]), row["locale"], _claims(row["claims"]))


def _claims(rows: list[list[Any]] | None) -> list[Claim]:
    return [Claim(UUID(case_id), *rest) for case_id, *rest in rows or ()]
