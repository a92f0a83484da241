"""``aftersales demo``: start what is not up, replay real orders and credit notes, check every penny, stop what was started."""

import asyncio
import signal
import time
from pathlib import Path
from typing import Annotated

from aiokafka.errors import KafkaError
from cyclopts import Parameter
from rich.console import Console

from deploy.local.demo.checks import broken_checks
from deploy.local.demo.client import Refused, Unreachable
from deploy.local.demo.dataset import DatasetError
from deploy.local.demo.display import Display, result_table
from deploy.local.demo.report import Run, make_report, totals_of, write_report
from deploy.local.demo.run import replay
from deploy.local.demo.scope import Scope, read_scope
from deploy.local.stack.running import running_stack

DATA = Path(__file__).parent / "data" / "online-retail-2011q2.csv.gz"
BAD_INPUT = 2
STOPPED = 143


def demo(
    *,
    orders: Path = DATA,
    limit: int | None = None,
    seed: int = 2011,
    report: Path = Path("report.json"),
    home: Annotated[Path | None, Parameter(name="--home", env_var="AFTERSALES_HOME")] = None,
) -> int:
    """Replay real orders and credit notes through the whole system, with the people played over HTTP, and check every penny.

    Starts a stack if none is up, and stops what it started. Exit status 0 only if everything is accounted for: see docs/demo.md.

    Args:
        orders: Invoices and credit notes, .csv.gz or .csv; default is the quarter that comes with the project.
        limit: Only the first credit notes that make so many cases, and the orders they touch.
        seed: What the people do follows from it: the same seed, the same parts.
        report: Where the report goes.
        home: The stack to use or to start; default .aftersales in the working directory.
    """
    console = Console()
    errors = Console(stderr=True)
    try:
        scope = read_scope(orders, limit)
    except DatasetError as problem:
        errors.print(f"aftersales demo: {problem}", style="red", markup=False, highlight=False, soft_wrap=True)
        return BAD_INPUT
    try:
        return asyncio.run(_demo(scope, orders, seed, report, home, console, errors))
    except asyncio.CancelledError:
        errors.print("aftersales demo: stopped before its end; there is no report", style="red")
        return STOPPED
    except (Refused, Unreachable, KafkaError) as problem:
        errors.print(f"aftersales demo: {problem}", style="red", markup=False, highlight=False, soft_wrap=True)
        return 1


async def _demo(scope: Scope, file: Path, seed: int, report: Path, home: Path | None, console: Console, errors: Console) -> int:
    began = time.monotonic()
    _stop_on_signals()
    with Display(console) as display:
        display.say(
            f"{file.name}: {len(scope.orders)} orders, {len(scope.credit_lines)} credit lines, {len(scope.cases)} cases. Seed {seed}"
        )
        async with running_stack(home, tell=display.say) as stack:
            run = await replay(stack, scope, file, seed, display, began)
    return _conclude(run, report, console, errors)


def _stop_on_signals() -> None:
    """A signal ends the run as Ctrl-C does: what was started is stopped."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _conclude(run: Run, report: Path, console: Console, errors: Console) -> int:
    """Write the report and tell; the exit status says whether the run held."""
    broken = broken_checks(run)
    write_report(report, make_report(run, broken))
    console.print(result_table(totals_of(run), dict(run.outcomes()), len(run.scope.rejected_rows)))
    console.print(f"Report: {report}", markup=False, highlight=False, soft_wrap=True)
    for check in broken:
        errors.print(f"does not hold: {check}", style="red", markup=False, highlight=False, soft_wrap=True)
    if not broken:
        console.print("Everything is accounted for, and nothing was paid twice.", style="green")
    return 1 if broken else 0
