"""What a run says in the end: its findings, a table of all seeds, and the same as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.local.chaos.checks.finding import Checked
from deploy.local.chaos.faults import Blow, Stir
from deploy.local.chaos.proxy import Cut
from deploy.local.chaos.run import Result

_SHOWN = 12
"""Of a long list of findings, so many are told; the report has all."""


def tell_findings(result: Result, errors: Console) -> None:
    """Name each check that fails, with what is wrong, which case, and where to look."""
    for one in result.checked:
        if one.findings:
            errors.print(f"seed {result.seed}: does not hold: {one.name}", style="bold red", markup=False, highlight=False, soft_wrap=True)
        for words in _shown(one):
            errors.print(f"  {words}", style="red", markup=False, highlight=False, soft_wrap=True)


def _shown(one: Checked) -> Iterator[str]:
    yield from (str(finding) for finding in one.findings[:_SHOWN])
    if len(one.findings) > _SHOWN:
        yield f"… and {len(one.findings) - _SHOWN} more"


def summary(results: Sequence[Result]) -> Table:
    """A line for each seed."""
    columns = (
        "seed",
        "cases",
        "kills",
        "freezes",
        "restarts",
        "cuts",
        "joins",
        "republished",
        "reversed",
        "lost answers",
        "checked",
        "seconds",
        "",
    )
    table = Table(*columns, title="What the runs came to", title_justify="left", box=None, pad_edge=False)
    for result in results:
        count = result.trouble.count
        faults = (count(Blow.KILL), count(Blow.FREEZE), count(Blow.RESTART), count(*Cut), count(Stir.JOIN), count(Stir.REPUBLISH))
        broken = sum(bool(one.findings) for one in result.checked)
        things = sum(one.things for one in result.checked)
        numbers = (
            result.seed,
            result.cases,
            *faults,
            result.counts["reversals"],
            result.counts["answers lost"],
            things,
            round(result.seconds),
        )
        table.add_row(*map(str, numbers), f"[red]{broken} checks fail[/]" if broken else "[green]holds[/]")
    return table


def as_json(result: Result) -> dict[str, Any]:
    """A run as the report has it."""
    return {
        "seed": result.seed,
        "cases": result.cases,
        "holds": result.holds,
        "seconds": result.seconds,
        "clocks": result.clocks,
        "counts": result.counts,
        "outcomes": result.outcomes,
        "faults": [
            {"at_seconds": one.at_seconds, "lane": one.lane, "what": one.what} | ({"skipped": one.skipped} if one.skipped else {})
            for one in result.trouble.happened
        ],
        "checks": [
            {"name": one.name, "things": one.things, "findings": [{"what": f.what, "case": f.case, "look": f.look} for f in one.findings]}
            for one in result.checked
        ],
    }
