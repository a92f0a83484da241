"""Which purchases a credit line gives back.

A credit line is matched against the same customer's purchases of the same article up to that moment, latest invoice first (in one invoice the
later row first), over several purchases where needed, units not yet credited. A line that cannot be matched whole, or is no article, is rejected
with a reason code; nothing is dropped.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from deploy.local.demo.dataset import Row, credit_lines
from deploy.local.demo.orders import DemoOrder


class Rejection(StrEnum):
    """Why a credit line makes no case."""

    NO_ARTICLE = "no_article"
    NO_CUSTOMER = "no_customer"
    NO_PRICE = "no_price"
    NOT_A_RETURN = "not_a_return"
    NO_PURCHASE = "no_purchase"
    NOT_ENOUGH_UNITS = "not_enough_units"


@dataclass(frozen=True, slots=True)
class Match:
    """Units of one purchase that a credit line gives back."""

    purchase: Row
    quantity: int


@dataclass(frozen=True, slots=True)
class CreditLine:
    """A credit line with its matches, or with the reason why it has none."""

    row: Row
    matches: tuple[Match, ...] = ()
    rejection: Rejection | None = None

    @property
    def quantity(self) -> int:
        """How many units came back."""
        return -self.row.quantity


def match_credit_lines(rows: list[Row], orders: Iterable[DemoOrder]) -> list[CreditLine]:
    """Match every credit line of the file with the lines of its orders, earliest first; the answer is in the file's order."""
    purchases: dict[tuple[str, str], list[Row]] = defaultdict(list)
    latest_first: dict[int, tuple[datetime, int, int]] = {}
    for order in orders:
        for row in order.lines:
            if row.is_article:
                purchases[row.customer, row.stock_code].append(row)
                latest_first[row.index] = (order.moment, int(row.invoice), row.index)
    for bought in purchases.values():
        bought.sort(key=lambda row: latest_first[row.index], reverse=True)
    left = {row.index: row.quantity for bought in purchases.values() for row in bought}
    matched = [_match(row, purchases, left) for row in sorted(credit_lines(rows), key=lambda row: (row.moment, row.index))]
    return sorted(matched, key=lambda line: line.row.index)


def _match(row: Row, purchases: Mapping[tuple[str, str], list[Row]], left: dict[int, int]) -> CreditLine:
    rejection = _no_return(row)
    if rejection is not None:
        return CreditLine(row, rejection=rejection)
    earlier = [bought for bought in purchases.get((row.customer, row.stock_code), ()) if bought.moment <= row.moment]
    if not earlier:
        return CreditLine(row, rejection=Rejection.NO_PURCHASE)
    wanted = -row.quantity
    matches: list[Match] = []
    for bought in earlier:
        take = min(wanted, left[bought.index])
        if take:
            matches.append(Match(bought, take))
            wanted -= take
    if wanted:
        return CreditLine(row, rejection=Rejection.NOT_ENOUGH_UNITS)
    for match in matches:
        left[match.purchase.index] -= match.quantity
    return CreditLine(row, matches=tuple(matches))


def _no_return(row: Row) -> Rejection | None:
    if not row.is_article:
        return Rejection.NO_ARTICLE
    if not row.customer:
        return Rejection.NO_CUSTOMER
    if row.unit_price <= 0:
        return Rejection.NO_PRICE
    return Rejection.NOT_A_RETURN if row.quantity >= 0 else None
