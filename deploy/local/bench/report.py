"""The report of a run: for every number what must hold and what is aimed at, as a table and as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Result:
    """One number. ``hold`` is the limit that it must keep (None: it is for information), ``aim`` where we want it; ``better`` says which way is up."""

    name: str
    value: float
    unit: str
    hold: float | None
    aim: float | None
    better: Literal["higher", "lower"]

    def keeps(self, limit: float | None) -> bool:
        """Whether the number is at ``limit`` or better."""
        if limit is None:
            return True
        return self.value >= limit if self.better == "higher" else self.value <= limit


def write_report(results: list[Result], path: Path) -> None:
    """Write the report as JSON: a list of results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n", encoding="utf-8")


def print_report(results: list[Result], console: Console) -> None:
    """Print the numbers with what became of limit and aim."""
    table = Table("", "value", "unit", "must hold", "aim", "", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for result in results:
        table.add_row(
            result.name,
            f"{result.value:.4g}",
            result.unit,
            _limit(result.hold, result.better),
            _limit(result.aim, result.better),
            _verdict(result),
        )
    console.print(table)


def _limit(limit: float | None, better: str) -> str:
    return "" if limit is None else f"{'≥' if better == 'higher' else '≤'} {limit:g}"


def _verdict(result: Result) -> str:
    if not result.keeps(result.hold):
        return "[red]broken[/]"
    return "[green]good[/]" if result.keeps(result.aim) else "[yellow]short of the aim[/]"
