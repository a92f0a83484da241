"""What became of every match: units and pence of the refund events, shared exactly among the credit lines that they are for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contracts.case_state import CaseOutcome
from contracts.refund_v1 import RefundSettled
from deploy.local.demo.cases import DemoCase, Part
from deploy.local.demo.scripts import Outcome

_WITHOUT_MONEY = {CaseOutcome.RESHIPPED: Outcome.RESHIPPED, CaseOutcome.WITHDRAWN: Outcome.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class LineRefund:
    """What was paid back for one line in one case: units given back, and the money, compensation included."""

    units: int = 0
    amount_minor: int = 0


@dataclass(frozen=True, slots=True)
class MatchResult:
    """How one match ended."""

    part: Part
    outcome: Outcome
    quantity_refunded: int
    refund_minor: int


def refunds_by_line(events: Iterable[RefundSettled]) -> dict[str, dict[int, LineRefund]]:
    """What each case paid back, by case id and purchase row. Freight is of the order, not of a line."""
    paid: dict[str, dict[int, LineRefund]] = defaultdict(dict)
    for event in events:
        for line in event.lines:
            if line.line_id is None:
                continue
            before = paid[str(event.case_id)].get(int(line.line_id), LineRefund())
            units = line.quantity if line.kind == "units" else 0
            paid[str(event.case_id)][int(line.line_id)] = LineRefund(before.units + units, before.amount_minor + line.amount_minor)
    return dict(paid)


def share_out(quantities: Sequence[int], paid: LineRefund) -> list[LineRefund]:
    """Share what was paid for a line among the matches that name it: units in their order, money by units, and not a penny more or less."""
    shares: list[LineRefund] = []
    units_so_far = minor_so_far = 0
    for position, quantity in enumerate(quantities):
        last = position == len(quantities) - 1
        units = min(quantity, paid.units - units_so_far)
        units_so_far += units
        minor = paid.amount_minor if last else (paid.amount_minor * units_so_far // paid.units if paid.units else 0)
        shares.append(LineRefund(units, minor - minor_so_far))
        minor_so_far = minor
    return shares


def results_of(case: DemoCase, ended: CaseOutcome | None, paid: Mapping[int, LineRefund]) -> list[MatchResult]:
    """The result of every match of a case. One that has not ended counts as declined; the run is then no success anyway."""
    by_row: dict[int, list[Part]] = defaultdict(list)
    for part in case.parts:
        by_row[part.purchase.index].append(part)
    results = []
    for row, parts in by_row.items():
        of_line = paid.get(row, LineRefund())
        if ended is CaseOutcome.REFUNDED and row not in paid:
            of_line = LineRefund(sum(part.quantity for part in parts))  # goods worth less than half a penny: there was nothing to pay
        for part, share in zip(parts, share_out([part.quantity for part in parts], of_line), strict=True):
            results.append(MatchResult(part, _outcome(part, share, ended), share.units, share.amount_minor))
    return results


def _outcome(part: Part, share: LineRefund, ended: CaseOutcome | None) -> Outcome:
    if share.units == part.quantity:
        return Outcome.REFUNDED
    if share.units or share.amount_minor:
        return Outcome.PARTLY_REFUNDED
    return _WITHOUT_MONEY.get(ended, Outcome.DECLINED) if ended else Outcome.DECLINED
