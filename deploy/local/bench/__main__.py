"""``make bench``: run the benchmarks, print a table, write the report. Exit status 1 where a number is worse than must hold."""

import sys
from collections.abc import Callable, Iterator

from rich.console import Console

from deploy.local.bench.policy import measure_policy
from deploy.local.bench.report import Result, print_report, write_report
from deploy.local.paths import stack_home

BENCHMARKS: tuple[Callable[[], Iterator[Result]], ...] = (measure_policy,)
"""Each yields its numbers; it measures its own baseline in the same run."""


def main() -> int:
    """Run all of them."""
    console = Console(highlight=False)
    results = [result for benchmark in BENCHMARKS for result in benchmark()]
    print_report(results, console)
    path = stack_home(None) / "bench" / "report.json"
    write_report(results, path)
    console.print(f"report: {path}", markup=False, soft_wrap=True)
    return 0 if all(result.keeps(result.hold) for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
