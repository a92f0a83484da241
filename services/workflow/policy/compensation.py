"""Money for goods that are kept: the standard offer with its caps, and the raised offer (R-COMP-01 to R-COMP-05, R-COMP-13)."""

from dataclasses import dataclass

from iso4217 import Currency

from contracts.quote import CompensateUnits
from services.workflow.money.runs import take
from services.workflow.policy.situation import Situation


@dataclass(frozen=True, slots=True)
class UnitRoom:
    """Units of one line that are alike: how many, and what each could get at most."""

    line_id: str
    count: int
    amount_minor: int


def half_cap_minor(unit_paid_minor: int, currency: str, rounding: str) -> int:
    """Half of what one unit cost, rounded down to whole yuan, pounds and so on, or to the minor unit (R-COMP-03, C-06)."""
    if rounding == "minor_unit":
        return unit_paid_minor // 2
    major: int = 10 ** (Currency(currency).exponent or 0)
    return unit_paid_minor // (2 * major) * major


def half_caps(situation: Situation) -> list[UnitRoom]:
    """For each group of affected units: half of the paid price, less what the units already got (R-COMP-03)."""
    rounding = situation.policy.settings.comp.half_price_rounding
    rooms: list[UnitRoom] = []
    for each in situation.facts.affected:
        state = situation.states[each.line_id]
        half = half_cap_minor(state.paid.unit_minor, situation.currency, rounding)
        rooms.extend(
            UnitRoom(each.line_id, run.count, max(0, half - run.compensated_minor))
            for run in take(state.runs, each.quantity, compensated_first=False)
        )
    return rooms


def standard_offer(situation: Situation) -> list[CompensateUnits]:
    """The first-tier compensation of every line, empty where there is no room for any (R-COMP-04).

    Where the policy has no amount in the order's currency nothing is offered: the customer's other options stand, and a person may decide.
    """
    rows = situation.policy.tables["compensation"].matching(scene=situation.facts.scene.value)
    if not rows:
        return []
    row = rows[0]
    unit, cap = situation.amount(row.word("unit amount")), situation.amount("comp.first_tier_cap")
    if unit is None or cap is None:
        situation.trace.note(row.rule, "no compensation amount in this currency", source=row.source, currency=situation.currency)
        return []
    rooms = [UnitRoom(room.line_id, room.count, min(unit, room.amount_minor)) for room in half_caps(situation)]
    uncapped = sum(room.count * room.amount_minor for room in rooms)
    left = cap - situation.facts.first_tier_paid_minor
    amount = min(uncapped, left)
    situation.trace.row(row, "standard amount per unit", unit_minor=unit, after_half_caps_minor=uncapped)
    situation.trace.note("R-COMP-03", "no unit gets more than half its paid price", dearest_unit_minor=situation.dearest_unit_minor)
    situation.trace.note("R-COMP-02", "room under the cap of the order", source="comp.first_tier_cap", cap_minor=cap, used_minor=cap - left)
    situation.trace.note("R-COMP-04", "the standard offer", amount_minor=max(0, amount))
    return _divided(rooms, amount) if amount > 0 else []


def raised_offer(situation: Situation, standard_minor: int) -> list[CompensateUnits]:
    """The most a supervisor may raise compensation to, empty where that is not above the standard offer (R-COMP-05)."""
    rooms = half_caps(situation)
    amount = sum(room.count * room.amount_minor for room in rooms)
    situation.trace.note("R-COMP-05", "the raised offer", amount_minor=amount, standard_minor=standard_minor)
    return _divided(rooms, amount) if amount > max(standard_minor, 0) else []


def _divided(rooms: list[UnitRoom], amount_minor: int) -> list[CompensateUnits]:
    """Split in proportion to the units' rooms, floor, left-over minor units one each to the first units (R-COMP-13)."""
    whole = sum(room.count * room.amount_minor for room in rooms)
    parts = [room.count * (amount_minor * room.amount_minor // whole) for room in rooms]
    over = amount_minor - sum(parts)
    for place, room in enumerate(rooms):
        more = min(over, room.count) if room.amount_minor else 0
        parts[place] += more
        over -= more
    counts: dict[str, int] = {}
    amounts: dict[str, int] = {}
    for room, part in zip(rooms, parts, strict=True):
        if part:
            counts[room.line_id] = counts.get(room.line_id, 0) + room.count
            amounts[room.line_id] = amounts.get(room.line_id, 0) + part
    return [CompensateUnits(line_id=line_id, quantity=counts[line_id], amount_minor=amounts[line_id]) for line_id in amounts]
