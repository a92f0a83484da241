"""The caps of an order: what each payment, line and freight charge can still give back.

``reserved <= available`` is a constraint of the tables, so that no mistake above can give a cent twice. Callers hold the order's row lock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import asyncpg

from contracts.identifiers import OrderId
from contracts.order_v1 import Order
from contracts.quote import PriorRefunds, Quote
from services.kit.postgres import Connection
from services.workflow.adapters.packing import PACKING
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
            await conn.execute(
                _WRITE,
                *(order.order_id, list(payments), list(payments.values())),
                *(list(units), list(units.values()), [paid[line_id].paid_minor for line_id in units]),
                *(list(freight), list(freight.values())),
            )
    except asyncpg.CheckViolationError as error:
        raise CapExceededError(error.constraint_name or "unnamed") from error


async def prior_refunds(conn: Connection, order_id: OrderId) -> PriorRefunds:
    """Everything given back or reserved on an order, unit by unit, from the quotes of its refunds."""
    return prior_of(row["quote"] for row in await conn.fetch(_LIVE_QUOTES, order_id))


def prior_of(quotes: Iterable[bytes]) -> PriorRefunds:
    """What quotes, packed as refunds keep them and in their order, come to together."""
    return reduce(after, (Quote.model_validate(PACKING.unpack(quote)) for quote in quotes), PriorRefunds())


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
            await conn.execute(
                _COUNT,
                *(order_id, list(amounts.payments), [sign * amount for amount in amounts.payments.values()]),
                *(list(amounts.lines), *([sign * line[column] for line in lines] for column in range(4))),
                *(list(amounts.freight), [sign * amount for amount in amounts.freight.values()]),
            )
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
_WRITE = """
WITH gone_payments AS (UPDATE payment_caps SET available_minor = 0 WHERE order_id = $1 AND payment_id <> ALL ($2)),
gone_lines AS (UPDATE line_caps SET available_minor = 0, units = 0 WHERE order_id = $1 AND line_id <> ALL ($4)),
gone_freight AS (UPDATE freight_caps SET available_minor = 0 WHERE order_id = $1 AND freight_id <> ALL ($7)),
told_payments AS (
    INSERT INTO payment_caps (order_id, payment_id, available_minor) SELECT $1, told.* FROM unnest($2::text[], $3::bigint[]) AS told
    ON CONFLICT (order_id, payment_id) DO UPDATE SET available_minor = excluded.available_minor
), told_lines AS (
    INSERT INTO line_caps (order_id, line_id, units, available_minor) SELECT $1, told.* FROM unnest($4::text[], $5::integer[], $6::bigint[]) AS told
    ON CONFLICT (order_id, line_id) DO UPDATE SET units = excluded.units, available_minor = excluded.available_minor
), told_freight AS (
    INSERT INTO freight_caps (order_id, freight_id, available_minor) SELECT $1, told.* FROM unnest($7::text[], $8::bigint[]) AS told
    ON CONFLICT (order_id, freight_id) DO UPDATE SET available_minor = excluded.available_minor
)
UPDATE orders SET capped = true WHERE order_id = $1
"""

_LIVE_QUOTES = """
SELECT quote FROM refunds WHERE order_id = $1 AND quote IS NOT NULL AND state IN ('requested', 'stuck', 'settled') ORDER BY requested_at, refund_id
"""

_COUNT = """
WITH payments AS (
    UPDATE payment_caps SET reserved_minor = reserved_minor + asked.amount
    FROM unnest($2::text[], $3::bigint[]) AS asked (id, amount) WHERE order_id = $1 AND payment_id = asked.id
), lines AS (
    UPDATE line_caps SET units_refunded = units_refunded + asked.units, refunded_minor = refunded_minor + asked.amount,
        units_compensated = units_compensated + asked.compensated, compensated_minor = compensated_minor + asked.money
    FROM unnest($4::text[], $5::integer[], $6::bigint[], $7::integer[], $8::bigint[]) AS asked (id, units, amount, compensated, money)
    WHERE order_id = $1 AND line_id = asked.id
)
UPDATE freight_caps SET reserved_minor = reserved_minor + asked.amount
FROM unnest($9::text[], $10::bigint[]) AS asked (id, amount) WHERE order_id = $1 AND freight_id = asked.id
"""
