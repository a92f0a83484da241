"""Whatever the facts are: a decision offers only what can be given, and a refusal never stands alone."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contracts.case_state import OptionCode
from contracts.decision import Attributes, Cause, EvidenceFacts, Facts, NextStep, SpecialApproval, Verdict
from contracts.order_v1 import FreightCharge
from contracts.scenes import Scene
from services.workflow.policy.decide import decide
from services.workflow.policy.errors import FactsError
from services.workflow.policy.policy import Policy
from services.workflow.policy.reading import FALLBACK
from tests.support.builders import an_order_line
from tests.unit.workflow.policy.claims import ACCEPTED, REGISTRY, a_claim, delivery_of, local, order

POLICIES = [policy for versions in REGISTRY.packs.values() for policy in versions]
MAYBE = st.sampled_from([None, True, False])


@st.composite
def claims(draw: st.DrawFn) -> Facts:
    reviewed = Attributes(usable=draw(MAYBE), affects_secondary_sale=draw(MAYBE), cause=draw(st.sampled_from([None, *Cause])))
    evidence = EvidenceFacts(
        items=draw(st.sampled_from([(), ACCEPTED.items])),
        verdict=draw(st.sampled_from([None, *Verdict])),
        insufficient_count=draw(st.integers(0, 4)),
        refused=draw(st.booleans()),
    )
    at = local(11) + timedelta(hours=draw(st.integers(0, 60 * 24)))
    line = an_order_line(amount_minor=draw(st.integers(0, 900_000)), tags=draw(st.sampled_from([(), ("glass",), ("customised",)])))
    scene = draw(st.sampled_from([None, *Scene]))
    return a_claim(
        scene,
        at=at,
        quantity=draw(st.integers(1, 3)),
        order=order(
            currency=draw(st.sampled_from(["CNY", "GBP", "JPY"])),
            lines=(line,),
            delivered_at=delivery_of(scene),
            freight=(FreightCharge(freight_id="f", amount_minor=draw(st.integers(0, 2000))),),
        ),
        reviewed=reviewed,
        evidence=evidence,
        special_approval=draw(st.sampled_from(SpecialApproval)),
        hazard_hints=draw(st.sampled_from([(), ("smoke",)])),
        wanted_remedy=draw(st.sampled_from([None, *OptionCode])),
        rejected_options=draw(st.sampled_from([(), (OptionCode.COMPENSATE_KEEP,)])),
        stock=draw(st.sampled_from([{}, {"1": 0}, {"1": 2}])),
        freight_quote_minor=draw(st.sampled_from([None, 1300, 1301, 9000])),
        case_money_minor=draw(st.sampled_from([0, 60_000])),
    )


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(claims(), st.sampled_from(POLICIES))
def test_every_decision_can_be_acted_on(facts: Facts, policy: Policy) -> None:
    """R-DEC-01, R-DEC-03, R-ELIG-11, R-RFD-03."""
    assume(policy.tables["scenes"].find(scene=facts.scene.value if facts.scene else FALLBACK.value))
    try:
        decision = decide(facts, policy)
    except FactsError as error:
        if error.field == "unavailable_options" and facts.special_approval is not SpecialApproval.NOT_ASKED:
            return
        raise
    assert decision == decide(facts, policy)
    assert (decision.next_step is NextStep.OFFER) == bool(decision.options)
    assert (decision.next_step is NextStep.ASK_EVIDENCE) == bool(decision.evidence_needed)
    assert (decision.next_step is NextStep.SPECIAL_APPROVAL) == (decision.special_approval is not None)
    assert (decision.only_option_reason is not None) == (len(decision.options) == 1)
    if decision.next_step is NextStep.REJECT:
        assert decision.eligibility.alternatives
    assert len({option.code for option in decision.options}) == len(decision.options)
    assert facts.order is not None
    paid = sum(payment.captured_minor for payment in facts.order.payments)
    for option in decision.options:
        assert option.amount_minor <= paid
        assert (option.request is None) == (option.quote is None)
        assert option.quote is None or option.quote.amount_minor == option.amount_minor
        known = facts.order.currency in policy.settings.auth.system_refund
        assert known or option.amount_minor == 0 or option.approval is not None
