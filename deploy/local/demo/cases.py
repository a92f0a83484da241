"""The cases of a run: one per credit note and order it touches, in the order of the credit notes, and which of them wait for which."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from deploy.local.demo.dataset import Row
from deploy.local.demo.matching import CreditLine
from deploy.local.demo.orders import DemoOrder

_HOME = ZoneInfo("Europe/London")
"""The time zone of both demo merchants: windows end at its midnight (R-ELIG-02)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Units of one purchase that one credit line gives back."""

    credit: Row
    purchase: Row
    quantity: int


@dataclass(frozen=True)
class DemoCase:
    """One case to be: the units of one order that one credit note gives back. ``position`` is its place in the run.

    ``waits_for`` are the positions of earlier cases about one of its lines: a line's next case is opened once they are closed. ``takes_rest`` says
    that after this credit note and all others of the file nothing of the order is left with the customer.
    """

    position: int
    credit_note: str
    order: DemoOrder
    parts: tuple[Part, ...]
    waits_for: tuple[int, ...] = ()
    takes_rest: bool = False

    @property
    def customer(self) -> str:
        """Whose case it is."""
        return self.order.customer

    @cached_property
    def requested(self) -> datetime:
        """When the customer applied, in the file's time."""
        return max(part.credit.moment for part in self.parts)

    @cached_property
    def lines(self) -> dict[int, int]:
        """Units by purchase row; two credit lines of one note can be about one row."""
        units: dict[int, int] = defaultdict(int)
        for part in self.parts:
            units[part.purchase.index] += part.quantity
        return dict(units)

    @property
    def units(self) -> int:
        """How many units come back."""
        return sum(self.lines.values())

    def days_after(self, delivered: datetime) -> int:
        """Whole days from the day of delivery to the day of the application; both in UTC without a zone, counted on the shop's calendar."""
        return (_local_day(self.requested) - _local_day(delivered)) // timedelta(days=1)


def _local_day(moment: datetime) -> date:
    return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(_HOME).date()


def make_cases(credit_lines: Sequence[CreditLine], orders: Sequence[DemoOrder]) -> list[DemoCase]:
    """Every credit note becomes one case per order it touches."""
    order_of = {row.index: order for order in orders for row in order.lines}
    parts: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for line in credit_lines:
        for match in line.matches:
            key = (line.row.invoice, order_of[match.purchase.index].number)
            parts[key].append(Part(line.row, match.purchase, match.quantity))
    in_time = sorted(
        parts.items(), key=lambda item: (max(part.credit.moment for part in item[1]), min(part.credit.index for part in item[1]))
    )
    given_back: dict[str, int] = defaultdict(int)
    for (_note, order_number), of_case in in_time:
        given_back[order_number] += sum(part.quantity for part in of_case)
    cases: list[DemoCase] = []
    seen: dict[int, list[int]] = defaultdict(list)
    for position, ((note, order_number), of_case) in enumerate(in_time):
        order = order_of[of_case[0].purchase.index]
        rows = dict.fromkeys(part.purchase.index for part in of_case)
        earlier = sorted({before for row in rows for before in seen[row]})
        cases.append(DemoCase(position, note, order, tuple(of_case), tuple(earlier), given_back[order_number] >= order.units))
        for row in rows:
            seen[row].append(position)
    return cases
