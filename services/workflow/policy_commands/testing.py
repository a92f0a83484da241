"""`test`: policy tests in files, with a report of what failed and, if asked, of the rules that no case shows."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.workflow.policy.catalogue import load_catalogue
from services.workflow.policy.registry import BUILT_IN, PolicyRegistry
from services.workflow.policy.suite.coverage import CoveredRule, coverage
from services.workflow.policy.suite.errors import SuiteError
from services.workflow.policy.suite.reading import Suite, find_suites, read_suite
from services.workflow.policy.suite.report import mismatch_report
from services.workflow.policy.suite.running import DEFAULT_PACK, Outcome, run_cases
from services.workflow.policy_commands.choosing import PacksOption, open_registry
from services.workflow.policy_commands.output import JsonOption, complain, console, errors, print_json, print_table, say, told


def run_tests(
    *paths: Path,
    policy: str = DEFAULT_PACK,
    coverage: Annotated[bool, Parameter(negative="")] = False,
    trace: Annotated[bool, Parameter(negative="")] = False,
    packs: PacksOption = "",
    json: JsonOption = False,
) -> None:
    """Run policy tests. Exit status 1 where one fails or a file cannot be used.

    Args:
        paths: files of tests, or folders in which they lie; without any, the tests of the built-in packs.
        policy: PACK@VERSION, or PACK for the version in force when the order was placed; where neither the file nor the folder of its pack says it.
        coverage: also tell which rules are shown by cases, which are not, and which no decision can show.
        trace: tell with each failure why the decision is as it is.
        packs: folders of packs besides the built-in ones, separated by commas.
        json: print JSON.
    """
    suites, unusable = read_suites(paths or (BUILT_IN,))
    with told():
        registry = open_registry(packs, *own_roots(paths))
    outcomes = run_with_progress(suites, registry, policy)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    covered = _coverage(outcomes) if coverage else []
    if json:
        _print_json(outcomes, unusable, covered)
    else:
        for error in unusable:
            complain(str(error))
        for outcome in failed:
            say("\n".join(mismatch_report(outcome, trace=trace)) + "\n")
        print_coverage(covered)
        say(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed" + (f", {len(unusable)} files unusable" if unusable else ""))
    if failed or unusable:
        sys.exit(1)


def read_suites(paths: tuple[Path, ...]) -> tuple[list[Suite], list[SuiteError]]:
    """The files of tests at the paths, and what is wrong with those that cannot be used."""
    suites, unusable = [], []
    for path in paths:
        try:
            files = find_suites(path)
        except SuiteError as error:
            unusable.append(error)
            continue
        for file in files:
            try:
                suites.append(read_suite(file, _short(file)))
            except SuiteError as error:
                unusable.append(error)
    return suites, unusable


def _short(path: Path) -> str:
    """A file as somebody who stands here would name it."""
    for start in (Path.cwd(), BUILT_IN):
        if path.resolve().is_relative_to(start):
            return str(path.resolve().relative_to(start))
    return str(path)


def own_roots(paths: tuple[Path, ...]) -> Iterator[Path]:
    """Folders of packs in or below which tests lie: their packs are known, too."""
    for path in paths:
        here = path.resolve()
        for place in (here, *here.parents):
            if (place / "pack.toml").is_file():
                yield place.parents[1]
        if any(here.glob("*/*/pack.toml")):
            yield here
        if any(here.glob("*/pack.toml")):
            yield here.parent


def run_with_progress(suites: list[Suite], registry: PolicyRegistry, policy: str) -> list[Outcome]:
    """Run all cases of the files, with a bar on a terminal."""
    cases = tuple(case for suite in suites for case in suite.cases)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("deciding", total=len(cases))
        return run_cases(cases, registry, policy, lambda _outcome: progress.advance(task))


def print_coverage(covered: list[CoveredRule]) -> None:
    """Of each group how many rules are shown; then those that are not, and those that cannot be."""
    if not covered:
        return
    groups: dict[str, list[CoveredRule]] = {}
    for each in covered:
        groups.setdefault(each.rule.group, []).append(each)
    rows = [
        (group, sum(bool(each.cases) for each in rules), sum(each.missing for each in rules), sum(not each.rule.decided for each in rules))
        for group, rules in groups.items()
    ]
    print_table(("group", "shown", "not shown", "cannot be"), [*rows, ("all", *(sum(int(row[at]) for row in rows) for at in (1, 2, 3)))])
    print_table(
        ("rule", "about"), [(each.rule.rule_id, each.rule.title) for each in covered if each.missing], title="Not shown by any case"
    )
    print_table(
        ("rule", "about", "why"),
        [(each.rule.rule_id, each.rule.title, each.rule.why) for each in covered if not each.rule.decided],
        title="Nothing a decision could show",
    )
    console.print()


def _coverage(outcomes: list[Outcome]) -> list[CoveredRule]:
    return coverage(load_catalogue(), outcomes)


def _print_json(outcomes: list[Outcome], unusable: list[SuiteError], covered: list[CoveredRule]) -> None:
    print_json(
        {
            "passed": sum(outcome.passed for outcome in outcomes),
            "failed": sum(not outcome.passed for outcome in outcomes),
            "unusable": [str(error) for error in unusable],
            "cases": [
                {
                    "name": outcome.case.name,
                    "place": outcome.case.place,
                    "policy_version": outcome.policy_version,
                    "passed": outcome.passed,
                    "mismatches": outcome.mismatches,
                }
                for outcome in outcomes
            ],
            "coverage": [
                {"rule": each.rule.rule_id, "decided": each.rule.decided, "why": each.rule.why, "cases": each.cases} for each in covered
            ],
        }
    )
