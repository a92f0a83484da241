"""Reading a file of policy tests: which facts each case decides on, and what is expected of the decision.

::

    policy: cn-marketplace@1.0      # optional: the pack whose folder the file lies in, else what the command says
    given: {moment: …, order: …}    # facts that every case starts from
    bases:                          # more to start from, on top of given; a case names one as ``base``
      two mugs: {order.lines.0.quantity: 2}
      broken mugs: {extends: two mugs, scene: logistics.damage}
    cases:
      - name: usable damage is compensated or sent back
        base: broken mugs
        rules: [R-DEC-10]           # must have spoken
        facts: {reviewed: {usable: true}}
        expect: {next_step: offer}  # or error: {field: order.payments}, where the facts must be refused
"""

import re
from dataclasses import dataclass
from pathlib import Path

from contracts.decision_facts import Facts
from contracts.decision_result import Decision
from services.workflow.policy.suite.completing import completed
from services.workflow.policy.suite.document import Node, read_document
from services.workflow.policy.suite.errors import SuiteError, suggestion
from services.workflow.policy.suite.merging import on_top
from services.workflow.policy.suite.names import check_names

RULE = re.compile(r"R-[A-Z]+-\d\d")
_TOP = ("policy", "given", "bases", "cases")
_CASE = ("name", "policy", "base", "rules", "facts", "expect", "error")
_ERROR = ("field", "says")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The facts must be refused, naming this field, in words that contain ``says``."""

    field: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``policy`` None leaves it to whoever runs it; either ``expect`` or ``error`` may be None, not both."""

    name: str
    place: str
    policy: str | None
    rules: tuple[str, ...]
    facts: Node
    expect: Node | None
    error: Refusal | None


@dataclass(frozen=True, slots=True)
class Suite:
    """A file of cases; ``name`` is how it was named when it was read."""

    name: str
    cases: tuple[Case, ...]


def find_suites(path: Path) -> list[Path]:
    """The files of tests at a path: itself, or every ``*.yaml`` and ``*.yml`` below it. Raises :class:`SuiteError` where there is none."""
    if path.is_file():
        return [path]
    found = sorted(each for ending in ("*.yaml", "*.yml") for each in path.rglob(ending))
    if not found:
        raise SuiteError(str(path), "holds no policy tests (*.yaml)" if path.is_dir() else "is no file or folder")
    return found


def read_suite(path: Path, name: str | None = None) -> Suite:
    """Read a file of tests. Raises :class:`SuiteError` with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(str(path), f"cannot be read: {error}") from error
    return parse_suite(text, name or str(path), _own_pack(path))


def parse_suite(text: str, name: str, policy: str | None = None) -> Suite:
    """The tests in a text; ``policy`` holds where it names none."""
    root = read_document(text, name)
    top = _mapping(root, "a file of policy tests", _TOP)
    if "policy" in top:
        policy = _text(top["policy"], "policy")
    given = on_top(Node({}, root.place), _facts(top.get("given", Node({}, root.place)), "given"))
    bases = _bases(top["bases"], given) if "bases" in top else {}
    if "cases" not in top or not top["cases"].items:
        raise SuiteError(root.place, "cases: is missing or empty: a file of tests has a list of them")
    cases = tuple(_case(node, given, bases, policy) for node in top["cases"].items)
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            raise SuiteError(case.place, f"a case named {case.name!r} is there twice")
        seen.add(case.name)
    return Suite(name, cases)


def _own_pack(path: Path) -> str | None:
    """``pack@version`` of the pack in whose ``tests`` folder the file lies."""
    for folder in path.resolve().parents:
        if folder.name == "tests" and (folder.parent / "pack.toml").is_file():
            return f"{folder.parent.parent.name}@{folder.parent.name}"
    return None


def _case(node: Node, given: Node, bases: dict[str, Node], policy: str | None) -> Case:
    entry = _mapping(node, "a case", _CASE)
    if "name" not in entry:
        raise SuiteError(node.place, "the case has no name")
    name = _text(entry["name"], "name")
    start = given
    if "base" in entry:
        wanted = _text(entry["base"], "base")
        if wanted not in bases:
            raise SuiteError(entry["base"].place, f"base: there is no {wanted!r}; {suggestion(wanted, bases)}")
        start = bases[wanted]
    if ("expect" in entry) == ("error" in entry):
        raise SuiteError(node.place, f"case {name!r} needs either expect or error")
    facts = on_top(start, _facts(entry.get("facts", Node({}, node.place)), "facts"))
    check_names(facts, Facts, "facts")
    if "expect" in entry:
        check_names(entry["expect"], Decision, "expect")
    return Case(
        name=name,
        place=node.place,
        policy=_text(entry["policy"], "policy") if "policy" in entry else policy,
        rules=_rules(entry.get("rules")),
        facts=completed(facts),
        expect=entry.get("expect"),
        error=_refusal(entry["error"]) if "error" in entry else None,
    )


def _bases(node: Node, given: Node) -> dict[str, Node]:
    """Every base with what it extends, on top of ``given``. A base must stand after the one it extends."""
    bases: dict[str, Node] = {}
    for name, each in node.mapping.items():
        facts = dict(_facts(each, name).mapping)
        parent = facts.pop("extends", None)
        start = given
        if parent is not None:
            wanted = _text(parent, "extends")
            if wanted not in bases:
                raise SuiteError(parent.place, f"extends: there is no base {wanted!r} before this one; {suggestion(wanted, bases)}")
            start = bases[wanted]
        bases[name] = on_top(start, Node(facts, each.place))
    return bases


def _facts(node: Node, name: str) -> Node:
    if not isinstance(node.value, dict):
        raise SuiteError(node.place, f"{name} must be a mapping of facts")
    return node


def _rules(node: Node | None) -> tuple[str, ...]:
    rules = []
    for each in node.items if node else []:
        if not RULE.fullmatch(str(each.value)):
            raise SuiteError(each.place, f"rules: {each.value!r} is no rule id such as R-DEC-10")
        rules.append(str(each.value))
    return tuple(rules)


def _refusal(node: Node) -> Refusal:
    entry = _mapping(node, "error", _ERROR)
    if "field" not in entry:
        raise SuiteError(node.place, "error: needs the field that the refusal names")
    return Refusal(_text(entry["field"], "field"), _text(entry["says"], "says") if "says" in entry else "")


def _mapping(node: Node, what: str, known: tuple[str, ...]) -> dict[str, Node]:
    if not isinstance(node.value, dict):
        raise SuiteError(node.place, f"{what} must be a mapping with {', '.join(known)}")
    for key, each in node.value.items():
        if key not in known:
            raise SuiteError(each.place, f"{key}: there is no such name; {suggestion(key, known)}")
    return node.value


def _text(node: Node, what: str) -> str:
    if not isinstance(node.value, str) or not node.value.strip():
        raise SuiteError(node.place, f"{what} must be text")
    return node.value
