"""`rules`: what a rule id says, where packs cite it, and which policy tests show it."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from services.workflow.policy.catalogue import Rule, load_catalogue
from services.workflow.policy.policy import Policy
from services.workflow.policy.registry import BUILT_IN, PolicyRegistry
from services.workflow.policy.suite.coverage import coverage
from services.workflow.policy.suite.running import DEFAULT_PACK
from services.workflow.policy_commands.choosing import PacksOption, open_registry
from services.workflow.policy_commands.output import JsonOption, fail, print_json, print_table, say, told, wants_json
from services.workflow.policy_commands.testing import own_roots, read_suites, run_with_progress


def rules(rule: str | None = None, *, tests: tuple[Path, ...] = (BUILT_IN,), packs: PacksOption = "", json: JsonOption = False) -> None:
    """List the rules, or tell all about one: what it is about, which rows and clauses of packs cite it, and which cases show it.

    Args:
        rule: its id, such as R-DEC-10.
        tests: files or folders of policy tests to look through.
        packs: folders of packs besides the built-in ones, separated by commas.
        json: print JSON; so it is where the output is piped.
    """
    catalogue = load_catalogue()
    rule = rule.upper() if rule is not None else None
    if rule is not None and rule not in catalogue:
        fail(_unknown(rule, catalogue))
    with told():
        registry = open_registry(packs, *own_roots(tests))
    suites, unusable = read_suites(tests)
    for error in unusable:
        fail(str(error))
    covering = {each.rule.rule_id: each.cases for each in coverage(catalogue, run_with_progress(suites, registry, DEFAULT_PACK))}
    cited = _citations(registry)
    wanted = [catalogue[rule]] if rule is not None else list(catalogue.values())
    if wants_json(json):
        print_json([_as_json(each, cited.get(each.rule_id, []), covering[each.rule_id]) for each in wanted])
    elif rule is not None:
        _print_one(catalogue[rule], cited.get(rule, []), covering[rule])
    else:
        rows = [
            (each.rule_id, each.title, len(cited.get(each.rule_id, [])), len(covering[each.rule_id]) if each.decided else "cannot be shown")
            for each in wanted
        ]
        print_table(("rule", "about", "cited", "cases"), rows)


def _unknown(rule: str, catalogue: dict[str, Rule]) -> str:
    """What to do about an id that policy does not have: one of another part is no misspelling, and nobody reads a list of all here."""
    near = get_close_matches(rule, catalogue, n=1)
    remedy = f"did you mean {near[0]}?" if near else "without an id all are listed."
    return f"there is no rule {rule}; {remedy} Rules of other parts, such as money, are found by searching the code for their id."


def _as_json(rule: Rule, cited: list[str], cases: tuple[str, ...]) -> dict[str, object]:
    return {"rule": rule.rule_id, "title": rule.title, "decided": rule.decided, "why": rule.why, "cited": cited, "cases": cases}


def _print_one(rule: Rule, cited: list[str], cases: tuple[str, ...]) -> None:
    say(f"{rule.rule_id}  {rule.title}", style="bold")
    if not rule.decided:
        say(f"No decision can show it: {rule.why}")
    print_table(("cited in",), [(place,) for place in cited])
    print_table(("shown by",), [(case,) for case in cases])
    if rule.decided and not cases:
        say("No case shows it yet.")


def _citations(registry: PolicyRegistry) -> dict[str, list[str]]:
    """Where packs cite each rule: ``file:line`` of table rows, and clauses. What a pack takes over is named once, where it stands."""
    found: dict[str, dict[str, None]] = {}
    for versions in registry.packs.values():
        for policy in versions:
            for rule, place in _cited_by(policy):
                found.setdefault(rule, {})[place] = None
    return {rule: list(places) for rule, places in found.items()}


def _cited_by(policy: Policy) -> Iterator[tuple[str, str]]:
    for table in policy.tables.values():
        for row in table.rows:
            for column in ("rule", "sla"):
                for rule in row.says.get(column, ()):
                    yield rule, row.source
    for name, clause in policy.clauses.items():
        yield clause.rule, f"clause {name}"
