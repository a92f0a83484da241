"""The rules of the house that import-linter cannot express, read off the source."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.common import SearchAttributeKey

from deploy.local.provision.temporal import SEARCH_ATTRIBUTES
from services.workflow.workflows import ui

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts", "services", "deploy")
MOST_LINES = 400
MOST_FUNCTION_LINES = 70
USUAL_LINES = 100
REGISTRY_HOST = re.compile(r"://[a-z.]*(pypi|npmjs|maven|goproxy|golang|crates)\.|hosted\.org/packages|maven2[/]")
IGNORE = re.compile(r"#\s*(?:noqa(?::[A-Z0-9, ]+)?|type:\s*ignore(?:\[[a-z-, ]+\])?)(?P<reason>.*)$")
OUTSIDE = frozenset({"pydantic", "pydantic_core", "annotated_types"})
REPEATABLE = {
    "asyncio": {"create_task"},
    "collections.abc": None,
    "contracts": None,
    "dataclasses": None,
    "datetime": None,
    "enum": None,
    "pydantic": {"Field"},
    "services.workflow.payloads": None,
    "services.workflow.workflows": None,
    "temporalio": {"workflow"},
    "temporalio.common": None,
    "temporalio.exceptions": None,
    "typing": None,
    "uuid": {"UUID", "uuid5"},
    "zoneinfo": None,
}
"""What workflow code may import, and of a module what it may use, None for all: things that are the same at every replay."""
ACTIVITIES = "services.workflow.activities."
HERE_AND_NOW = frozenset({"now", "utcnow", "today", "fromtimestamp", "time_ns", "monotonic", "perf_counter"})
OUTWARD = frozenset({"open", "input", "print", "id", "hash", "exec", "eval", "__import__"})


@cache
def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def committed_text() -> Iterator[tuple[str, str]]:
    """Every text file that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file():
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_every_module_says_what_it_is_for() -> None:
    silent = [relative(path) for path in sources() if path.stat().st_size and not ast.get_docstring(tree(path))]
    assert silent == []


def test_no_file_is_longer_than_400_lines() -> None:
    long = {relative(path): lines for path in sources() if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES}
    assert long == {}


def test_no_function_is_longer_than_70_lines() -> None:
    long = {
        f"{relative(path)}:{node.lineno} {node.name}": lines
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MOST_FUNCTION_LINES
    }
    assert long == {}


def test_the_usual_file_is_short() -> None:
    assert statistics.median(len(path.read_text(encoding="utf-8").splitlines()) for path in sources()) <= USUAL_LINES


def test_every_ignore_says_why() -> None:
    bare = [
        f"{relative(path)}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := IGNORE.search(line)) and len(found["reason"].strip(" -#")) < len("why")
    ]
    assert bare == []


def test_nobody_imports_the_workflow_service_under_the_name_of_temporals_workflow_module() -> None:
    guilty = [
        relative(path)
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "services" and any(alias.name == "workflow" for alias in node.names)
    ]
    assert guilty == []


def test_contracts_import_pydantic_and_the_standard_library_only() -> None:
    foreign = {
        f"{relative(path)}: {name}"
        for path in sources()
        if relative(path).startswith("contracts/")
        for name in imported(tree(path))
        if (root := name.partition(".")[0]) != "contracts" and root not in sys.stdlib_module_names and root not in OUTSIDE
    }
    assert foreign == set()


def test_only_the_command_line_imports_deploy_and_only_when_it_runs() -> None:
    guilty = [
        relative(path)
        for path in sources()
        if relative(path).startswith("services/")
        for node in (tree(path).body if path.name == "cli.py" else list(ast.walk(tree(path))))
        if (isinstance(node, ast.Import) and any(alias.name.startswith("deploy") for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deploy"))
    ]
    assert guilty == []


def unrepeatable(module: ast.Module) -> Iterator[str]:
    """What of a workflow's module may differ from one replay to the next: imports, clocks, files, and the order of a set."""
    for node in ast.walk(module):
        yield from _foreign(node)
        match node:
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in HERE_AND_NOW and ast.unparse(node.func) != "workflow.now":
                yield ast.unparse(node.func)
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if (used := REPEATABLE.get(name)) is not None and attr not in used:
                yield f"{name}.{attr}"
            case ast.Call(func=ast.Name(id=name)) if name in OUTWARD:
                yield f"{name}()"
            case (
                ast.For(iter=walked)
                | ast.comprehension(iter=walked)
                | ast.Starred(value=walked)
                | ast.Call(func=ast.Name(id="list" | "tuple" | "iter" | "enumerate" | "zip"), args=[walked, *_])
            ) if _is_a_set(walked):
                yield "the order of a set"


def _foreign(node: ast.AST) -> Iterator[str]:
    """What is imported and may not be."""
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names if alias.asname or alias.name not in REPEATABLE or alias.name == "datetime")
        case ast.ImportFrom(module=str(name), level=0, names=names) if name.startswith(ACTIVITIES):
            yield from (f"{name}.{alias.name}" for alias in names if not alias.name.endswith("Activities"))
        case ast.ImportFrom(module=str(name), level=0, names=names):
            root = next((root for root in sorted(REPEATABLE, reverse=True) if f"{name}.".startswith(f"{root}.")), None)
            allowed = REPEATABLE[root] if root else set()
            yield from (f"{name}.{alias.name}" for alias in names if allowed is not None and alias.name not in allowed)
        case ast.ImportFrom():
            yield "a relative import"


def _is_a_set(node: ast.expr) -> bool:
    match node:
        case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), right=right):
            return _is_a_set(left) or _is_a_set(right)
    return False


def test_workflow_code_does_the_same_at_every_replay() -> None:
    """It runs without the SDK's sandbox: what that forbids at run time is forbidden here, and more."""
    rooms = ("services/workflow/workflows/", "services/workflow/payloads/")
    found = {f"{relative(path)}: {what}" for path in sources() if relative(path).startswith(rooms) for what in unrepeatable(tree(path))}
    assert found == set()


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import random", "random"),
        ("import uuid as u", "uuid"),
        ("from . import random", "a relative import"),
        ("from temporalio.client import Client", "temporalio.client.Client"),
        ("from services.workflow.activities.cases import helper", "services.workflow.activities.cases.helper"),
        ("self.clock.now()", "self.clock.now"),
        ("datetime.datetime.now(UTC)", "datetime.datetime.now"),
        ("eval('1')", "eval()"),
        ("list(set(x) | y)", "the order of a set"),
        ("[*{x, y}]", "the order of a set"),
        ("from time import time", "time.time"),
        ("from uuid import uuid4", "uuid.uuid4"),
        ("from services.kit.clock import utc_now", "services.kit.clock.utc_now"),
        ("datetime.now(UTC)", "datetime.now"),
        ("asyncio.to_thread(f)", "asyncio.to_thread"),
        ("open('x')", "open()"),
        ("[x for x in {1, 2}]", "the order of a set"),
    ],
)
def test_what_is_not_repeatable_is_seen(source: str, what: str) -> None:
    assert list(unrepeatable(ast.parse(source))) == [what]


@pytest.mark.parametrize(
    "source", ["workflow.now()", "opened_at.time()", "message.today", "from temporalio import workflow", "[x for x in sorted({1, 2})]"]
)
def test_what_is_repeatable_is_not_held_against_it(source: str) -> None:
    assert list(unrepeatable(ast.parse(source))) == []


@pytest.mark.parametrize("name", ["runtime", "local", "dev"])
def test_every_locked_requirement_is_pinned_and_hashed_and_names_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    requirements = [block for block in re.split(r"\n(?=[A-Za-z0-9])", text) if block.strip() and not block.startswith("#")]
    assert requirements
    assert all("==" in block.partition("\n")[0] and "--hash=sha256:" in block for block in requirements)
    assert "://" not in text


def test_no_file_names_a_package_registry_host() -> None:
    assert [name for name, text in committed_text() if REGISTRY_HOST.search(text)] == []


def test_no_file_names_a_place_of_the_machine_it_was_written_on() -> None:
    home_of_somebody = re.compile(r"(^|[^A-Za-z0-9_.])/(work|farm|root)[/]", re.MULTILINE)
    assert [name for name, text in committed_text() if home_of_somebody.search(text)] == []


def test_the_search_attributes_that_workflows_set_are_the_ones_that_are_made_at_the_start() -> None:
    kinds = {
        name: kind.name.rpartition("_")[2]
        for name, kind in ((key.name, key.indexed_value_type) for key in vars(ui).values() if isinstance(key, SearchAttributeKey))
    }
    assert kinds == {name: IndexedValueType.Name(kind).rpartition("_")[2] for name, kind in SEARCH_ATTRIBUTES.items()}
