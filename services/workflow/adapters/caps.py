"""The caps of an order: what each payment, line and freight charge can still give back.

``reserved <= available`` is a constraint of the tables, so that no mistake above can give a cent twice. Callers hold the order's row lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import asyncpg

from contracts.identifiers import OrderId
from contracts.order_v1 import Order
from contracts.quote import PriorRefunds, Quote
from services.kit.postgres import Connection
from services.workflow.money.paid import freight_paid_minor, lines_paid
from services.workflow.money.prior import after


class CapExceededError(Exception):
    """More would be given back than was paid; ``constraint`` is the rule of the table that said no (R-RFD-03)."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"a cap of the order does not allow it: {constraint}")
        self.constraint = constraint


@dataclass(frozen=True, slots=True)
class _Amounts:
    """A quote, summed up by what it counts against."""

    payments: dict[str, int]
    lines: dict[str, tuple[int, int, int, int]]
    freight: dict[str, int]


async def write_caps(conn: Connection, order: Order) -> None:
    """Make the caps fit an order.

    Raises :class:`CapExceededError` where more was reserved already than it now allows, ``MoneyError`` where its amounts contradict each other.
    """
    payments = {payment.payment_id: payment.captured_minor - payment.refunded_elsewhere_minor for payment in order.payments}
    paid = lines_paid(order)
    freight = {charge.freight_id: freight_paid_minor(order, charge) for charge in order.freight}
    units = {line.line_id: line.quantity for line in order.lines}
    try:
        async with conn.transaction():
            await conn.execute(_WRITE_PAYMENTS, order.order_id, list(payments), list(payments.values()))
            await conn.execute(
                _WRITE_LINES, order.order_id, list(units), list(units.values()), [paid[line_id].paid_minor for line_id in units]
            )
            await conn.execute(_WRITE_FREIGHT, order.order_id, list(freight), list(freight.values()))
            await conn.execute("UPDATE orders SET capped = true WHERE order_id = $1", order.order_id)
    except asyncpg.CheckViolationError as error:
        raise CapExceededError(error.constraint_name or "unnamed") from error


async def prior_refunds(conn: Connection, order_id: OrderId) -> PriorRefunds:
    """Everything given back or reserved on an order, unit by unit, from the quotes of its refunds."""
    quotes = [Quote.model_validate(row["quote"]) for row in await conn.fetch(_LIVE_QUOTES, order_id)]
    return reduce(after, quotes, PriorRefunds())


async def reserve(conn: Connection, order_id: OrderId, quote: Quote) -> None:
    """Count a quote against the caps. Raises :class:`CapExceededError`; then nothing was counted."""
    await _count(conn, order_id, quote, sign=1)


async def release(conn: Connection, order_id: OrderId, quote: Quote) -> None:
    """Undo :func:`reserve`. Only for a refund of which nothing was paid, by the provider's own records."""
    await _count(conn, order_id, quote, sign=-1)


async def _count(conn: Connection, order_id: OrderId, quote: Quote, *, sign: int) -> None:
    amounts = _sum_up(quote)
    lines: Sequence[tuple[int, int, int, int]] = list(amounts.lines.values())
    try:
        async with conn.transaction():
            await conn.execute(_COUNT_PAYMENTS, order_id, list(amounts.payments), [sign * amount for amount in amounts.payments.values()])
            await conn.execute(
                _COUNT_LINES, order_id, list(amounts.lines), *([sign * line[column] for line in lines] for column in range(4))
            )
            if amounts.freight:
                await conn.execute(_COUNT_FREIGHT, order_id, list(amounts.freight), [sign * amount for amount in amounts.freight.values()])
    except asyncpg.CheckViolationError as error:
        raise CapExceededError(error.constraint_name or "unnamed") from error


def _sum_up(quote: Quote) -> _Amounts:
    payments: dict[str, int] = {}
    lines: dict[str, tuple[int, int, int, int]] = {}
    freight: dict[str, int] = {}
    for allocation in quote.allocations:
        payments[allocation.payment_id] = payments.get(allocation.payment_id, 0) + allocation.amount_minor
    for line in quote.lines:
        if line.kind == "freight":
            freight[line.freight_id or ""] = freight.get(line.freight_id or "", 0) + line.amount_minor
            continue
        units, amount, compensated, money = lines.get(line.line_id or "", (0, 0, 0, 0))
        if line.kind == "units":
            units, amount = units + line.quantity, amount + line.amount_minor
        else:
            compensated, money = compensated + line.quantity, money + line.amount_minor
        lines[line.line_id or ""] = (units, amount, compensated, money)
    return _Amounts(payments, lines, freight)


# What an order no longer names keeps its row with nothing available, so that a reservation on it breaks the constraint instead of vanishing.
_WRITE_PAYMENTS = """
WITH told AS (SELECT unnest($2::text[]) AS id, unnest($3::bigint[]) AS available),
gone AS (UPDATE payment_caps SET available_minor = 0 WHERE order_id = $1 AND payment_id NOT IN (SELECT id FROM told))
INSERT INTO payment_caps (order_id, payment_id, available_minor) SELECT $1, id, available FROM told
ON CONFLICT (order_id, payment_id) DO UPDATE SET available_minor = excluded.available_minor
"""

_WRITE_LINES = """
WITH told AS (SELECT unnest($2::text[]) AS id, unnest($3::integer[]) AS units, unnest($4::bigint[]) AS available),
gone AS (UPDATE line_caps SET available_minor = 0, units = 0 WHERE order_id = $1 AND line_id NOT IN (SELECT id FROM told))
INSERT INTO line_caps (order_id, line_id, units, available_minor) SELECT $1, id, units, available FROM told
ON CONFLICT (order_id, line_id) DO UPDATE SET units = excluded.units, available_minor = excluded.available_minor
"""

_WRITE_FREIGHT = """
WITH told AS (SELECT unnest($2::text[]) AS id, unnest($3::bigint[]) AS available),
gone AS (UPDATE freight_caps SET available_minor = 0 WHERE order_id = $1 AND freight_id NOT IN (SELECT id FROM told))
INSERT INTO freight_caps (order_id, freight_id, available_minor) SELECT $1, id, available FROM told
ON CONFLICT (order_id, freight_id) DO UPDATE SET available_minor = excluded.available_minor
"""

_LIVE_QUOTES = """
SELECT quote FROM refunds WHERE order_id = $1 AND quote IS NOT NULL AND state IN ('requested', 'stuck', 'settled') ORDER BY requested_at, refund_id
"""

_COUNT_PAYMENTS = """
UPDATE payment_caps SET reserved_minor = reserved_minor + asked.amount
FROM (SELECT unnest($2::text[]) AS id, unnest($3::bigint[]) AS amount) AS asked WHERE order_id = $1 AND payment_id = asked.id
"""

_COUNT_LINES = """
UPDATE line_caps SET units_refunded = units_refunded + asked.units, refunded_minor = refunded_minor + asked.amount,
    units_compensated = units_compensated + asked.compensated, compensated_minor = compensated_minor + asked.money
FROM (
    SELECT unnest($2::text[]) AS id, unnest($3::integer[]) AS units, unnest($4::bigint[]) AS amount,
        unnest($5::integer[]) AS compensated, unnest($6::bigint[]) AS money
) AS asked WHERE order_id = $1 AND line_id = asked.id
"""

_COUNT_FREIGHT = """
UPDATE freight_caps SET reserved_minor = reserved_minor + asked.amount
FROM (SELECT unnest($2::text[]) AS id, unnest($3::bigint[]) AS amount) AS asked WHERE order_id = $1 AND freight_id = asked.id
"""
