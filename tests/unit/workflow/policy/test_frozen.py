"""A policy version that was released decides the same for ever (R-DEC-03, R-POL-02)."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from contracts.decision import Facts
from services.workflow.policy.decide import decide
from services.workflow.policy.registry import BUILT_IN
from tests.unit.workflow.policy.claims import REGISTRY

FROZEN = sorted((Path(__file__).parent / "frozen").glob("*.jsonl"))
DIGESTS = Path(__file__).parent / "frozen" / "packs.sha256"


def part_of(small: Any, big: Any) -> bool:
    """Whether everything that was decided then is decided now; what a later version of the code adds is ignored."""
    if isinstance(small, dict):
        return isinstance(big, dict) and all(part_of(value, big.get(key)) for key, value in small.items())
    if isinstance(small, list):
        return isinstance(big, list) and len(small) == len(big) and all(map(part_of, small, big))
    return bool(small == big)


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.stem)
def test_the_same_facts_give_the_same_decision_for_ever(path: Path) -> None:
    policy = REGISTRY.get(path.stem)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        entry = json.loads(line)
        decision = decide(Facts.model_validate(entry["facts"]), policy)
        then, now = entry["decision"], decision.model_dump(mode="json")
        rules_then = {step["rule"] for step in then.pop("trace")}
        rules_now = {step.rule for step in decision.trace}
        assert part_of(then, now), f"{path.name}:{number}"
        assert rules_then <= rules_now, f"{path.name}:{number}"


def test_the_files_of_a_released_pack_are_never_edited() -> None:
    """``sha256sum`` of every file of the versions that were released: a change of policy is a new version."""
    for line in DIGESTS.read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((BUILT_IN / name).read_bytes()).hexdigest() == digest, name
