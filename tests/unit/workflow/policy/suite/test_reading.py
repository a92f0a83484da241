"""Files of policy tests: how facts are put together, and what is refused with its line."""

from pathlib import Path

import pytest

from services.workflow.policy.suite.document import read_document
from services.workflow.policy.suite.errors import SuiteError
from services.workflow.policy.suite.facts_file import FactsRefusedError, facts_of, read_facts
from services.workflow.policy.suite.reading import find_suites, parse_suite, read_suite
from tests.unit.workflow.policy.claims import a_claim
from tests.unit.workflow.policy.suite.files import a_file, the_case, write


def test_facts_are_merged_lists_replaced_and_paths_put_inside() -> None:
    case = the_case("""\
        - name: x
          facts:
            reviewed: {contaminated: false}
            affected: [{line_id: "1", quantity: 2}]
            order.lines.0.quantity: 4
            order.lines.1: {quantity: 1, amount_minor: 999, tags: [glass]}
            stock: {"1": 0}
          expect: {}
        """)
    facts = facts_of(case.facts)
    assert facts.order is not None
    assert (facts.reviewed.usable, facts.reviewed.contaminated) == (True, False)
    assert [each.quantity for each in facts.affected] == [2]
    assert [(line.line_id, line.quantity, line.amount_minor) for line in facts.order.lines] == [("1", 4, 3150), ("2", 1, 999)]
    assert facts.order.delivered_quantity("1") == 4
    assert facts.stock == {"1": 0}


def test_what_no_decision_depends_on_may_be_left_out() -> None:
    facts = facts_of(the_case("- {name: x, expect: {}}").facts)
    assert facts.order is not None
    assert facts.requested_at == facts.moment
    assert (facts.order.number, facts.order.payments[0].captured_at) == ("1", facts.order.placed_at)
    assert [item.evidence_id for item in facts.evidence.items] == ["e1", "e2"]


def test_bases_start_from_given_and_may_extend_each_other() -> None:
    top = """\
        bases:
          two: {affected.0.quantity: 2}
          two useless: {extends: two, reviewed.usable: false}
        """
    facts = facts_of(the_case("- {name: x, base: two useless, expect: {}}", top).facts)
    assert (facts.affected[0].quantity, facts.reviewed.usable) == (2, False)


def test_only_true_false_null_and_numbers_are_not_text() -> None:
    node = read_document('a: no\nb: 16:00\nc: 2026-03-11\nd: "1"\ne: 1.5\nf: ~\ng: [true, 0x10, -3]\n1: x\n', "t")
    assert node.plain() == {"a": "no", "b": "16:00", "c": "2026-03-11", "d": "1", "e": 1.5, "f": None, "g": [True, "0x10", -3], "1": "x"}


BROKEN = [
    ("- {name: x, facts: {ordr: 1}, expect: {}}", "t.yaml:15: facts.ordr: there is no such name; did you mean order?"),
    (
        "- {name: x, facts: {order.lines.0.quantty: 1}, expect: {}}",
        "facts.order.lines.0.quantty: there is no such name; did you mean quantity?",
    ),
    (
        "- {name: x, facts: {scene: logistics.damaged}, expect: {}}",
        "facts.scene: there is no 'logistics.damaged'; did you mean logistics.damage?",
    ),
    ("- {name: x, facts: {wanted_remedy: refnd_no_return}, expect: {}}", "did you mean refund_no_return?"),
    ("- {name: x, facts: {prior: {lines: [{line_id: '1', unit: 1}]}}, expect: {}}", "facts.prior.lines.0.unit: there is no such name"),
    ("- {name: x, expect: {next_stp: offer}}", "expect.next_stp: there is no such name; did you mean next_step?"),
    ("- {name: x, expect: {options: [{cod: x}]}}", "expect.options.0.cod: there is no such name; did you mean code?"),
    ("- {name: x, expect: {options: [{request: {items: [{kind: units, freight_id: f1}]}}]}}", "items.0.freight_id: there is no such name"),
    ("- {name: x, expect: {next_step: ofer}}", "expect.next_step: there is no 'ofer'; did you mean offer?"),
    (
        "- {name: x, facts: {order.lines.5.quantity: 1}, expect: {}}",
        "order.lines.5.quantity: the list has 1 elements, numbered from 0; 5 is none",
    ),
    ("- {name: x, facts: {scene.group: 1}, expect: {}}", "scene.group leads into 'logistics.damage', which has no parts"),
    ("- {name: x, rule: [R-DEC-10], expect: {}}", "rule: there is no such name; did you mean rules?"),
    ("- {name: x, rules: [DEC-10], expect: {}}", "'DEC-10' is no rule id"),
    ("- {name: x}", "case 'x' needs either expect or error"),
    ("- {name: x, expect: {}, error: {field: y}}", "needs either expect or error"),
    ("- {name: x, error: {feld: y}}", "feld: there is no such name; did you mean field?"),
    ("- {name: x, error: {says: y}}", "needs the field"),
    ("- {expect: {}}", "the case has no name"),
    ("- {name: x, expect: {}}\n- {name: x, expect: {}}", "t.yaml:16: a case named 'x' is there twice"),
    ("- {name: x, base: brokn, expect: {}}", "base: there is no 'brokn'"),
    ("- {name: x, facts: [], expect: {}}", "facts must be a mapping"),
    ("- x", "a case must be a mapping"),
    ("- {name: x, name: y, expect: {}}", "name is there twice"),
    ("- {name: x, expect: {next_step: [}}", "is no YAML"),
]


@pytest.mark.parametrize(("cases", "message"), BROKEN, ids=[message for _, message in BROKEN])
def test_what_is_wrong_in_a_file_is_told_with_its_line(cases: str, message: str) -> None:
    with pytest.raises(SuiteError) as caught:
        parse_suite(a_file(cases), "t.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("t.yaml:1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("- 1", "must be a mapping with policy, given, bases, cases"),
        ("cases: []", "cases: is missing or empty"),
        ("given: &a {order: *a}\ncases: [{name: x, expect: {}}]", "contains itself"),
        ("? [a]\n: 1", "a key must be a word"),
        ("bases: {b: {extends: c}}\ncases: [{name: x, expect: {}}]", "extends: there is no base 'c' before this one"),
        ("policy: 3\ncases: [{name: x, expect: {}}]", "policy must be text"),
    ],
)
def test_a_file_that_is_no_file_of_tests_is_refused(text: str, message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        parse_suite(text, "t.yaml")


def test_files_are_found_below_a_folder_and_decide_under_the_pack_they_lie_in(tmp_path: Path) -> None:
    write(tmp_path, "shop/2/pack.toml", "")
    inside = write(tmp_path, "shop/2/tests/damage.yaml", a_file("- {name: x, expect: {}}"))
    outside = write(tmp_path, "other.yml", a_file("- {name: x, expect: {}}"))
    assert find_suites(tmp_path) == [outside, inside]
    assert find_suites(inside) == [inside]
    assert (read_suite(inside).cases[0].policy, read_suite(outside).cases[0].policy) == ("shop@2", None)
    for nowhere in (tmp_path / "nowhere", tmp_path / "shop/2/tests/empty"):
        nowhere.mkdir(exist_ok=True)
        with pytest.raises(SuiteError, match="holds no policy tests"):
            find_suites(nowhere)
    with pytest.raises(SuiteError, match="is no file or folder"):
        find_suites(tmp_path / "gone")
    with pytest.raises(SuiteError, match="cannot be read"):
        read_suite(tmp_path / "gone.yaml")


def test_facts_are_read_from_json_with_tabs_as_well_as_from_yaml() -> None:
    facts = a_claim()
    assert read_facts(facts.model_dump_json(), "facts.json") == facts
    assert read_facts(facts.model_dump_json(indent=1).replace("\n ", "\n\t"), "facts.json") == facts
    with pytest.raises(SuiteError, match=r"facts.json:1: facts.secne: there is no such name; did you mean scene"):
        read_facts('{"secne": 1}', "facts.json")
    with pytest.raises(FactsRefusedError, match=r"facts.time_zone: Field required; see facts.yaml:1"):
        read_facts("{moment: 2026-03-11T12:00:00Z, scene: null}", "facts.yaml")
