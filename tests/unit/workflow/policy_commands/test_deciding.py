"""`aftersales policy explain|test|rules`."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.decision import Decision
from contracts.scenes import Scene
from services.workflow.policy.decide import decide
from tests.unit.workflow.policy.claims import CN, a_claim
from tests.unit.workflow.policy.suite.files import GIVEN, a_file, write

Run = Callable[..., Any]
PASSING = "- {name: sent back, rules: [R-DEC-10], expect: {next_step: offer}}"
FAILING = "- {name: refused, rules: [R-COMP-01], expect: {next_step: reject}}"
DAMAGE = a_claim(Scene.LOGISTICS_DAMAGE, usable=True)


@pytest.fixture
def facts(tmp_path: Path) -> str:
    return str(write(tmp_path, "facts.json", DAMAGE.model_dump_json()))


def test_a_decision_is_explained_with_options_limits_and_reasons(on_terminal: Run, facts: str) -> None:
    status, out, _ = on_terminal("explain", facts)
    assert status == 0
    for words in (
        "next step    offer",
        "1  compensate_keep  200",
        "merchant up to 1300",
        "R-SLA-04",
        "money for keeping it",
        "remedies.md",
    ):
        assert words in out


def test_missing_evidence_approvals_and_refusals_are_explained(on_terminal: Run, tmp_path: Path) -> None:
    asks = write(tmp_path, "asks.json", a_claim(Scene.LOGISTICS_DAMAGE).model_dump_json())
    assert "Evidence that is missing" in on_terminal("explain", str(asks))[1]
    late = write(tmp_path, "late.json", a_claim(Scene.RETURN_OVER_WINDOW, reason_given=True, at="2026-04-20T12:00:00Z").model_dump_json())
    assert "supervisor: over_window (R-ELIG-06, 1050 CNY)" in on_terminal("explain", str(late))[1]
    british = on_terminal("explain", str(late), "--policy", "uk-retail")[1]
    assert "uk-retail@1.1" in british


def test_a_decision_is_printed_as_the_model(run: Run, facts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Decision.model_validate(run("explain", facts)) == decide(DAMAGE, CN)
    monkeypatch.setattr(sys, "stdin", io.StringIO(GIVEN.replace("given:\n", "").replace("\n  ", "\n").removeprefix("  ")))
    assert run("explain", "-")["next_step"] == "offer"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"scene": "logistics.damaged"}', "facts.json:1: facts.scene: there is no 'logistics.damaged'; did you mean logistics.damage?"),
        ('{"scene": "logistics.damage"}', "facts.moment: Field required"),
        (
            DAMAGE.model_copy(update={"time_zone": "Mars"}).model_dump_json(),
            "facts.time_zone: 'Mars' is no IANA time zone; use a name such as",
        ),
    ],
)
def test_facts_that_cannot_be_decided_on_are_told(on_terminal: Run, tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path, "facts.json", text)
    status, _, err = on_terminal("explain", str(path))
    assert status == 1
    assert told in err.replace(str(tmp_path) + "/", "")
    assert on_terminal("explain", str(tmp_path / "gone.json"))[0] == 1
    assert on_terminal("explain", str(path), "--policy", "nobody")[0] == 1


def test_tests_of_a_shop_know_the_packs_beside_them(on_terminal: Run, tmp_path: Path) -> None:
    meta = 'pack = "shop"\nversion = "2"\ntitle = "x"\neffective_from = 2026-01-01T00:00:00Z\nextends = "cn-marketplace@1.0"\n'
    write(tmp_path, "shop/2/pack.toml", meta)
    tests = write(tmp_path, "shop/2/tests/a.yaml", a_file("- {name: x, expect: {policy_version: shop@2}}"))
    for path in (tests, tests.parent, tmp_path / "shop/2", tmp_path / "shop", tmp_path):
        assert on_terminal("test", str(path))[:2] == (0, "1 passed, 0 failed\n")


def test_failures_are_reported_and_counted(on_terminal: Run, run: Run, tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", a_file(PASSING))
    write(tmp_path, "b.yaml", a_file(FAILING))
    write(tmp_path, "c.yaml", "cases: [\n")
    status, out, err = on_terminal("test", str(tmp_path))
    assert status == 1
    assert out.endswith("1 passed, 1 failed, 1 files unusable\n")
    assert "expected  reject" in out
    assert "compensate_keep, return_refund" not in out
    assert "c.yaml:2: is no YAML" in err
    assert "options compensate_keep, return_refund" in on_terminal("test", str(tmp_path), "--trace")[1]
    assert on_terminal("test", str(tmp_path / "a.yaml"), "--policy", "cn-marketplace@1.0")[0] == 0
    assert on_terminal("test", str(tmp_path / "gone"))[0] == 1
    told = run("test", str(tmp_path / "a.yaml"), "--json", "--coverage")
    assert (told["passed"], told["failed"], told["cases"][0]["mismatches"]) == (1, 0, [])
    assert next(each for each in told["coverage"] if each["rule"] == "R-DEC-10")["cases"]


def test_coverage_tells_which_rules_no_case_shows(on_terminal: Run, tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", a_file(PASSING))
    _, out, _ = on_terminal("test", str(tmp_path), "--coverage")
    missing = out.split("Not shown by any case")[1]
    assert "R-DEC-11" in missing
    assert "R-DEC-10 " not in missing
    assert "R-AUTH-04" in missing.split("Nothing a decision could show")[1]


def test_a_rule_is_told_with_where_it_is_cited_and_what_shows_it(on_terminal: Run, run: Run, tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", a_file(PASSING))
    (told,) = run("rules", "r-dec-10", "--tests", str(tmp_path))
    assert "cn-marketplace/1.0/tables/remedies.md:9" in told["cited"]
    assert "clause faulty-usable" in told["cited"]
    assert [case.endswith("a.yaml:15 sent back") for case in told["cases"]] == [True]
    assert "No case shows it yet." in on_terminal("rules", "R-DEC-11", "--tests", str(tmp_path))[1]
    assert "No decision can show it" in on_terminal("rules", "R-AUTH-04")[1]
    assert "cannot be shown" in on_terminal("rules")[1]
    status, _, err = on_terminal("rules", "R-DEC-09")
    assert status == 1
    assert "there is no rule R-DEC-09; did you mean R-DEC-" in err
    status, _, err = on_terminal("rules", "eleven")
    assert status == 1
    assert "there is no rule ELEVEN; without an id all are listed." in err
