"""What one run of the demo covers: the whole file, or with a limit its first credit notes that make so many cases."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy.local.demo.cases import DemoCase, make_cases
from deploy.local.demo.dataset import DatasetError, Row, read_rows
from deploy.local.demo.matching import CreditLine, match_credit_lines
from deploy.local.demo.orders import DemoOrder, RejectedRow, read_orders


@dataclass(frozen=True, slots=True)
class Scope:
    """The orders, credit lines and cases of a run. ``first_credit`` is, by order number, when the first of its goods came back (file time)."""

    orders: tuple[DemoOrder, ...]
    credit_lines: tuple[CreditLine, ...]
    cases: tuple[DemoCase, ...]
    rejected_rows: tuple[RejectedRow, ...]
    first_credit: dict[str, datetime]
    ends: datetime

    @property
    def matches(self) -> int:
        """How many matches there are: each ends in an outcome."""
        return sum(len(case.parts) for case in self.cases)

    @property
    def rejected_lines(self) -> int:
        """How many credit lines make no case."""
        return sum(line.rejection is not None for line in self.credit_lines)


def read_scope(path: Path, limit: int | None = None) -> Scope:
    """Read a file and take the whole of it, or with ``limit`` a part: see :func:`scope_of`.

    Raises:
        DatasetError: the file is not one of invoices and credit notes, or the limit is below 1.
    """
    return scope_of(read_rows(path), limit)


def scope_of(rows: list[Row], limit: int | None = None) -> Scope:
    """What a run covers. ``limit`` takes the credit notes from the start, whole, until they make so many cases, and the orders that these touch.

    Raises:
        DatasetError: the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise DatasetError(f"a limit of {limit} cases leaves nothing to do: it must be 1 or more")
    orders, rejected = read_orders(rows)
    lines = match_credit_lines(rows, orders)
    if limit is not None:
        lines = _first_lines(lines, limit)
    cases = make_cases(lines, orders)
    if limit is not None:
        touched = {case.order.number for case in cases}
        orders = [order for order in orders if order.number in touched]
        rejected = [one for one in rejected if one.row.invoice in touched]
    return Scope(tuple(orders), tuple(lines), tuple(cases), tuple(rejected), _first_credit(cases), max(row.moment for row in rows))


def _first_lines(lines: Sequence[CreditLine], limit: int) -> list[CreditLine]:
    """The credit notes from the start of the file, whole, until they make at least so many cases."""
    notes: dict[str, list[CreditLine]] = defaultdict(list)
    for line in lines:
        notes[line.row.invoice].append(line)
    taken: list[CreditLine] = []
    cases = 0
    for of_note in notes.values():
        if cases >= limit:
            break
        cases += len({match.purchase.invoice for line in of_note for match in line.matches})
        taken += of_note
    return sorted(taken, key=lambda line: line.row.index)


def _first_credit(cases: Sequence[DemoCase]) -> dict[str, datetime]:
    """An order must have arrived before its first goods come back."""
    first: dict[str, datetime] = {}
    for case in cases:
        earliest = min(part.credit.moment for part in case.parts)
        first[case.order.number] = min(earliest, first.get(case.order.number, earliest))
    return first
