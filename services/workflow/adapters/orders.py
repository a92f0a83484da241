"""The orders as the workflow service knows them: whole snapshots, the highest version wins.

Caps are written with the first refund of an order, and follow its later versions from then on.
"""

from dataclasses import dataclass
from uuid import uuid5

from contracts.identifiers import CaseId, OrderId
from contracts.order_v1 import Order
from contracts.roles import Role
from services.kit.logging import get_logger
from services.kit.postgres import Connection
from services.workflow.adapters.caps import CapExceededError, write_caps
from services.workflow.money.errors import MoneyError
from services.workflow.ports import WorkItems

log = get_logger(__name__)


class OrderNotFoundError(LookupError):
    """No snapshot of the order has arrived."""

    def __init__(self, order_id: OrderId) -> None:
        super().__init__(f"order {order_id} is not known to the workflow service")


@dataclass(frozen=True, slots=True)
class LockedOrder:
    """An order whose row the caller has locked. ``capped``: its caps are written."""

    order: Order
    capped: bool


class PostgresOrderBook:
    """The port ``OrderBook`` on PostgreSQL."""

    def __init__(self, work_items: WorkItems) -> None:
        self._work_items = work_items

    async def apply(self, conn: Connection, order: Order) -> bool:
        """Take a snapshot in. False where it is not newer, or would leave less than was already given back: then finance gets a task."""
        written = await conn.fetchval(_PUT, order.order_id, order.merchant_id, order.order_version, order)
        if written is not None:
            return True
        row = await conn.fetchrow("SELECT order_version, capped FROM orders WHERE order_id = $1 FOR UPDATE", order.order_id)
        if row is None or not row["capped"] or row["order_version"] >= order.order_version:
            return False
        try:
            await write_caps(conn, order)
        except CapExceededError as error:
            await self._hand_to_finance(conn, order, error.constraint)
            return False
        except MoneyError:
            await self._hand_to_finance(conn, order, "amounts_contradict")
            return False
        await conn.execute(_REPLACE, order.order_id, order.order_version, order)
        return True

    async def get(self, conn: Connection, order_id: OrderId) -> Order:
        """The order as it stands. Raises :class:`OrderNotFoundError`."""
        snapshot = await conn.fetchval("SELECT snapshot FROM orders WHERE order_id = $1", order_id)
        if snapshot is None:
            raise OrderNotFoundError(order_id)
        return Order.model_validate(snapshot)

    async def lock(self, conn: Connection, order_id: OrderId) -> LockedOrder:
        """Lock the order's row: whoever holds it is the only one to reserve. Raises :class:`OrderNotFoundError`."""
        row = await conn.fetchrow("SELECT snapshot, capped FROM orders WHERE order_id = $1 FOR UPDATE", order_id)
        if row is None:
            raise OrderNotFoundError(order_id)
        return LockedOrder(Order.model_validate(row["snapshot"]), capped=row["capped"])

    async def _hand_to_finance(self, conn: Connection, order: Order, constraint: str) -> None:
        log.warning("order.breaks_cap", order_id=str(order.order_id), order_version=order.order_version, constraint=constraint)
        case_id = await conn.fetchval("SELECT case_id FROM refunds WHERE order_id = $1 ORDER BY requested_at DESC LIMIT 1", order.order_id)
        if case_id is None:  # nothing was ever given back, so nothing can break; kept for a table that somebody changed by hand
            return
        await self._work_items.open(
            conn,
            uuid5(order.order_id, f"breaks-cap/{order.order_version}"),
            CaseId(case_id),
            "finance_order_below_refunds",
            Role.FINANCE,
            {"order_id": str(order.order_id), "order_version": order.order_version, "constraint": constraint},
        )


_PUT = """
INSERT INTO orders (order_id, merchant_id, order_version, snapshot) VALUES ($1, $2, $3, $4)
ON CONFLICT (order_id) DO UPDATE SET order_version = excluded.order_version, snapshot = excluded.snapshot, recorded_at = now()
WHERE orders.order_version < excluded.order_version AND NOT orders.capped
RETURNING order_id
"""

_REPLACE = "UPDATE orders SET order_version = $2, snapshot = $3, recorded_at = now() WHERE order_id = $1"
