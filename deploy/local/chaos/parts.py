"""Who plays what: the scripts of the demo, and a compensation besides, dealt so that every one occurs before any comes often."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from contracts.case_state import OptionCode
from deploy.local.demo import scripts
from deploy.local.demo.cases import DemoCase
from deploy.local.demo.merchants import STRICT, split_customers
from deploy.local.demo.planning import CLAIM_DAYS, WINDOW_DAYS, Plan
from deploy.local.demo.scope import Scope
from deploy.local.demo.scripts import Script

COMPENSATED = replace(scripts.DEFECT, name="defect, compensated and kept", remedy=OptionCode.COMPENSATE_KEEP, consents=False)


@dataclass(frozen=True, slots=True)
class _Case:
    case: DemoCase
    late: bool
    early: bool
    strict: bool


_DECK: tuple[tuple[Script, int, Callable[[_Case], bool]], ...] = (
    (scripts.DAMAGED, 3, lambda one: one.early),
    (scripts.DEFECT, 2, lambda one: one.early),
    (scripts.RESHIPPED, 3, lambda one: one.early),
    (COMPENSATED, 3, lambda one: one.early),
    (scripts.MISSING, 2, lambda one: one.early),
    (scripts.REFUSED, 2, lambda one: one.late),
    (scripts.SHORT, 2, lambda one: not one.late and len(one.case.parts) == 1 and one.case.units > 1),
    (scripts.TAKEN_BACK, 2, lambda one: not one.late),
    (scripts.WITHDRAWN, 2, lambda one: not one.late),
    (scripts.UNANSWERED, 1, lambda one: one.strict and not one.late),
    (scripts.CHOOSES, 4, lambda _one: True),
    (scripts.AGREED_AHEAD, 4, lambda _one: True),
    (scripts.OWN_CARRIER, 2, lambda one: not one.late),
    (scripts.SILENT, 1, lambda _one: True),
)
"""The parts, how many cards each has, and which cases can play them."""


def deal_parts(scope: Scope, delivered: Mapping[str, datetime], seed: int) -> Plan:
    """Draw who plays what. ``delivered`` says, by order number, when the goods arrived (file time)."""
    days = [case.days_after(delivered[case.order.number]) for case in scope.cases]
    late = [at for at, age in enumerate(days) if age > WINDOW_DAYS]
    merchants = split_customers(scope.orders, scope.cases, late, seed)
    random = Random(f"{seed}/parts")  # noqa: S311 - a reproducible draw, nothing secret
    cases = [
        _Case(case, late=age > WINDOW_DAYS, early=age <= CLAIM_DAYS, strict=merchants[case.customer] == STRICT)
        for case, age in zip(scope.cases, days, strict=True)
    ]
    drawn: dict[int, Script] = {}
    once = [(script, fits) for script, _cards, fits in _DECK]
    cards = [(script, fits) for script, number, fits in _DECK for _ in range(number)]
    left = random.sample(once, len(once))
    for one in random.sample(cases, len(cases)):
        if not any(fits(one) for _script, fits in left):
            left += random.sample(cards, len(cards))
        position = next(at for at, (_script, fits) in enumerate(left) if fits(one))
        script, _fits = left.pop(position)
        drawn[one.case.position] = _played(script, one, random)
    return Plan(merchants, [drawn[one.case.position] for one in cases])


def _played(script: Script, one: _Case, random: Random) -> Script:
    """A late application asks for an exception; half of what a person must approve is let pass first."""
    script = script.beyond_window() if one.late else script
    asks = one.late or script in (scripts.TAKEN_BACK, scripts.SHORT)
    return scripts.let_pass(script) if asks and one.strict and random.random() < 1 / 2 else script
