"""An order the service knows, with everything a decision or a quote must know of what became of it."""

from dataclasses import dataclass

from contracts.identifiers import OrderId
from contracts.order_v1 import Order
from contracts.quote import PriorRefunds
from services.kit.postgres import Pool, transaction
from services.workflow.adapters.orders import PostgresOrderBook
from services.workflow.adapters.refunds import PostgresRefunds
from services.workflow.adapters.settled_units import SettledBook


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """The order as it stands, and what was given back or sent again on it so far, reserved refunds included."""

    order: Order
    prior: PriorRefunds
    first_tier_paid_minor: int
    reshipped: dict[str, int]
    merchant_fault_refunded: dict[str, int]


async def known_order(pool: Pool, orders: PostgresOrderBook, refunds: PostgresRefunds, order_id: OrderId) -> KnownOrder:
    """Read it all in one transaction. Raises ``OrderNotFoundError``."""
    settled = SettledBook()
    async with transaction(pool) as conn:
        return KnownOrder(
            order=await orders.get(conn, order_id),
            prior=await refunds.prior(conn, order_id),
            first_tier_paid_minor=await refunds.first_tier_paid(conn, order_id),
            reshipped=await settled.reshipped(conn, order_id),
            merchant_fault_refunded=await settled.merchant_fault_refunded(conn, order_id),
        )
