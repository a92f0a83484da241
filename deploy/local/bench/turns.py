"""Programs in turns, A B A B …: each turn does so much work and says how fast it was, so that whatever else the machine does meets all alike."""

import gc
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from statistics import median

from deploy.local.bench.figures import median_ratio

Turn = Callable[[], Awaitable[float]]
"""One turn of a program; what it gives is its rate, in pieces of work a second."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of some programs, turn by turn, by name."""

    turns: Mapping[str, tuple[float, ...]]

    def of(self, name: str) -> float:
        """The median rate of a program."""
        return median(self.turns[name])

    def ratio(self, ours: str, baseline: str) -> float:
        """The median over all turns of the one ÷ the other."""
        return median_ratio(list(zip(self.turns[ours], self.turns[baseline], strict=True)))


async def in_turns(programs: Mapping[str, Turn], turns: int, *, warm_up: int = 1) -> Rates:
    """Run all programs ``turns`` times in turns, after ``warm_up`` rounds that do not count."""
    found: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(warm_up + turns):
        for name, turn in programs.items():
            gc.collect()
            rate = await turn()
            if number >= warm_up:
                found[name].append(rate)
    return Rates({name: tuple(rates) for name, rates in found.items()})
