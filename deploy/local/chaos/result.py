"""What came of a run."""

from dataclasses import dataclass, field

from deploy.local.chaos.checks.finding import Checked
from deploy.local.chaos.trouble import Trouble


@dataclass(slots=True)
class Result:
    """What came of a run. ``counts`` is for the table; ``seconds`` of the whole."""

    seed: int
    cases: int
    clocks: dict[str, float]
    trouble: Trouble
    checked: list[Checked]
    counts: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return not self.broken

    @property
    def broken(self) -> int:
        """How many checks do not hold."""
        return sum(bool(one.findings) for one in self.checked)
