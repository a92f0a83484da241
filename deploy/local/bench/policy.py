"""Deciding and quoting, beside one bare evaluation of a decision table in the same run."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from contracts.decision_facts import Facts
from contracts.quote import RefundRequest, RefundUnits
from deploy.local.bench.baselines.policy_table import one_table
from deploy.local.bench.measure import Program, compare
from deploy.local.bench.place import Place
from deploy.local.bench.report import Result, Row
from services.workflow.money.quote import quote
from services.workflow.policy.decide import decide
from services.workflow.policy.policy import Policy
from services.workflow.policy.registry import load_packs

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples" / "facts"


@dataclass(frozen=True, slots=True)
class PolicyRows:
    """The rows of one program; only the ratio means the same on every machine."""

    median: Row
    p99: Row
    baseline: Row
    ratio: Row


def _rows(what: str, of: str, *, median_ms: tuple[float, float], ratio: tuple[float, float]) -> PolicyRows:
    baseline = "one bare evaluation of one decision table by the engine"
    return PolicyRows(
        Row(f"{what}.median", "ms", f"{of}; median call", *median_ms, "lower"),
        Row(f"{what}.p99", "ms", f"{of}; slowest hundredth", better="lower"),
        Row(f"{what}.baseline", "ms", f"{baseline}; median call", better="lower"),
        Row(f"{what}.ratio", "x one table", f"{of} ÷ {baseline}; turns A B A B", *ratio, "lower"),
    )


DECIDE = _rows("decide", "decide() on the documented examples", median_ms=(5.0, 1.0), ratio=(30.0, 12.0))
QUOTE = _rows("quote", "quote() of their orders", median_ms=(1.0, 0.2), ratio=(6.0, 2.5))
ROWS = tuple(row for rows in (DECIDE, QUOTE) for row in (rows.median, rows.p99, rows.baseline, rows.ratio))


async def measure(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`."""
    for result in measure_policy(turns=2 * place.size.turns + 1, calls=min(200, place.size.requests)):
        yield result


def measure_policy(*, turns: int = 15, calls: int = 200) -> Iterator[Result]:
    """The numbers of deciding on the documented examples, and of quoting a refund of their orders."""
    facts = [Facts.model_validate_json(path.read_bytes()) for path in sorted(EXAMPLES.glob("*.json"))]
    policy = load_packs().packs["cn-marketplace"][-1]
    yield from _measured(DECIDE, _deciding(facts, policy), one_table(policy), turns, calls)
    yield from _measured(QUOTE, _quoting(facts), one_table(policy), turns, calls)


def _measured(rows: PolicyRows, ours: Program, baseline: Program, turns: int, calls: int) -> Iterator[Result]:
    found = compare(ours, baseline, turns=turns, calls=calls)
    yield rows.median.is_(found.ours.median_ms)
    yield rows.p99.is_(found.ours.p99_ms)
    yield rows.baseline.is_(found.baseline.median_ms)
    yield rows.ratio.is_(found.ratio)


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
