"""``aftersales chaos``: play cases while everything goes wrong, for each seed on a stack of its own, and check every promise."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from deploy.local.chaos.report import as_json, summary, tell_findings
from deploy.local.chaos.run import Result, run_seed
from deploy.local.demo.display import Display
from deploy.local.paths import stack_home

STOPPED = 143
FOLDER = "chaos"


def chaos(
    *,
    seeds: str = "7,8,9",
    cases: int = 200,
    home: Annotated[Path | None, Parameter(name="--home", env_var="AFTERSALES_HOME")] = None,
) -> int:
    """Play cases while processes die, connections break and third parties misbehave; then check every promise on the records themselves.

    Each seed has a fresh stack in <home>/chaos/seed-<seed>, which stays there, stopped, for whoever wants to look. Exit status 0 only if every check
    holds: see docs/chaos.md.

    Args:
        seeds: The seeds, separated by commas. The same seed deals the same parts and draws the same faults.
        cases: How many cases each plays, or a few more: credit notes are taken whole.
        home: Where the homes of the runs are made; default .aftersales in the working directory.
    """
    console, errors = Console(), Console(stderr=True)
    try:
        chosen = [int(seed) for seed in seeds.split(",")]
    except ValueError:
        errors.print(f"aftersales chaos: seeds are whole numbers separated by commas, not {seeds!r}", style="red", markup=False)
        return 2
    if cases < 1:
        errors.print("aftersales chaos: there must be one case or more", style="red", markup=False)
        return 2
    try:
        return asyncio.run(_chaos(chosen, cases, stack_home(home) / FOLDER, console, errors))
    except asyncio.CancelledError:
        errors.print("aftersales chaos: stopped before its end", style="red")
        return STOPPED


async def _chaos(seeds: list[int], cases: int, home: Path, console: Console, errors: Console) -> int:
    _stop_on_signals()
    results: list[Result] = []
    for seed in seeds:
        with Display(console) as display:
            display.say(f"Seed {seed}: {cases} cases or a few more. To repeat it: make chaos SEEDS={seed} CASES={cases}")
            result = await run_seed(home / f"seed-{seed}", seed, cases, display)
        results.append(result)
        tell_findings(result, errors)
        _write(home / "report.json", results)
    console.print(summary(results))
    console.print(f"Report: {home / 'report.json'}", markup=False, highlight=False, soft_wrap=True)
    if all(result.holds for result in results):
        console.print("Every check holds: no case was lost, no refund paid twice.", style="green")
        return 0
    return 1


def _write(path: Path, results: list[Result]) -> None:
    path.write_text(json.dumps({"runs": [as_json(result) for result in results]}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _stop_on_signals() -> None:
    """A signal ends the run as Ctrl-C does: what was started is stopped."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
