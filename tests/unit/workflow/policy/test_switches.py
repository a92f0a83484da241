"""Where shops rightly differ about money, the pack says which way (R-RFD-05, R-POL-01, R-EXC-03)."""

from pathlib import Path

import pytest

from contracts.case_state import OptionCode
from contracts.decision import ExchangeFacts
from contracts.order_v1 import DiscountCondition, OrderDiscount
from contracts.scenes import Scene
from services.workflow.policy.policy import Policy
from services.workflow.policy.registry import BUILT_IN, load_packs
from tests.support.builders import an_order_line
from tests.unit.workflow.policy.claims import decided, order, rules
from tests.unit.workflow.policy.test_loading import write


def shop(root: Path, settings: str) -> Policy:
    write(root, "shop/1", 'extends = "cn-marketplace@1.1"\neffective_from = 2020-02-01T00:00:00Z', settings)
    return load_packs(BUILT_IN, root).get("shop@1")


@pytest.mark.parametrize(("rule", "amount"), [("stays", 1800), ("moves_to_kept", 2000), ("recomputed", 1600)])
def test_the_pack_says_what_becomes_of_a_discount(tmp_path: Path, rule: str, amount: int) -> None:
    """R-RFD-05: 4.00 off from 40.00 on, and goods of 20.00 come back."""
    policy = shop(tmp_path, f'[refund]\ndiscount_rule = "{rule}"')
    lines = (an_order_line("1", quantity=1, amount_minor=2000), an_order_line("2", quantity=1, amount_minor=2000))
    discount = OrderDiscount(discount_id="d", amount_minor=400, condition=DiscountCondition(minimum_goods_minor=4000))
    back = decided(policy=policy, order=order(lines=lines, discounts=(discount,))).option(OptionCode.RETURN_REFUND)
    assert back is not None
    assert back.amount_minor == amount


def test_a_restocking_fee_is_kept_from_a_return_that_nobody_is_to_blame_for(tmp_path: Path) -> None:
    policy = shop(tmp_path, "[restocking]\npercent = 15")
    back = decided(policy=policy, quantity=2).option(OptionCode.RETURN_REFUND)
    assert back is not None
    assert back.quote is not None
    assert (back.amount_minor, [each.code for each in back.quote.deductions]) == (1785, ["restocking"])
    faulty = decided(Scene.QUALITY_DEFECT, policy=policy, usable=True, quantity=2).option(OptionCode.RETURN_REFUND)
    assert faulty is not None
    assert faulty.amount_minor == 2100


@pytest.mark.parametrize(("price", "back", "collect"), [(1050, 0, 0), (1300, 0, 500), (1000, 100, 0)])
def test_an_exchange_costs_its_difference_either_way(price: int, back: int, collect: int) -> None:
    """R-EXC-03."""
    decision = decided(Scene.RETURN_SIZE_MISMATCH, quantity=2, exchange=ExchangeFacts(unit_minor=price))
    option = decision.option(OptionCode.EXCHANGE)
    assert option is not None
    assert (option.amount_minor, option.collect_minor) == (back, collect)
    assert "R-EXC-03" in rules(decision)
