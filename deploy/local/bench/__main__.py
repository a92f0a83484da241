"""``make bench``: run the benchmarks, print a table, write the report.

Exit status 0 only if every number keeps what must hold, 1 where one does not or could not be measured, 2 for an argument that makes no sense.
``ONLY=relay,consumer`` limits it to some; ``SIZE=quick`` measures little of everything, which says whether it works, not how fast it is.
"""

import argparse
import asyncio
import logging
import os
import sys

from rich.console import Console

from deploy.local.bench.catalogue import BENCHMARKS, UnknownBenchmarkError, chosen
from deploy.local.bench.report import print_report, write_page, write_report
from deploy.local.bench.running import Run, run_all
from deploy.local.bench.size import SIZES
from deploy.local.paths import CACHE_VARIABLE, HOME_VARIABLE, stack_home
from services.kit.lifecycle import collect_seldom, loop_factory
from services.kit.logging import configure_logging


def main() -> int:
    """Run what is asked for; return the exit status."""
    console = Console(highlight=False)
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help=f"of {', '.join(benchmark.name for benchmark in BENCHMARKS)}; separated by commas")
    parser.add_argument("--size", choices=SIZES, default="full")
    asked = parser.parse_args()
    try:
        benchmarks = chosen(asked.only)
    except UnknownBenchmarkError as error:
        parser.error(str(error))
    folder = stack_home(None) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    _forget_engines_elsewhere()
    configure_logging("bench", "CRITICAL")
    logging.disable(logging.ERROR)  # parts are started, killed and stopped all the time; what matters comes as a failure of its row
    collect_seldom()  # as the services do, in whose place this process is measured
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        run = runner.run(
            run_all(benchmarks, SIZES[asked.size], folder, lambda line: console.print(line, markup=False, style="dim", soft_wrap=True))
        )
    print_report(run.results, console)
    write_report(run.results, folder / "report.json")
    write_page(run.results, [row for benchmark in benchmarks for row in benchmark.rows], run.tables, run.failures, folder / "report.md")
    _say_the_end(run, console)
    console.print(f"report: {folder / 'report.json'}, with how each was measured: {folder / 'report.md'}", markup=False, soft_wrap=True)
    return 0 if run.holds else 1


def _say_the_end(run: Run, console: Console) -> None:
    for failure in run.failures:
        console.print(f"not measured: {failure}", style="red", markup=False, soft_wrap=True)


def _forget_engines_elsewhere() -> None:
    """A run has its own engines on its own ports, whatever the shell says of others."""
    for name in [name for name in os.environ if name.startswith("AFTERSALES_") and name not in {HOME_VARIABLE, CACHE_VARIABLE}]:
        del os.environ[name]


if __name__ == "__main__":
    sys.exit(main())
