"""What cannot be returned without a reason, and what a refusal says instead (R-ELIG-03 to R-ELIG-05, R-ELIG-09 to R-ELIG-11)."""

from typing import Any

import pytest

from contracts.decision import Attributes, Cause, NextStep
from contracts.scenes import Scene
from tests.support.builders import an_order_line
from tests.unit.workflow.policy.claims import ACCEPTED, UK, decided, local, order, rules


def test_goods_that_cannot_be_sold_again_are_refused_with_repair_or_settlement() -> None:
    """R-ELIG-03, R-ELIG-04, R-DEC-28."""
    refused = decided(claimed=Attributes(affects_secondary_sale=True))
    assert refused.next_step is NextStep.REJECT
    assert refused.eligibility.alternatives == ("repair_paid", "discount_settlement")
    assert "R-DEC-28" in rules(refused)


def test_what_a_reviewer_says_of_resale_outweighs_the_declaration() -> None:
    """R-ELIG-04."""
    reviewed = Attributes(affects_secondary_sale=False)
    assert decided(claimed=Attributes(affects_secondary_sale=True), reviewed=reviewed).next_step is NextStep.OFFER


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ({"category": "customised"}, True),
        ({"tags": ("fresh",)}, True),
        ({"tags": ("hygiene_opened",)}, False),
        ({"tags": ("hygiene_opened", "exclusion_confirmed")}, True),
        ({"category": "kitchen"}, False),
    ],
)
def test_excluded_goods_have_no_no_reason_return(line: dict[str, Any], refused: bool) -> None:
    """R-ELIG-05: opened hygiene goods only where the buyer confirmed the exclusion."""
    decision = decided(order=order(lines=(an_order_line(amount_minor=3150, **line),)))
    assert (decision.next_step is NextStep.REJECT) == refused


def test_exclusion_never_touches_a_fault_claim() -> None:
    """R-ELIG-05."""
    customised = order(lines=(an_order_line(amount_minor=3150, category="customised"),))
    assert decided(Scene.QUALITY_DEFECT, usable=True, order=customised).next_step is NextStep.OFFER


def test_wear_from_use_is_no_defect_but_leaves_the_no_reason_return() -> None:
    """R-ELIG-09: the right to return is named only while it exists."""
    worn: dict[str, Any] = {"reviewed": Attributes(usable=True, cause=Cause.USAGE_WEAR), "evidence": ACCEPTED}
    inside = decided(Scene.QUALITY_DEFECT, **worn)
    assert inside.next_step is NextStep.REJECT
    assert inside.eligibility.alternatives == ("return_no_reason", "care_advice", "repair_paid")
    assert decided(Scene.QUALITY_DEFECT, at=local(20), **worn).eligibility.alternatives == ("care_advice", "repair_paid")


def test_every_decision_shows_its_published_clause_in_both_languages() -> None:
    """R-ELIG-10, R-POL-01."""
    for scene in Scene:
        decision = decided(scene, usable=True)
        clauses = [decision.eligibility.clause, *(option.clause for option in decision.options)]
        assert all(clause.text["en"] and clause.text["zh-CN"] for clause in clauses)
        assert decision.policy_version == "cn-marketplace@1.1"


def test_in_britain_goods_that_lost_value_may_still_be_cancelled() -> None:
    """SI 2013/3134, reg. 34(9): the loss is settled at inspection."""
    assert decided(policy=UK, claimed=Attributes(affects_secondary_sale=True)).next_step is NextStep.OFFER
