"""What a check found: something that must not be."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from deploy.local.chaos.traces import Traces


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` is wrong, of which ``case`` (its number, or whatever names it), and where to ``look``."""

    what: str
    case: str
    look: str

    def __str__(self) -> str:
        return f"{self.case}: {self.what} [{self.look}]"


Check: TypeAlias = Callable[[Traces], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that was made: its name, of how many things, and what it found."""

    name: str
    things: int
    findings: Sequence[Finding]


def rows(table: str, column: str, value: object) -> str:
    """Which rows of the run's PostgreSQL to look at."""
    return f"{table} where {column} = '{value}'"
