"""A file of policy tests about one damaged mug of three, delivered the day before."""

from pathlib import Path
from textwrap import dedent, indent

from services.workflow.policy.suite.reading import Case, parse_suite
from services.workflow.policy.suite.running import Outcome, run_case
from tests.unit.workflow.policy.claims import REGISTRY

GIVEN = """\
given:
  moment: 2026-03-11T12:00:00+08:00
  time_zone: Asia/Shanghai
  scene: logistics.damage
  order:
    currency: CNY
    placed_at: 2026-03-01T12:00:00+08:00
    lines: [{quantity: 3, amount_minor: 3150}]
    payments: [{captured_minor: 3150}]
    shipments: [{delivered_at: 2026-03-10T15:00:00+08:00}]
  affected: [{line_id: "1", quantity: 1}]
  reviewed: {usable: true}
  evidence: {verdict: accepted, items: [{kind: photo, shows: goods}, {kind: photo, shows: parcel}]}
"""


def a_file(cases: str, top: str = "") -> str:
    return GIVEN + dedent(top) + "cases:\n" + indent(dedent(cases), "  ")


def the_case(cases: str, top: str = "") -> Case:
    return parse_suite(a_file(cases, top), "t.yaml").cases[0]


def outcome_of(cases: str, top: str = "") -> Outcome:
    return run_case(the_case(cases, top), REGISTRY)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
