"""What docs/policy.md tells merchants to write works as it says."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.workflow.policy.suite.files import write

MANUAL = (Path(__file__).parents[4] / "docs/policy.md").read_text(encoding="utf-8")


def test_the_pack_of_the_manual_is_sound_and_its_tests_pass(on_terminal: Callable[..., Any], tmp_path: Path) -> None:
    meta, settings = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)
    (tests,) = re.findall(r"```yaml\n(.*?)```", MANUAL, re.DOTALL)
    write(tmp_path, "my-shop/1.0/pack.toml", meta)
    write(tmp_path, "my-shop/1.0/settings.toml", settings)
    write(tmp_path, "my-shop/1.0/tests/damage.yaml", tests)
    assert on_terminal("check", str(tmp_path))[:2] == (0, "good   my-shop/1.0\n")
    assert on_terminal("test", str(tmp_path))[:2] == (0, "3 passed, 0 failed\n")
    assert "P60D" in on_terminal("diff", "uk-retail", str(tmp_path / "my-shop/1.0"))[1]


def test_the_commands_of_the_manual_are_there(on_terminal: Callable[..., Any]) -> None:
    named = set(re.findall(r"^aftersales policy ([a-z-]+)", MANUAL, re.MULTILINE))
    assert named == {"list", "show", "diff", "rules", "explain", "check", "test", "dry-run"}
    for name in named:
        assert on_terminal(name, "--help")[0] == 0
