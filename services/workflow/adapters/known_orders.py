"""An order the service knows, with everything a decision or a quote must know of what became of it."""

from dataclasses import dataclass

from contracts.case_state import OptionCode
from contracts.identifiers import OrderId
from contracts.order_v1 import Order
from contracts.quote import PriorRefunds
from services.kit.postgres import Connection, Pool, Record
from services.workflow.adapters.caps import prior_of
from services.workflow.adapters.orders import OrderNotFoundError

_REFUNDING = (OptionCode.RETURN_REFUND, OptionCode.REFUND_NO_RETURN)


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """The order as it stands, and what was given back or sent again on it so far, reserved refunds included.

    ``first_tier_paid_minor`` is first-tier compensation (R-COMP-02), ``reshipped`` units by line (R-RSH-06), ``merchant_fault_refunded`` units given back
    for the merchant's fault, by line (R-FRT-12).
    """

    order: Order
    prior: PriorRefunds
    first_tier_paid_minor: int
    reshipped: dict[str, int]
    merchant_fault_refunded: dict[str, int]


async def known_order(conn: Connection | Pool, order_id: OrderId) -> KnownOrder:
    """Read it all at one moment. Raises ``OrderNotFoundError``."""
    row = await conn.fetchrow(f"SELECT {KNOWN} FROM orders WHERE order_id = $1", order_id, *KNOWN_VALUES)  # noqa: S608 - no value is part of it
    if row is None:
        raise OrderNotFoundError(order_id)
    return known_of(row)


def known_of(row: Record) -> KnownOrder:
    """The order of a row with the columns :data:`KNOWN`."""
    return KnownOrder(
        order=Order.model_validate(row["snapshot"]),
        prior=prior_of(row["quotes"]),
        first_tier_paid_minor=row["first_tier_paid"],
        reshipped=row["reshipped"],
        merchant_fault_refunded=row["merchant_fault_refunded"],
    )


_LIVE = "refunds.order_id = orders.order_id AND state IN ('requested', 'stuck', 'settled')"

_SETTLED = """
SELECT coalesce(jsonb_object_agg(line_id, quantity), jsonb_build_object()) FROM (
    SELECT line_id, sum(quantity) AS quantity FROM settled_units WHERE settled_units.order_id = orders.order_id AND {those} GROUP BY line_id
) AS settled
"""

KNOWN = f"""
    snapshot,
    ARRAY(SELECT quote FROM refunds WHERE {_LIVE} AND quote IS NOT NULL ORDER BY requested_at, refund_id) AS quotes,
    (SELECT coalesce(sum(amount_minor), 0)::bigint FROM refunds WHERE {_LIVE} AND remedy = $2) AS first_tier_paid,
    ({_SETTLED.format(those="remedy = $3")}) AS reshipped,
    ({_SETTLED.format(those="remedy = ANY ($4) AND merchant_fault")}) AS merchant_fault_refunded
"""  # noqa: S608 - no value is part of it
"""The columns of a known order, for a statement over ``orders`` whose parameters 2 to 4 are :data:`KNOWN_VALUES`."""

KNOWN_VALUES = (OptionCode.COMPENSATE_KEEP.value, OptionCode.RESHIP_NO_RETURN.value, [code.value for code in _REFUNDING])
