"""The decision table: which options in which order, with which freight (R-DEC-01 to R-DEC-13, R-DEC-19, R-DEC-27, R-FRT-12, R-RSH-06)."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.case_state import OptionCode
from contracts.decision import AffectedUnits, FreightPayer, PriorLine, PriorRefunds
from contracts.order_v1 import FreightCharge
from contracts.scenes import Scene
from services.workflow.policy.decide import decide
from tests.support.builders import an_order_line
from tests.unit.workflow.policy.claims import CLAIMS, CN, UK, a_claim, codes, decided, order, rules

FAULTS = [Scene.LOGISTICS_DAMAGE, Scene.QUALITY_DEFECT]
FREIGHT = (FreightCharge(freight_id="f1", amount_minor=600),)


@pytest.mark.parametrize("scene", FAULTS)
def test_usable_goods_are_compensated_or_returned_at_the_merchants_cost(scene: Scene) -> None:
    """R-DEC-10, R-COMP-12, R-FRT-01."""
    decision = decided(scene, usable=True)
    keep, back = decision.options
    assert (keep.code, keep.amount_minor, keep.goods_come_back, keep.freight_payer) == (
        OptionCode.COMPENSATE_KEEP,
        200,
        False,
        FreightPayer.NONE,
    )
    assert (back.code, back.amount_minor, back.freight_payer, back.freight_cap_minor) == (
        OptionCode.RETURN_REFUND,
        1050,
        FreightPayer.MERCHANT,
        1300,
    )
    assert decision.only_option_reason is None


@pytest.mark.parametrize("scene", FAULTS)
def test_unusable_goods_are_sent_again_or_refunded_without_a_return(scene: Scene) -> None:
    """R-DEC-13, R-DEC-05."""
    decision = decided(scene, usable=False, quantity=2)
    assert codes(decision) == [OptionCode.RESHIP_NO_RETURN, OptionCode.REFUND_NO_RETURN]
    assert [option.amount_minor for option in decision.options] == [0, 2100]
    assert not any(option.goods_come_back for option in decision.options)


def test_missing_units_are_sent_again_or_refunded() -> None:
    """R-DEC-19, R-RSH-02."""
    assert codes(decided(Scene.FULFILMENT_MISSING_ITEM, usable=None)) == [OptionCode.RESHIP_NO_RETURN, OptionCode.REFUND_NO_RETURN]


def test_a_return_without_reason_is_at_the_customers_cost() -> None:
    """R-DEC-27, R-FRT-07."""
    decision = decided(quantity=3)
    assert codes(decision) == [OptionCode.RETURN_REFUND, OptionCode.EXCHANGE]
    assert {option.freight_payer for option in decision.options} == {FreightPayer.CUSTOMER}
    assert decision.options[0].amount_minor == 3150


@pytest.mark.parametrize(("stock", "offered"), [({"1": 2}, True), ({"1": 1}, False), ({"1": 0}, False), ({}, True)])
def test_an_option_that_needs_stock_is_left_out_without_it(stock: dict[str, int], offered: bool) -> None:
    """R-DEC-01, R-DEC-05: stock nobody knows is settled by reservation (R-RSH-04)."""
    decision = decided(Scene.LOGISTICS_DAMAGE, usable=False, quantity=2, stock=stock)
    assert (OptionCode.RESHIP_NO_RETURN in codes(decision)) == offered
    assert decision.only_option_reason == (None if offered else "reship_no_return: out_of_stock")


def test_a_unit_is_sent_again_once() -> None:
    """R-RSH-06: two of three were sent again before, so one more can be, but not two."""
    again: dict[str, Any] = {"usable": False, "reshipped": {"1": 2}}
    assert OptionCode.RESHIP_NO_RETURN in codes(decided(Scene.LOGISTICS_DAMAGE, quantity=1, **again))
    twice = decided(Scene.LOGISTICS_DAMAGE, quantity=2, **again)
    assert codes(twice) == [OptionCode.REFUND_NO_RETURN]
    assert "R-RSH-06" in rules(twice)


def test_every_option_says_its_steps_and_time() -> None:
    """R-DEC-02, R-SLA-13, R-SLA-14."""
    back = decided().options[0]
    assert back.steps == ("send_back", "receive", "inspect", "refund")
    assert back.within == timedelta(hours=48)
    money = decided(Scene.LOGISTICS_DAMAGE, usable=False).option(OptionCode.REFUND_NO_RETURN)
    assert money is not None
    assert money.within == timedelta(hours=24)
    assert money.request is not None


def test_the_same_facts_give_the_same_decision() -> None:
    """R-DEC-03."""
    for scene in CLAIMS:
        facts = a_claim(scene, usable=True)
        assert decide(facts, CN) == decide(type(facts).model_validate_json(facts.model_dump_json()), CN)


def test_an_exchange_that_is_asked_for_is_granted_in_a_fault_case() -> None:
    """R-DEC-07."""
    wanted = decided(Scene.LOGISTICS_DAMAGE, usable=True, wanted_remedy=OptionCode.EXCHANGE)
    assert codes(wanted)[-1] is OptionCode.EXCHANGE
    assert wanted.options[-1].approval is None
    assert (wanted.options[-1].rule, wanted.options[-1].freight_payer) == ("R-DEC-07", FreightPayer.MERCHANT)
    assert OptionCode.EXCHANGE not in codes(decided(Scene.LOGISTICS_DAMAGE, usable=True, wanted_remedy=OptionCode.EXCHANGE, stock={"1": 0}))


@pytest.mark.parametrize("wanted", [OptionCode.REFUND_NO_RETURN, OptionCode.RESHIP_NO_RETURN])
def test_any_other_remedy_beyond_the_row_is_the_supervisors(wanted: OptionCode) -> None:
    """R-DEC-07."""
    option = decided(wanted_remedy=wanted).option(wanted)
    assert option is not None
    assert option.approval is not None
    assert option.approval.reason == "beyond_policy"
    assert codes(decided(wanted_remedy=OptionCode.REPAIR)) == [OptionCode.RETURN_REFUND, OptionCode.EXCHANGE]


def test_outbound_freight_follows_when_every_unit_is_refunded_for_merchant_fault() -> None:
    """R-FRT-12."""
    fault: dict[str, Any] = {"usable": False, "order": order(freight=FREIGHT)}
    part = decided(Scene.LOGISTICS_DAMAGE, quantity=2, **fault).option(OptionCode.REFUND_NO_RETURN)
    whole = decided(Scene.LOGISTICS_DAMAGE, quantity=3, **fault).option(OptionCode.REFUND_NO_RETURN)
    assert (part and part.amount_minor, whole and whole.amount_minor) == (2100, 3750)
    before: dict[str, Any] = {"prior": PriorRefunds(lines=(PriorLine(line_id="1", units_refunded=2, refunded_minor=2100),))}
    no_reason = decided(Scene.LOGISTICS_DAMAGE, **fault, **before).option(OptionCode.REFUND_NO_RETURN)
    faulty = decided(Scene.LOGISTICS_DAMAGE, **fault, **before, merchant_fault_refunded={"1": 2}).option(OptionCode.REFUND_NO_RETURN)
    assert (no_reason and no_reason.amount_minor, faulty and faulty.amount_minor) == (1050, 1650)


def test_outbound_freight_of_a_cancelled_order_is_a_switch_of_the_policy() -> None:
    """R-FRT-12 and SI 2013/3134, reg. 34(1)."""
    assert decided(quantity=3, order=order(freight=FREIGHT)).options[0].amount_minor == 3150
    british = order(freight=FREIGHT, currency="GBP")
    assert decided(policy=UK, quantity=3, order=british).options[0].amount_minor == 3750
    assert decided(policy=UK, quantity=2, order=british).options[0].amount_minor == 2100


def test_several_lines_are_one_amount() -> None:
    """R-DEC-06: amounts are added."""
    lines = (an_order_line("1", amount_minor=3150), an_order_line("2", quantity=1, amount_minor=999))
    affected = (AffectedUnits(line_id="1", quantity=1), AffectedUnits(line_id="2", quantity=1))
    assert decided(order=order(lines=lines), affected=affected).options[0].amount_minor == 2049


def test_in_britain_the_right_to_reject_comes_first() -> None:
    """Consumer Rights Act 2015, s. 20 to 24."""
    decision = decided(Scene.QUALITY_DEFECT, policy=UK, usable=True, order=order(currency="GBP"))
    assert codes(decision) == [OptionCode.RETURN_REFUND, OptionCode.EXCHANGE, OptionCode.COMPENSATE_KEEP]
