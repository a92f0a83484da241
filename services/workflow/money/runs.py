"""The units of a line, as runs of consecutive units that were treated alike: which were given back, and what each got as compensation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.quote import PriorLine, PriorUnits
from services.workflow.money.errors import PriorMoneyError
from services.workflow.money.proration import split_evenly


@dataclass(frozen=True, slots=True)
class Run:
    """Units ``first`` to ``first + count - 1``; ``compensated_minor`` is per unit, ``moved_minor`` the part of it that is an order discount."""

    first: int
    count: int
    refunded: bool = False
    compensated_minor: int = 0
    moved_minor: int = 0

    def part(self, first: int, count: int) -> "Run":
        """Some of the units, treated as they are here."""
        return Run(first, count, self.refunded, self.compensated_minor, self.moved_minor)

    def given_back(self) -> "Run":
        """The units, once they are given back."""
        return Run(self.first, self.count, refunded=True, compensated_minor=self.compensated_minor, moved_minor=self.moved_minor)

    def with_more(self, amount_minor: int, *, moved: bool = False) -> "Run":
        """The units with more compensation each, which may be an order discount that moves onto them."""
        more = amount_minor if moved else 0
        return Run(self.first, self.count, self.refunded, self.compensated_minor + amount_minor, self.moved_minor + more)


def runs_of(quantity: int, prior: PriorLine) -> list[Run]:
    """All units of a line of ``quantity`` units, in order.

    Without ``prior.units``, refunded units count from 1, and compensation is divided over the lowest numbers (R-COMP-13). Raises
    ``PriorMoneyError`` where a line had both and nobody says which units got what, or where the runs do not fit the line.
    """
    if not prior.units and prior.units_compensated > quantity:
        # Counters add up what the same units got twice; more units than the line has can only be all of them.
        prior = prior.model_copy(update={"units_compensated": quantity})
    return _with_rest(quantity, known_runs(prior), prior.line_id)


def known_runs(prior: PriorLine) -> list[Run]:
    """The units of a line that something is known of. Raises ``PriorMoneyError`` as :func:`runs_of` does."""
    if prior.units:
        return _filled(prior)
    if prior.units_refunded and prior.units_compensated:
        raise PriorMoneyError(
            f"prior line {prior.line_id} had refunds and compensation, but not which units got what (R-RFD-04): "
            "fill prior.lines[].units, as services.workflow.money.prior.after() does"
        )
    if prior.units_refunded:
        return [Run(1, prior.units_refunded, refunded=True)]
    return _evenly(prior) if prior.units_compensated else []


def _evenly(prior: PriorLine) -> list[Run]:
    each, more = split_evenly(prior.compensated_minor, prior.units_compensated)
    runs = [Run(1, more, compensated_minor=each + 1)] if more else []
    return [*runs, Run(more + 1, prior.units_compensated - more, compensated_minor=each)]


def _filled(prior: PriorLine) -> list[Run]:
    runs: list[Run] = []
    following = 1
    for part in sorted(prior.units, key=lambda each: each.first):
        if part.first < following:
            raise PriorMoneyError(f"prior line {prior.line_id}: unit {part.first} is named twice in units")
        if part.first > following:
            runs.append(Run(following, part.first - following))
        if part.discount_moved_minor > part.compensated_minor:
            raise PriorMoneyError(f"prior line {prior.line_id}: unit {part.first} has more discount_moved_minor than compensated_minor")
        runs.append(Run(part.first, part.count, part.refunded, part.compensated_minor, part.discount_moved_minor))
        following = part.first + part.count
    refunded = sum(run.count for run in runs if run.refunded)
    compensated = sum(run.count * run.compensated_minor for run in runs)
    if (refunded, compensated) != (prior.units_refunded, prior.compensated_minor):
        raise PriorMoneyError(f"prior line {prior.line_id}: units do not add up to units_refunded and compensated_minor")
    return runs


def _with_rest(quantity: int, runs: list[Run], line_id: str) -> list[Run]:
    used = runs[-1].first + runs[-1].count - 1 if runs else 0
    if used > quantity:
        raise PriorMoneyError(f"prior line {line_id}: {used} units given back or compensated, but the line has {quantity}")
    return runs if used == quantity else [*runs, Run(used + 1, quantity - used)]


def kept(runs: Iterable[Run]) -> int:
    """How many units the customer still has."""
    return sum(run.count for run in runs if not run.refunded)


def take(runs: Iterable[Run], count: int, *, compensated_first: bool) -> list[Run]:
    """Choose ``count`` kept units. The caller has checked that there are as many.

    Returned units are the compensated ones first, so that no compensation stays with a unit that came back (R-RFD-04); compensation goes to
    those that had least. Ties go to the lowest numbers (R-COMP-13).
    """
    sign = -1 if compensated_first else 1
    chosen: list[Run] = []
    kept_runs = [run for run in runs if not run.refunded]
    if len(kept_runs) > 1:
        kept_runs.sort(key=lambda run: (sign * run.compensated_minor, run.first))
    for run in kept_runs:
        if count == 0:
            break
        chosen.append(run.part(run.first, min(count, run.count)))
        count -= chosen[-1].count
    return chosen if len(chosen) == 1 else sorted(chosen, key=lambda run: run.first)


def raised(runs: Iterable[Run], each: int, more: int, *, moved: bool = False) -> list[Run]:
    """The runs with ``each`` more compensation per unit, and one minor unit on top for the first ``more`` units."""
    higher: list[Run] = []
    for run in runs:
        upper = min(more, run.count)
        more -= upper
        if upper:
            higher.append(run.part(run.first, upper).with_more(each + 1, moved=moved))
        if run.count > upper:
            higher.append(run.part(run.first + upper, run.count - upper).with_more(each, moved=moved))
    return higher


def put(runs: Iterable[Run], changed: Iterable[Run]) -> list[Run]:
    """The runs of the line after the units in ``changed`` became what they say."""
    news = sorted(changed, key=lambda run: run.first)
    result: list[Run] = list(news)
    for run in runs:
        start, end = run.first, run.first + run.count
        for new in news:
            new_end = new.first + new.count
            if new_end <= start or new.first >= end:
                continue
            if new.first > start:
                result.append(run.part(start, new.first - start))
            start = max(start, new_end)
        if start < end:
            result.append(run.part(start, end - start))
    return _merged(sorted(result, key=lambda run: run.first))


def _merged(runs: list[Run]) -> list[Run]:
    merged: list[Run] = []
    for run in runs:
        last = merged[-1] if merged else None
        # What is known of a line may have gaps; units on either side of one are not consecutive.
        if last and last.first + last.count == run.first and _alike(last) == _alike(run):
            merged[-1] = last.part(last.first, last.count + run.count)
        else:
            merged.append(run)
    return merged


def _alike(run: Run) -> tuple[bool, int, int]:
    return run.refunded, run.compensated_minor, run.moved_minor


def within(runs: Iterable[Run], windows: Sequence[tuple[int, int]] | None) -> list[Run]:
    """The parts of ``runs`` inside ``windows`` of (first unit, count); all of them where there are none to keep to."""
    if windows is None:
        return list(runs)
    parts: list[Run] = []
    for run in runs:
        for first, count in windows:
            low, high = max(run.first, first), min(run.first + run.count, first + count)
            if low < high:
                parts.append(run.part(low, high - low))
    return parts


def as_prior(runs: Iterable[Run]) -> tuple[PriorUnits, ...]:
    """The runs that something happened to, as the contract says it."""
    return tuple(
        PriorUnits(
            first=run.first,
            count=run.count,
            refunded=run.refunded,
            compensated_minor=run.compensated_minor,
            discount_moved_minor=run.moved_minor,
        )
        for run in runs
        if run.refunded or run.compensated_minor
    )
