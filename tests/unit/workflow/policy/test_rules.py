"""The rule catalogue, and the policy tests of the built-in packs: each must pass, and every rule that a decision can show must be shown."""

import re
from functools import cache
from pathlib import Path

import pytest

from services.workflow.policy.catalogue import CatalogueError, load_catalogue, title_of
from services.workflow.policy.registry import BUILT_IN
from services.workflow.policy.suite.coverage import coverage
from services.workflow.policy.suite.reading import Case, read_suite
from services.workflow.policy.suite.report import mismatch_report
from services.workflow.policy.suite.running import Outcome, run_case
from tests.unit.workflow.policy.claims import REGISTRY
from tests.unit.workflow.policy.suite.files import outcome_of

UNCOVERED = {
    rule
    for line in (Path(__file__).parent / "uncovered.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for rule in line.split()
}
SUITES = sorted(BUILT_IN.glob("*/*/tests/*.yaml"))
CASES = [case for path in SUITES for case in read_suite(path, str(path.relative_to(BUILT_IN))).cases]


@cache
def outcome(case_number: int) -> Outcome:
    return run_case(CASES[case_number], REGISTRY)


def named(case: Case) -> str:
    return f"{case.place.partition(':')[0]}: {case.name}"


@pytest.mark.parametrize("number", range(len(CASES)), ids=[named(case) for case in CASES])
def test_the_packs_decide_as_their_tests_say(number: int) -> None:
    assert outcome(number).passed, "\n".join(mismatch_report(outcome(number), trace=True))


def test_every_rule_that_a_decision_can_show_is_shown_by_a_case() -> None:
    """The list of exceptions, ``uncovered.txt``, only shrinks."""
    missing = {each.rule.rule_id for each in coverage(load_catalogue(), map(outcome, range(len(CASES)))) if each.missing}
    assert missing - UNCOVERED == set()
    assert {rule.rule_id for rule in load_catalogue().values() if rule.decided} >= UNCOVERED


def test_cases_name_rules_of_the_catalogue() -> None:
    catalogue = load_catalogue()
    groups = {rule.group for rule in catalogue.values()}
    unknown = {rule for case in CASES for rule in case.rules if rule.split("-")[1] in groups and rule not in catalogue}
    assert unknown == set()


def test_rules_that_packs_cite_are_in_the_catalogue() -> None:
    catalogue = load_catalogue()
    groups = {rule.group for rule in catalogue.values()}
    tables = [path.read_text(encoding="utf-8") for path in BUILT_IN.glob("*/*/tables/*.md")]
    cited = {rule for text in tables for rule in re.findall(r"R-[A-Z]+-\d\d", text) if rule.split("-")[1] in groups}
    assert cited
    assert cited - catalogue.keys() == set()


def test_the_catalogue_says_what_each_rule_is_about() -> None:
    catalogue = load_catalogue()
    assert len(catalogue) > 200
    assert len({rule.title for rule in catalogue.values()}) == len(catalogue)
    assert (catalogue["R-DEC-10"].group, catalogue["R-DEC-10"].decided) == ("DEC", True)
    assert not catalogue["R-AUTH-04"].decided
    assert title_of("R-DEC-10") == catalogue["R-DEC-10"].title
    assert title_of("R-XYZ-01") == ""


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('R-A-01 = { title = "" }', "title must be text"),
        (f'R-A-01 = {{ title = "{"x" * 101}" }}', "at most 100"),
        ('R-A-01 = { title = "x", decided = false }', "belong together"),
        ('R-A-01 = { title = "x", why = "y" }', "belong together"),
    ],
)
def test_a_catalogue_that_says_nothing_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    (tmp_path / "a.toml").write_text(entry, encoding="utf-8")
    with pytest.raises(CatalogueError, match=message):
        load_catalogue(tmp_path)


def test_a_rule_stands_once(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text('R-A-01 = { title = "x" }', encoding="utf-8")
    with pytest.raises(CatalogueError, match="is there twice"):
        load_catalogue(tmp_path)


def test_only_passing_cases_cover_a_rule() -> None:
    passing = outcome_of("- {name: x, rules: [R-DEC-10], expect: {next_step: offer}}")
    failing = outcome_of("- {name: y, rules: [R-COMP-01], expect: {next_step: reject}}")
    covered = {each.rule.rule_id: each for each in coverage(load_catalogue(), [passing, failing])}
    assert covered["R-DEC-10"].cases == ("t.yaml:15 x",)
    assert not covered["R-DEC-10"].missing
    assert covered["R-COMP-01"].missing
    assert not covered["R-AUTH-04"].missing
