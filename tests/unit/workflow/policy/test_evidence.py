"""Evidence: what is asked for, who judges it, and what its judgement leads to (R-EVD-02, R-EVD-07 to R-EVD-09, R-EVD-13, R-EVD-14)."""

from typing import Any

import pytest

from contracts.case_state import OptionCode
from contracts.decision import Attributes, EvidenceFacts, EvidenceKind, NextStep, SpecialApproval, Verdict
from contracts.roles import Role
from contracts.scenes import Scene
from tests.support.builders import an_order_line
from tests.unit.workflow.policy.claims import ACCEPTED, codes, decided, local, order, rules, shown


def test_damage_needs_a_photo_of_the_goods_and_one_of_the_parcel() -> None:
    """R-EVD-02, R-EVD-07."""
    nothing = decided(Scene.LOGISTICS_DAMAGE)
    assert nothing.next_step is NextStep.ASK_EVIDENCE
    assert [need.shows for need in nothing.evidence_needed] == ["goods", "parcel"]
    half = decided(Scene.LOGISTICS_DAMAGE, evidence=EvidenceFacts(items=shown("goods", "goods")))
    assert [need.shows for need in half.evidence_needed] == ["parcel"]
    assert (
        decided(Scene.LOGISTICS_DAMAGE, evidence=EvidenceFacts(items=shown("goods, parcel", "parcel"))).next_step
        is NextStep.REVIEW_EVIDENCE
    )


@pytest.mark.parametrize(
    ("scene", "shows", "kind", "enough"),
    [
        (Scene.QUALITY_DEFECT, "goods", EvidenceKind.VIDEO, True),
        (Scene.QUALITY_DEFECT, "goods", EvidenceKind.PAYMENT_VOUCHER, False),
        (Scene.FULFILMENT_MISSING_ITEM, "label", EvidenceKind.PHOTO, True),
        (Scene.FULFILMENT_MISSING_ITEM, "goods", EvidenceKind.PHOTO, False),
        (Scene.FULFILMENT_MISSING_ITEM, "label", EvidenceKind.VIDEO, False),
    ],
)
def test_only_evidence_of_the_right_kind_counts(scene: Scene, shows: str, kind: EvidenceKind, enough: bool) -> None:
    """R-EVD-07."""
    decision = decided(scene, evidence=EvidenceFacts(items=shown(shows, kind=kind)))
    assert decision.next_step is (NextStep.REVIEW_EVIDENCE if enough else NextStep.ASK_EVIDENCE)


def test_a_return_without_reason_needs_none_and_a_late_one_its_reason() -> None:
    """R-EVD-07, R-ELIG-06: proof may stand instead of words."""
    assert decided().next_step is NextStep.OFFER
    late: dict[str, Any] = {"scene": Scene.RETURN_OVER_WINDOW, "at": local(20)}
    asked = decided(**late)
    assert [(need.kinds, need.shows) for need in asked.evidence_needed] == [((), "reason")]
    assert decided(reason_given=True, **late).next_step is NextStep.SPECIAL_APPROVAL
    assert decided(evidence=EvidenceFacts(items=shown("goods")), **late).next_step is NextStep.SPECIAL_APPROVAL
    assert decided(Scene.RETURN_NO_REASON, at=local(20)).next_step is NextStep.SPECIAL_APPROVAL


@pytest.mark.parametrize(("count", "step"), [(1, NextStep.ASK_EVIDENCE), (2, NextStep.ASK_EVIDENCE), (3, NextStep.SPECIAL_APPROVAL)])
def test_a_third_insufficient_verdict_goes_to_the_supervisor(count: int, step: NextStep) -> None:
    """R-EVD-08, R-EVD-09."""
    evidence = EvidenceFacts(items=shown("goods"), verdict=Verdict.INSUFFICIENT, insufficient_count=count)
    decision = decided(Scene.QUALITY_DEFECT, evidence=evidence)
    assert decision.next_step is step
    if decision.special_approval:
        assert (decision.special_approval.tier, decision.special_approval.rule) == (Role.SUPERVISOR, "R-EVD-08")
    else:
        assert [need.shows for need in decision.evidence_needed] == ["goods"]


def test_contradicted_evidence_is_the_supervisors() -> None:
    """R-EVD-08."""
    facts: dict[str, Any] = {
        "evidence": EvidenceFacts(items=shown("goods"), verdict=Verdict.CONTRADICTED),
        "reviewed": Attributes(usable=True),
    }
    asked = decided(Scene.QUALITY_DEFECT, **facts)
    assert asked.special_approval is not None
    assert asked.special_approval.reason == "evidence_contradicted"
    assert decided(Scene.QUALITY_DEFECT, special_approval=SpecialApproval.GRANTED, **facts).next_step is NextStep.OFFER
    refused = decided(Scene.QUALITY_DEFECT, special_approval=SpecialApproval.DECLINED, **facts)
    assert (refused.next_step, refused.eligibility.reason) == (NextStep.REJECT, "evidence_contradicted")


def test_without_evidence_the_fault_claim_ends_and_the_other_right_is_named() -> None:
    """R-EVD-09."""
    refused = decided(Scene.LOGISTICS_DAMAGE, evidence=EvidenceFacts(refused=True))
    assert (refused.next_step, refused.eligibility.reason) == (NextStep.REJECT, "evidence_not_provided")
    assert refused.eligibility.alternatives == ("return_no_reason", "send_evidence")
    assert decided(Scene.LOGISTICS_DAMAGE, at=local(20), evidence=EvidenceFacts(refused=True)).eligibility.alternatives == (
        "send_evidence",
    )


def test_only_reviewed_values_enter_the_table() -> None:
    """R-EVD-13: a claim that nobody reviewed goes back to review, whatever the customer says."""
    unreviewed = decided(Scene.QUALITY_DEFECT, evidence=ACCEPTED, claimed=Attributes(usable=False))
    assert unreviewed.next_step is NextStep.REVIEW_EVIDENCE
    changed = decided(Scene.QUALITY_DEFECT, evidence=ACCEPTED, claimed=Attributes(usable=False), reviewed=Attributes(usable=True))
    assert codes(changed) == [OptionCode.COMPENSATE_KEEP, OptionCode.RETURN_REFUND]


@pytest.mark.parametrize("line", [{"category": "glass"}, {"tags": ("battery",)}])
@pytest.mark.parametrize("scene", [Scene.LOGISTICS_DAMAGE, Scene.QUALITY_DEFECT])
def test_damage_that_can_hurt_is_never_usable(scene: Scene, line: dict[str, Any]) -> None:
    """R-EVD-14: no keep-the-goods money."""
    dangerous = order(lines=(an_order_line(amount_minor=3150, **line),))
    decision = decided(scene, usable=True, order=dangerous)
    assert codes(decision) == [OptionCode.RESHIP_NO_RETURN, OptionCode.REFUND_NO_RETURN]
    assert "R-EVD-14" in rules(decision)
