"""Cases: what passes, what fails, and what a report says about it."""

import pytest

from services.workflow.policy.suite.report import mismatch_report
from tests.unit.workflow.policy.suite.files import outcome_of


def test_a_case_passes_where_the_named_parts_of_the_decision_are_as_expected() -> None:
    outcome = outcome_of("""\
        - name: usable damage is compensated or sent back
          rules: [R-DEC-10, R-COMP-01]
          expect:
            next_step: offer
            options:
              - {code: compensate_keep, amount_minor: 200}
              - {code: return_refund, amount_minor: 1050, freight_payer: merchant, within: P2D, approval: null}
            eligibility: {eligible: true, window_ends_at: 2026-03-17T23:59:59+08:00, clause: {clause_id: claim-window}}
        """)
    assert outcome.mismatches == ()
    assert outcome.passed
    assert outcome.policy_version == "cn-marketplace@1.1"


@pytest.mark.parametrize(
    ("expect", "path", "expected", "got"),
    [
        ("next_step: reject", "next_step", "reject", "offer"),
        ("options: [{}, {amount_minor: 1}]", "options[1].amount_minor", "1", "1050"),
        ("options: [{}, {within: PT47H}]", "options[1].within", "PT47H", "PT48H"),
        ("options: [{}, {within: soon}]", "options[1].within", "soon", "PT48H"),
        (
            "eligibility: {window_ends_at: 2026-03-17T23:59:59}",
            "eligibility.window_ends_at",
            "2026-03-17T23:59:59",
            "2026-03-17T15:59:59+00:00",
        ),
        ("eligibility: {eligible: 1}", "eligibility.eligible", "1", "true"),
        ("special_approval: {tier: supervisor}", "special_approval", "{tier: supervisor}", "null"),
        ("only_option_reason: none", "only_option_reason", "none", "null"),
        ("departments: [{role: qa_manager}]", "departments", "1: [{role: qa_manager}]", "none"),
        ("trace: R-DEC-10", "trace", "R-DEC-10", "["),
        ("eligibility: {clause: {text: {fr: Bonjour}}}", "eligibility.clause.text.fr", "Bonjour", "nothing"),
    ],
)
def test_a_mismatch_names_its_path_and_both_sides(expect: str, path: str, expected: str, got: str) -> None:
    outcome = outcome_of(f"- {{name: x, expect: {{{expect}}}}}")
    (mismatch,) = outcome.mismatches
    assert (mismatch.path, mismatch.expected) == (path, expected)
    assert mismatch.got.startswith(got)
    assert mismatch.place.startswith("t.yaml:")


def test_a_list_of_another_length_says_what_it_holds() -> None:
    (mismatch,) = outcome_of("- {name: x, expect: {options: [{code: compensate_keep}]}}").mismatches
    assert mismatch.expected == "1: [{code: compensate_keep}]"
    assert mismatch.got.startswith("2: [{code: compensate_keep, amount_minor: 200")
    assert mismatch.got.endswith("…")


def test_a_rule_that_did_not_speak_fails_the_case() -> None:
    (mismatch,) = outcome_of("- {name: x, rules: [R-DEC-10, R-DEC-99], expect: {next_step: offer}}").mismatches
    assert (mismatch.path, mismatch.expected) == ("trace", "R-DEC-99")
    assert "R-DEC-10" in mismatch.got


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ("order.payments: []", "order.payments"),
        ("affected.0.quantity: 4", "affected[0]"),
        ("affected.0.quantity: 0", "affected[0].quantity"),
        ("order.lines.0.line_id: 7", "order.lines[0].line_id"),
        ("time_zone: null", "time_zone"),
    ],
)
def test_a_case_may_expect_that_the_facts_are_refused(facts: str, field: str) -> None:
    assert outcome_of(f"- {{name: x, facts: {{{facts}}}, error: {{field: '{field}'}}}}").passed
    (elsewhere,) = outcome_of(f"- {{name: x, facts: {{{facts}}}, error: {{field: stock}}}}").mismatches
    assert elsewhere.got.startswith(field)
    (unexpected,) = outcome_of(f"- {{name: x, facts: {{{facts}}}, expect: {{next_step: offer}}}}").mismatches
    assert unexpected.got.startswith(f"refused: facts.{field}")


def test_a_refusal_that_does_not_come_or_says_something_else_fails_the_case() -> None:
    (decided,) = outcome_of("- {name: x, error: {field: order.payments}}").mismatches
    assert decided.got == "a decision: offer"
    said = "- {name: x, facts: {order.payments: []}, error: {field: order.payments, says: %s}}"
    assert outcome_of(said % "is empty").passed
    assert not outcome_of(said % "too many").passed


def test_a_number_where_text_must_stand_is_told_to_be_quoted() -> None:
    (mismatch,) = outcome_of("- {name: x, facts: {affected.0.line_id: 1}, expect: {next_step: offer}}").mismatches
    assert 'write "1" in quotes' in mismatch.got
    assert "see t.yaml:15" in mismatch.got


def test_the_policy_is_named_or_the_one_in_force_when_the_order_was_placed() -> None:
    assert outcome_of("- {name: x, policy: uk-retail, expect: {policy_version: uk-retail@1.1}}").passed
    assert outcome_of("- {name: x, expect: {policy_version: cn-marketplace@1.0}}", "policy: cn-marketplace@1.0\n").passed
    (unknown,) = outcome_of("- {name: x, policy: nobody@1, expect: {next_step: offer}}").mismatches
    assert "nobody@1 is not known" in unknown.got


def test_a_report_shows_case_path_both_sides_and_the_trace_if_asked() -> None:
    outcome = outcome_of("- {name: broken mug, expect: {next_step: reject}}")
    short = "\n".join(mismatch_report(outcome))
    assert short.splitlines()[0] == "t.yaml:15: broken mug  [cn-marketplace@1.1]"
    assert "expected  reject" in short
    assert "got       offer" in short
    assert "R-DEC-10" not in short
    assert "R-DEC-10   options compensate_keep, return_refund" in "\n".join(mismatch_report(outcome, trace=True))
