"""Money for goods that are kept: the standard offer with its caps, and the raised offer (R-COMP-01 to R-COMP-05, R-COMP-13)."""

from dataclasses import dataclass, replace
from itertools import groupby

from iso4217 import Currency

from contracts.case_state import OptionCode
from contracts.decision_facts import Facts
from contracts.quote import CompensateUnits
from services.workflow.money.runs import take
from services.workflow.policy.errors import FactsError
from services.workflow.policy.situation import Situation
from services.workflow.policy.table import Row


@dataclass(frozen=True, slots=True)
class UnitRoom:
    """Units of one line that are alike: how many, what each could get at most, and what each got before."""

    line_id: str
    count: int
    amount_minor: int
    before_minor: int = 0


def half_cap_minor(unit_paid_minor: int, currency: str, rounding: str) -> int:
    """Half of what one unit cost, rounded down to whole yuan, pounds and so on, or to the minor unit (R-COMP-03, C-06)."""
    if rounding == "minor_unit":
        return unit_paid_minor // 2
    major: int = 10 ** (Currency(currency).exponent or 0)
    return unit_paid_minor // (2 * major) * major


def settlement_max_minor(situation: Situation) -> int:
    """The most that keeping the affected units at a reduced price can come to: the sum of their half caps (R-DEC-28, R-COMP-03)."""
    most = sum(room.count * room.amount_minor for room in half_caps(situation))
    situation.trace.note("R-DEC-28", "a settlement of at most half the price, set by a supervisor", at_most_minor=most)
    return most


def half_caps(situation: Situation) -> list[UnitRoom]:
    """For each group of affected units: half of the paid price, less what the units already got (R-COMP-03)."""
    rounding = situation.policy.settings.comp.half_price_rounding
    rooms: list[UnitRoom] = []
    for each in situation.facts.affected:
        state = situation.states[each.line_id]
        half = half_cap_minor(state.paid.unit_minor, situation.currency, rounding)
        rooms.extend(
            UnitRoom(each.line_id, run.count, max(0, half - run.compensated_minor), run.compensated_minor)
            for run in take(state.runs, each.quantity, compensated_first=False)
        )
    return rooms


@dataclass(frozen=True, slots=True)
class StandardOffer:
    """The standard money for kept goods: ``items`` where it can be offered now, ``open`` until the customer turned the last step of it down."""

    items: list[CompensateUnits]
    open: bool
    final_minor: int = 0


def standard_offer(situation: Situation) -> StandardOffer:
    """The first-tier compensation of every line (R-COMP-04), in one or two steps (R-COMP-01, R-COMP-14).

    Where the policy has no amount in the order's currency nothing is offered: the customer's other options stand, and a person may decide. Where no
    offer can be made it counts as turned down (R-COMP-05).
    """
    row = situation.policy.tables["compensation"].find(scene=situation.scene.value)
    if row is None:
        return StandardOffer([], open=False)
    cap = situation.amount("comp.first_tier_cap")
    steps = _steps(situation, row, cap)
    if not steps or cap is None:
        return StandardOffer([], open=False)
    refused = times_turned_down(situation.facts)
    final = sum(item.amount_minor for item in steps[-1])
    if refused >= len(steps):
        return StandardOffer([], open=False, final_minor=final)
    if len(steps) > 1:
        situation.trace.note("R-COMP-14", "the same steps for everybody", step=refused + 1, steps=len(steps))
    return StandardOffer(steps[refused], open=True, final_minor=final)


def _steps(situation: Situation, row: Row, cap_minor: int | None) -> list[list[CompensateUnits]]:
    """What each step comes to after the caps; a second step that is not higher than the first is skipped (R-COMP-04)."""
    steps: list[list[CompensateUnits]] = []
    amounts = [row.word("unit amount"), *row.says["final amount"]]
    if cap_minor is None or any(situation.amount(path) is None for path in amounts):
        situation.trace.note(row.rule, "no compensation amount in this currency", source=row.source, currency=situation.currency)
        return steps
    for path in amounts:
        items = _capped(situation, row, situation.amount(path) or 0, cap_minor)
        if items and (not steps or _sum(items) > _sum(steps[-1])):
            steps.append(items)
    return steps


def _sum(items: list[CompensateUnits]) -> int:
    return sum(item.amount_minor for item in items)


def times_turned_down(facts: Facts) -> int:
    """How often money was turned down; who chooses the return has turned down the money beside it (R-COMP-05)."""
    instead = int(facts.agreed_option is OptionCode.RETURN_REFUND)
    if facts.compensation_rejections is not None:
        return facts.compensation_rejections + instead
    return max(1, facts.rejected_offers) if OptionCode.COMPENSATE_KEEP in facts.rejected_options else instead


def _capped(situation: Situation, row: Row, unit_minor: int, cap_minor: int) -> list[CompensateUnits]:
    rooms = [replace(room, amount_minor=min(unit_minor, room.amount_minor)) for room in half_caps(situation)]
    uncapped = sum(room.count * room.amount_minor for room in rooms)
    left = cap_minor - situation.facts.first_tier_paid_minor
    amount = min(uncapped, left)
    trace = situation.trace
    trace.row(row, "standard amount per unit", unit_minor=unit_minor, after_half_caps_minor=uncapped)
    trace.note("R-COMP-03", "no unit gets more than half its paid price", dearest_unit_minor=situation.dearest_unit_minor)
    trace.note(
        "R-COMP-02", "room under the cap of the order", source="comp.first_tier_cap", cap_minor=cap_minor, used_minor=cap_minor - left
    )
    trace.note("R-COMP-04", "the standard offer", amount_minor=max(0, amount))
    return _divided(situation, rooms, amount) if amount > 0 else []


def raised_offer(situation: Situation, standard_minor: int) -> list[CompensateUnits]:
    """The most a supervisor may raise compensation to, or what the supervisor chose; empty where that is not above the standard offer (R-COMP-05).

    Raises ``FactsError`` where the chosen amount is not above the standard offer, or above the half caps.
    """
    rooms = half_caps(situation)
    most = sum(room.count * room.amount_minor for room in rooms)
    amount = most if situation.facts.compensation_agreed_minor is None else situation.facts.compensation_agreed_minor
    situation.trace.note("R-COMP-05", "the raised offer", amount_minor=amount, at_most_minor=most, standard_minor=standard_minor)
    if most <= max(standard_minor, 0):
        return []
    if not standard_minor < amount <= most:
        raise FactsError(
            "compensation_agreed_minor",
            f"{amount} is not above {standard_minor} and at most {most} (R-COMP-05)",
            "choose an amount in between",
        )
    return _divided(situation, rooms, amount)


def promise_ceiling_minor(situation: Situation) -> int | None:
    """The most that a broken promise may be compensated with: a part of the affected lines' price, up to a limit (R-COMP-10); None without a limit."""
    most = situation.amount("comp.promise_max")
    if most is None:
        return None
    goods = sum(situation.states[each.line_id].paid.paid_minor for each in situation.facts.affected)
    percent = situation.number("comp.promise_pct")
    ceiling = min(goods * percent // 100, most)
    situation.trace.note(
        "R-COMP-10", "the ceiling for a broken promise, no entitlement", goods_minor=goods, percent=percent, amount_minor=ceiling
    )
    return ceiling


def _divided(situation: Situation, rooms: list[UnitRoom], amount_minor: int) -> list[CompensateUnits]:
    """Split in proportion to the units' rooms, floor, left-over minor units one each to the first units (R-COMP-13).

    Units of a line with the same room are one item, which is booked evenly; others are items of their own, those that had least before first.
    """
    whole = sum(room.count * room.amount_minor for room in rooms)
    parts = [room.count * (amount_minor * room.amount_minor // whole) for room in rooms]
    over = amount_minor - sum(parts)
    for place, room in enumerate(rooms):
        more = min(over, room.count) if room.amount_minor else 0
        parts[place] += more
        over -= more
    situation.trace.note("R-COMP-13", "booked per unit, in proportion to what each could get")
    situation.trace.note("R-COMP-07", "a partial refund to the way it was paid", amount_minor=amount_minor)
    items = []
    for line_id, group in groupby(zip(rooms, parts, strict=True), key=lambda each: each[0].line_id):
        alike: dict[int, tuple[int, int]] = {}
        for room, part in sorted(group, key=lambda each: each[0].before_minor):
            count, sum_minor = alike.get(room.amount_minor, (0, 0))
            alike[room.amount_minor] = (count + room.count, sum_minor + part)
        items += [CompensateUnits(line_id=line_id, quantity=count, amount_minor=part) for count, part in alike.values() if part]
    return items
