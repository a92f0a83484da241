"""The caps of an order: what each payment, line and freight charge can still give back.

``reserved <= available`` is a constraint of the tables, so that no mistake above can give a cent twice. Callers hold the order's row lock. The functions of
the migrations write nothing where a constraint says no.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

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
    await _call(conn, f"SELECT {_WRITE}", *_caps(order))


def prior_of(quotes: Iterable[bytes]) -> PriorRefunds:
    """What quotes, packed as refunds keep them and in their order, come to together."""
    return reduce(after, (Quote.model_validate(PACKING.unpack(quote)) for quote in quotes), PriorRefunds())


async def reserve(conn: Connection, order_id: OrderId, quote: Quote, *, first_of: Order | None) -> None:
    """Count a quote against the caps, after writing them where it is the ``first_of`` its order, None: they are there.

    Raises :class:`CapExceededError`; then nothing was counted. Raises ``MoneyError`` where the order's amounts contradict each other.
    """
    counted = _counted(order_id, quote, sign=1)
    if first_of is None:
        await _call(conn, f"SELECT {_COUNT}", *counted)
    else:
        await _call(conn, f"SELECT coalesce({_WRITE}, {_COUNT_TOO})", *_caps(first_of), *counted)


async def release(conn: Connection, order_id: OrderId, quote: Quote) -> None:
    """Undo :func:`reserve`. Only for a refund of which nothing was paid, by the provider's own records."""
    await _call(conn, f"SELECT {_COUNT}", *_counted(order_id, quote, sign=-1))


async def _call(conn: Connection, query: str, *values: Any) -> None:
    broken = await conn.fetchval(query, *values)
    if broken is not None:
        raise CapExceededError(broken)


def _caps(order: Order) -> Sequence[Any]:
    """The parameters of ``write_caps``."""
    payments = {payment.payment_id: payment.captured_minor - payment.refunded_elsewhere_minor for payment in order.payments}
    paid = lines_paid(order)
    freight = {charge.freight_id: freight_paid_minor(order, charge) for charge in order.freight}
    units = {line.line_id: line.quantity for line in order.lines}
    return (
        *(order.order_id, list(payments), list(payments.values())),
        *(list(units), list(units.values()), [paid[line_id].paid_minor for line_id in units]),
        *(list(freight), list(freight.values())),
    )


def _counted(order_id: OrderId, quote: Quote, *, sign: int) -> Sequence[Any]:
    """The parameters of ``count_caps``."""
    amounts = _sum_up(quote)
    lines: Sequence[tuple[int, int, int, int]] = list(amounts.lines.values())
    return (
        *(order_id, list(amounts.payments), [sign * amount for amount in amounts.payments.values()]),
        *(list(amounts.lines), *([sign * line[column] for line in lines] for column in range(4))),
        *(list(amounts.freight), [sign * amount for amount in amounts.freight.values()]),
    )


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


def _places(first: int, count: int) -> str:
    return ", ".join(f"${number}" for number in range(first, first + count))


_WRITE = f"write_caps({_places(1, 8)})"
_COUNT = f"count_caps({_places(1, 10)})"
_COUNT_TOO = f"count_caps({_places(9, 10)})"
