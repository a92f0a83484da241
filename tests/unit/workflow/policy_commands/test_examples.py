"""The examples of facts: each fits the published schema, and is explained as their table says."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.decision import Decision

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "docs/examples/facts"
TABLE = re.findall(
    r"^\| \[`[^`]+`\]\(([^)]+)\) \| [^|]+ \| (\S+) \| (\S+) \| ([^|]+) \|$",
    (EXAMPLES / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
SCHEMA = json.loads((ROOT / "contracts/schemas/model.facts.json").read_text(encoding="utf-8"))


def test_the_table_names_every_example() -> None:
    assert sorted(name for name, *_ in TABLE) == sorted(path.name for path in EXAMPLES.glob("*.json"))
    assert len(TABLE) >= 12


@pytest.mark.parametrize(("name", "policy", "next_step", "options"), TABLE, ids=[name for name, *_ in TABLE])
def test_an_example_is_explained_as_its_table_says(
    run: Callable[..., Any], on_terminal: Callable[..., Any], name: str, policy: str, next_step: str, options: str
) -> None:
    path = EXAMPLES / name
    Draft202012Validator(SCHEMA).validate(json.loads(path.read_text(encoding="utf-8")))
    decision = Decision.model_validate(run("explain", str(path), "--policy", policy))
    assert (decision.policy_version, decision.next_step.value) == (policy, next_step)
    assert (", ".join(option.code.value for option in decision.options) or "-") == options
    status, out, _ = on_terminal("explain", str(path), "--policy", policy)
    assert status == 0
    assert all(entry.rule in out for entry in decision.trace)
