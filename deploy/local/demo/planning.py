"""Who plays what: every case gets its script from the seed, so that most matches are refunded and every other ending occurs.

At least three quarters of the matches end refunded however small the file; of a large one about five in six. What a file is too small for is left
out: first the rare endings, never the share.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from deploy.local.demo import scripts
from deploy.local.demo.cases import DemoCase
from deploy.local.demo.merchants import STRICT, split_customers
from deploy.local.demo.scope import Scope
from deploy.local.demo.scripts import Script

WINDOW_DAYS = 30
"""The window of both demo packs, for returns without a reason and for claims alike."""
CLAIM_DAYS = 20
"""Claims are made well inside the window, so that only their evidence decides."""
OTHER_ENDINGS_PERCENT = 17
FEW_MATCHES = 5
_REFUNDED: tuple[tuple[Script, int], ...] = (
    (scripts.AGREED_AHEAD, 60),
    (scripts.CHOOSES, 14),
    (scripts.SILENT, 6),
    (scripts.OWN_CARRIER, 4),
    (scripts.DAMAGED, 6),
    (scripts.DEFECT, 5),
    (scripts.MISSING, 5),
)
_CLAIMS = frozenset({scripts.DAMAGED.name, scripts.DEFECT.name, scripts.MISSING.name, scripts.RESHIPPED.name})


@dataclass(frozen=True, slots=True)
class Plan:
    """The merchant of every customer, and the script of every case by its position."""

    merchants: Mapping[str, str]
    scripts: Sequence[Script]


@dataclass(frozen=True, slots=True)
class _Case:
    case: DemoCase
    late: bool
    early: bool
    strict: bool

    @property
    def matches(self) -> int:
        return len(self.case.parts)


_Fits = Callable[[_Case], bool]
_OTHERS: tuple[tuple[Script, _Fits], ...] = (
    (scripts.TAKEN_BACK, lambda one: not one.late),
    (scripts.SHORT, lambda one: not one.late and one.matches == 1 and one.case.units > 1),
    (scripts.RESHIPPED, lambda one: one.early),
    (scripts.WITHDRAWN, lambda one: not one.late),
    (scripts.REFUSED, lambda one: one.late),
    (scripts.UNANSWERED, lambda one: one.strict and not one.late),
)
"""The endings other than a refund, the first needed first, and the cases that can have them."""


def make_plan(scope: Scope, delivered: Mapping[str, datetime], seed: int) -> Plan:
    """Draw the whole plan. ``delivered`` says, by order number, when the goods arrived (file time)."""
    days = [case.days_after(delivered[case.order.number]) for case in scope.cases]
    merchants = split_customers(scope.orders, scope.cases, [at for at, age in enumerate(days) if age > WINDOW_DAYS], seed)
    cases = [
        _Case(case, late=age > WINDOW_DAYS, early=age <= CLAIM_DAYS, strict=merchants[case.customer] == STRICT)
        for case, age in zip(scope.cases, days, strict=True)
    ]
    random = Random(f"{seed}/scripts")  # noqa: S311 - a reproducible draw, nothing secret
    drawn = {one.case.position: _refunded(one, random) for one in cases}
    drawn |= _other_endings(cases, random)
    drawn |= _escalations(cases, drawn, random)
    return Plan(merchants, [drawn[one.case.position].beyond_window() if one.late else drawn[one.case.position] for one in cases])


def other_endings_allowed(matches: int) -> int:
    """How many matches may end otherwise than refunded."""
    return max(matches * OTHER_ENDINGS_PERCENT // 100, min(matches // 4, FEW_MATCHES))


def _refunded(one: _Case, random: Random) -> Script:
    fitting = [(script, weight) for script, weight in _REFUNDED if one.early or script.name not in _CLAIMS]
    return random.choices([script for script, _ in fitting], [weight for _, weight in fitting])[0]


def _other_endings(cases: Sequence[_Case], random: Random) -> dict[int, Script]:
    """One of each ending first, in the smallest cases that can have it; then more in turn, until the share is used up."""
    left = other_endings_allowed(sum(one.matches for one in cases))
    drawn: dict[int, Script] = {}
    shuffled = random.sample(cases, len(cases))
    smallest_first = sorted(shuffled, key=lambda one: one.matches)
    for first in (True, False):
        while True:
            before = left
            for script, fits in _OTHERS:
                free = [one for one in (smallest_first if first else shuffled) if one.case.position not in drawn and fits(one)]
                if script is scripts.TAKEN_BACK:
                    # Its approval is let pass, which is soon over where deadlines are short.
                    most = max(1, left // 2)
                    free.sort(key=lambda one: (one.matches > most, not one.strict))
                taken = next((one for one in free if one.matches <= left and not _third_failure(one.case, drawn)), None)
                if taken is not None:
                    drawn[taken.case.position] = script
                    left -= taken.matches
            if first or left == before:
                break
    return drawn


def _third_failure(case: DemoCase, drawn: Mapping[int, Script]) -> bool:
    """Whether a line would see a third application without success: after that only staff can open the next (R-CASE-06)."""
    return sum(before in drawn for before in case.waits_for) >= 2  # noqa: PLR2004 - the rule's own number, less this one


def _escalations(cases: Sequence[_Case], drawn: Mapping[int, Script], random: Random) -> dict[int, Script]:
    """At the strict shop every exception and every proposal is let pass; elsewhere one is, if there is none at all otherwise."""
    asking = [one for one in cases if one.late or drawn[one.case.position] in (scripts.TAKEN_BACK, scripts.SHORT)]
    passing = [one for one in asking if one.strict]
    if not passing and asking:
        passing = [random.choice(asking)]
    return {one.case.position: scripts.let_pass(drawn[one.case.position]) for one in passing}
