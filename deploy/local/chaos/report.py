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
    """A column for each seed."""
    table = Table(
        "seed", *(str(result.seed) for result in results), title="What the runs came to", title_justify="left", box=None, pad_edge=False
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for name, numbers in _numbers(results).items():
        table.add_row(name, *(str(number) for number in numbers))
    table.add_row("", *("[green]holds[/]" if result.holds else f"[red]{result.broken} fail[/]" for result in results))
    return table


def _numbers(results: Sequence[Result]) -> dict[str, list[int]]:
    counts: dict[str, tuple[Blow | Cut | Stir, ...]] = {
        "killed (-9)": (Blow.KILL,),
        "frozen": (Blow.FREEZE,),
        "restarted": (Blow.RESTART,),
        "connections cut": tuple(Cut),
        "second processes": (Stir.JOIN,),
        "events sent again": (Stir.REPUBLISH,),
    }
    return {
        "cases": [result.cases for result in results],
        **{name: [result.trouble.count(*kinds) for result in results] for name, kinds in counts.items()},
        "refunds that came back": [result.counts["reversals"] for result in results],
        "answers lost": [result.counts["answers lost"] for result in results],
        "refunds": [result.counts["refunds"] for result in results],
        "events": [result.counts["events"] for result in results],
        "records checked": [sum(one.things for one in result.checked) for result in results],
        "checks": [len(result.checked) for result in results],
        "seconds": [round(result.seconds) for result in results],
    }


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
