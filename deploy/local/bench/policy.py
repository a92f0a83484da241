"""Deciding and quoting, beside one bare evaluation of a decision table in the same run."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from contracts.decision_facts import Facts
from contracts.quote import RefundRequest, RefundUnits
from deploy.local.bench.baselines import one_table
from deploy.local.bench.measure import Program, compare
from deploy.local.bench.report import Result
from services.workflow.money.quote import quote
from services.workflow.policy.decide import decide
from services.workflow.policy.policy import Policy
from services.workflow.policy.registry import load_packs

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples" / "facts"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a median in milliseconds and its ratio to the baseline must hold, and what is aimed at. Only the ratio means the same on every machine."""

    hold_ms: float
    aim_ms: float
    hold_ratio: float
    aim_ratio: float


DECIDE = Limits(hold_ms=5.0, aim_ms=1.0, hold_ratio=30.0, aim_ratio=12.0)
QUOTE = Limits(hold_ms=1.0, aim_ms=0.2, hold_ratio=6.0, aim_ratio=2.5)


def measure_policy(*, turns: int = 15, calls: int = 200) -> Iterator[Result]:
    """The numbers of deciding on the documented examples, and of quoting a refund of their orders."""
    facts = [Facts.model_validate_json(path.read_bytes()) for path in sorted(EXAMPLES.glob("*.json"))]
    policy = load_packs().packs["cn-marketplace"][-1]
    yield from _measured("decide", _deciding(facts, policy), one_table(policy), DECIDE, turns, calls)
    yield from _measured("quote", _quoting(facts), one_table(policy), QUOTE, turns, calls)


def _measured(name: str, ours: Program, baseline: Program, limits: Limits, turns: int, calls: int) -> Iterator[Result]:
    found = compare(ours, baseline, turns=turns, calls=calls)
    yield Result(f"{name}.median", found.ours.median_ms, "ms", limits.hold_ms, limits.aim_ms, "lower")
    yield Result(f"{name}.p99", found.ours.p99_ms, "ms", None, None, "lower")
    yield Result(f"{name}.baseline", found.baseline.median_ms, "ms", None, None, "lower")
    yield Result(f"{name}.ratio", found.ratio, "x one table", limits.hold_ratio, limits.aim_ratio, "lower")


def _deciding(facts: list[Facts], policy: Policy) -> Program:
    turn = cycle(facts)
    return lambda: decide(next(turn), policy)


def _quoting(facts: list[Facts]) -> Program:
    asked = [
        (each.order, RefundRequest(currency=each.order.currency, items=tuple(_units(each))), each.prior)
        for each in facts
        if each.order is not None
    ]
    turn = cycle(asked)
    return lambda: quote(*next(turn))


def _units(facts: Facts) -> Iterator[RefundUnits]:
    for affected in facts.affected:
        yield RefundUnits(line_id=affected.line_id, quantity=affected.quantity)
