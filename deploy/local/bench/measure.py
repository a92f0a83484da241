"""Timing two programs in turns, A B A B …, so that whatever else the machine does meets both alike."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns

Program = Callable[[], object]
"""One call is one piece of work."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What a piece of work took, in milliseconds: the median over all turns of the median within each, and of all single calls the slowest hundredth."""

    median_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A program beside its baseline, measured in the same run. ``ratio`` is how many times the baseline it takes, turn by turn."""

    ours: Timing
    baseline: Timing
    ratio: float


def compare(ours: Program, baseline: Program, *, turns: int = 15, calls: int = 200) -> Comparison:
    """Time both in turns of ``calls`` each, after one turn that does not count."""
    for program in (ours, baseline):
        _turn(program, calls)
    pairs = [(_turn(ours, calls), _turn(baseline, calls)) for _ in range(turns)]
    return Comparison(
        ours=_timing([mine for mine, _ in pairs]),
        baseline=_timing([bare for _, bare in pairs]),
        ratio=median(median(mine) / median(bare) for mine, bare in pairs),
    )


def _turn(program: Program, calls: int) -> list[int]:
    """What each call took, in nanoseconds; garbage is collected between turns, not within."""
    gc.collect()
    gc.disable()
    try:
        took = []
        for _ in range(calls):
            start = perf_counter_ns()
            program()
            took.append(perf_counter_ns() - start)
    finally:
        gc.enable()
    return took


def _timing(turns: list[list[int]]) -> Timing:
    every = sorted(each for turn in turns for each in turn)
    return Timing(median_ms=median(median(turn) for turn in turns) / 1e6, p99_ms=every[int(len(every) * 0.99)] / 1e6)
