"""The report of a run: for every number what must hold and what is aimed at, as a table, as JSON, and as a page that says how each was measured."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Result:
    """One number. ``hold`` is the limit that it must keep (None: it is for information), ``aim`` where we want it; ``better`` says which way is up.

    ``value`` is None where it was to be measured and could not be: then it keeps no limit.
    """

    name: str
    value: float | None
    unit: str
    hold: float | None
    aim: float | None
    better: Better

    def keeps(self, limit: float | None) -> bool:
        """Whether the number is at ``limit`` or better."""
        if limit is None:
            return True
        if self.value is None:
            return False
        return self.value >= limit if self.better == "higher" else self.value <= limit


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the report before it is measured: what it is called, its limits, and ``how`` it is measured, in words."""

    name: str
    unit: str
    how: str
    hold: float | None = None
    aim: float | None = None
    better: Better = "higher"

    def is_(self, value: float | None) -> Result:
        """The row with its value."""
        return Result(self.name, value, self.unit, self.hold, self.aim, self.better)


def write_report(results: Sequence[Result], path: Path) -> None:
    """Write the report as JSON: a list of results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n", encoding="utf-8")


def print_report(results: Sequence[Result], console: Console) -> None:
    """Print the numbers with what became of limit and aim."""
    table = Table("", "value", "unit", "must hold", "aim", "", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for result in results:
        table.add_row(
            result.name,
            _number(result.value),
            result.unit,
            _limit(result.hold, result.better),
            _limit(result.aim, result.better),
            _verdict(result),
        )
    console.print(table)


def write_page(results: Sequence[Result], rows: Sequence[Row], tables: Sequence[str], failures: Sequence[str], path: Path) -> None:
    """Write the same as Markdown, with how each number was measured, further ``tables`` and what ``failures`` there were."""
    how = {row.name: row.how for row in rows}
    lines = ["| | value | unit | must hold | aim | how |", "|---|---:|---|---|---|---|"]
    for result in results:
        limits = f"{_limit(result.hold, result.better)} | {_limit(result.aim, result.better)}"
        lines.append(f"| {result.name} | {_number(result.value)} | {result.unit} | {limits} | {how.get(result.name, '')} |")
    told = ["", "Not measured:", "", *(f"- {failure}" for failure in failures)] if failures else []
    path.write_text("\n".join([*lines, *told, *(f"\n{table}" for table in tables)]) + "\n", encoding="utf-8")


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def _limit(limit: float | None, better: str) -> str:
    return "" if limit is None else f"{'≥' if better == 'higher' else '≤'} {limit:g}"


def _verdict(result: Result) -> str:
    if not result.keeps(result.hold):
        return "[red]broken[/]"
    return "[green]good[/]" if result.keeps(result.aim) else "[yellow]short of the aim[/]"
