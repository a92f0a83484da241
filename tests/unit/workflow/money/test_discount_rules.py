"""What a partial return does to a discount on the order, as shops differ."""

import pytest

from contracts.order_v1 import DiscountCondition, DiscountTier, Order, OrderDiscount, Tax
from contracts.quote import CompensateUnits, Deduction, DiscountRule, RefundEverything, RefundRequest
from services.workflow.money.errors import OrderMoneyError, UnknownItemError
from services.workflow.money.quote import quote
from tests.support.builders import a_payment, an_order, an_order_line
from tests.unit.workflow.money.asking import amounts, in_turn, quotes_in_turn, request, units

LINES = (an_order_line("1", quantity=2, amount_minor=10_000), an_order_line("2", quantity=2, amount_minor=10_000))


def an_order_with(*, percentage: bool = False, condition: DiscountCondition | None = None, amount_minor: int = 2000) -> Order:
    """Four units at 50.00, and 20.00 off unless told otherwise: 45.00 each."""
    discount = OrderDiscount(discount_id="d", amount_minor=amount_minor, percentage=percentage, condition=condition)
    return an_order(lines=LINES, discounts=(discount,))


def by(rule: DiscountRule, quantity: int = 1, line_id: str = "1") -> RefundRequest:
    return request(units(quantity, line_id), discount_rule=rule)


def one_by_one(rule: DiscountRule) -> tuple[RefundRequest, ...]:
    return by(rule), by(rule), by(rule, line_id="2"), by(rule, line_id="2")


FROM_150 = DiscountCondition(minimum_goods_minor=15_000)


def test_a_discount_stays_with_its_units_unless_told_otherwise() -> None:
    """R-RFD-05."""
    assert in_turn(an_order_with(condition=FROM_150), *one_by_one("stays")) == [4500] * 4


def test_a_discount_that_moves_leaves_returned_units_at_their_price_before_it() -> None:
    """50.00 for each unit, until the last one has to bear the whole discount."""
    assert in_turn(an_order_with(), *one_by_one("moves_to_kept")) == [5000, 5000, 5000, 3000]


def test_what_moves_is_shown_on_the_kept_units() -> None:
    quoted = quote(an_order_with(), by("moves_to_kept", 2))
    assert [(line.line_id, line.kind, line.cause, line.amount_minor) for line in quoted.lines] == [
        ("1", "units", "asked", 9000),
        ("2", "compensation", "discount_moved", 1000),
    ]
    assert [(line.account, line.amount_minor, line.memo) for line in quoted.journal] == [
        ("returns.goods", 9000, "line 1"),
        ("returns.goods", 1000, "line 2: order discount moved onto kept units"),
        ("clearing:sandbox", -10000, "payment p1"),
    ]


def test_a_discount_moves_only_as_far_as_kept_units_can_bear_it() -> None:
    lines = (an_order_line("1", quantity=1, amount_minor=10_000), an_order_line("2", quantity=1, amount_minor=1000))
    order = an_order(lines=lines, discounts=(OrderDiscount(discount_id="d", amount_minor=5500),))
    assert in_turn(order, by("moves_to_kept"), by("moves_to_kept", line_id="2")) == [5000 + 500, 0]


def test_a_lost_discount_is_held_back_and_comes_back_with_the_goods() -> None:
    """Two of four units are kept for 100.00, below the 150.00: they cost 100.00 now, so 80.00 of 180.00 go back."""
    first, second, third = quotes_in_turn(
        an_order_with(condition=FROM_150), by("recomputed", 2), by("recomputed", line_id="2"), by("recomputed", line_id="2")
    )
    assert [first.amount_minor, second.amount_minor, third.amount_minor] == [8000, 5000, 5000]
    assert [(step.label, step.amount_minor) for step in first.lines[0].steps][-1] == ("order discount lost on what is kept", -1000)
    assert first.lines[0].discount_held_minor == 1000
    assert [(line.line_id, line.cause, line.amount_minor) for line in second.lines] == [
        ("2", "asked", 4500),
        ("1", "discount_restored", 500),
    ]


def test_a_fixed_discount_whose_condition_holds_stays_whole() -> None:
    """150.00 are kept: the 20.00 are still due, so the returned unit comes back at its full price."""
    assert in_turn(an_order_with(condition=FROM_150), by("recomputed")) == [5000]


def test_a_percentage_shrinks_with_the_goods() -> None:
    assert in_turn(an_order_with(percentage=True, condition=FROM_150), by("recomputed")) == [4500]
    assert in_turn(an_order_with(percentage=True), *one_by_one("recomputed")) == [4500] * 4


def test_a_lower_tier_is_granted_where_the_first_no_longer_holds() -> None:
    """Below 150.00, 5.00 off from two units on, or 8 % from 60.00 on, whichever is more."""
    tiers = (DiscountTier(minimum_quantity=2, amount_minor=500), DiscountTier(minimum_goods_minor=6000, rate_ppm=80_000))
    order = an_order_with(condition=FROM_150.model_copy(update={"tiers": tiers}))
    assert in_turn(order, by("recomputed", 2)) == [18_000 - (10_000 - 800)]
    assert in_turn(order, *one_by_one("recomputed")) == [5000, 3800, 4200, 5000]


def test_a_condition_counts_units_and_only_its_own_lines() -> None:
    three = an_order_with(condition=DiscountCondition(minimum_quantity=3))
    assert in_turn(three, by("recomputed", 2)) == [8000]
    two_of_line_2 = an_order_with(condition=DiscountCondition(minimum_quantity=2, line_ids=("2",)))
    assert in_turn(two_of_line_2, by("recomputed", 2)) == [10_000]
    assert in_turn(two_of_line_2, by("recomputed", 1, "2")) == [18_000 - 15_000]


def test_holding_back_never_pushes_a_refund_below_zero_and_nothing_is_lost() -> None:
    """60.00 off 200.00 from 160.00 on: one unit of 35.00 comes back, while 45.00 of discount are lost. It catches up."""
    order = an_order_with(condition=DiscountCondition(minimum_goods_minor=16_000), amount_minor=6000)
    assert in_turn(order, *one_by_one("recomputed")) == [0, 4000, 5000, 5000]
    assert in_turn(order, by("recomputed"), request(RefundEverything())) == [0, 14_000]


def test_a_unit_that_a_discount_moved_onto_counts_with_it_when_it_is_lost_later() -> None:
    """First the 20.00 stay whole on three units, then two units are below the minimum."""
    assert in_turn(an_order_with(condition=FROM_150), *one_by_one("recomputed")) == [5000, 3000, 5000, 5000]


def test_agreed_amounts_are_not_held_back() -> None:
    order = an_order_with(condition=FROM_150)
    assert in_turn(order, request(units(2, amount_minor=8500), discount_rule="recomputed")) == [8500]


def test_compensation_and_moved_discounts_share_the_price_of_a_unit() -> None:
    """R-RFD-03, R-RFD-04."""
    compensation = request(CompensateUnits(line_id="2", quantity=2, amount_minor=8500))
    quotes = quotes_in_turn(an_order_with(), compensation, by("moves_to_kept", 2), request(RefundEverything()))
    assert [each.amount_minor for each in quotes] == [8500, 9500, 0]


def test_a_discount_moves_only_as_far_as_the_payments_allow() -> None:
    """R-RFD-03: 46.00 are left on the payment, so 1.00 of the 5.00 can move; what is held back leaves room for more."""
    order = an_order_with()
    order = order.model_copy(update={"payments": (a_payment(18_000, refunded_elsewhere_minor=13_400),)})
    quoted = quote(order, by("moves_to_kept"))
    assert [(line.cause, line.amount_minor) for line in quoted.lines if line.kind == "units"] == [("asked", 4500)]
    assert (quoted.amount_minor, sum(line.amount_minor for line in quoted.lines if line.cause == "discount_moved")) == (4600, 100)
    held = Deduction(code="return_freight", rule="R-FRT-07", amount_minor=300)
    with_freight = quote(order, by("moves_to_kept").model_copy(update={"deductions": (held,)}))
    assert (with_freight.amount_minor, sum(line.amount_minor for line in with_freight.lines)) == (4600, 4900)


def test_tax_on_top_moves_with_the_discount() -> None:
    """20 % on 200.00 less 20.00; a unit before the discount costs 60.00 with tax."""
    lines = tuple(line.model_copy(update={"taxes": (Tax(code="VAT", rate_ppm=200_000, amount_minor=1800),)}) for line in LINES)
    discount = OrderDiscount(discount_id="d", amount_minor=2000)
    order = an_order(lines=lines, discounts=(discount,), tax_included=False, payments=(a_payment(21_600),))
    quoted = quote(order, by("moves_to_kept", 2))
    assert quoted.amount_minor == 12_000
    assert amounts(quoted) == {"1": 10_800, "2": 1200}
    assert sum(tax.amount_minor for line in quoted.lines for tax in line.taxes) == 2000


def test_taxes_sum_where_a_discount_is_held_back_from_one_of_two_items_on_a_line() -> None:
    """Found by the properties: the share of tax of the second item began where the first would have ended without the hold."""
    taxes = (Tax(code="A", rate_ppm=200_000, amount_minor=1001), Tax(code="B", rate_ppm=130_000, amount_minor=700))
    order = an_order_with(condition=DiscountCondition(minimum_goods_minor=16_000), amount_minor=6000)
    order = order.model_copy(update={"lines": (order.lines[0].model_copy(update={"taxes": taxes}), order.lines[1])})
    both = request(units(1), CompensateUnits(line_id="1", quantity=1, amount_minor=1234), discount_rule="recomputed")
    quotes = quotes_in_turn(order, both, request(RefundEverything()))
    given = {code: sum(tax.amount_minor for q in quotes for line in q.lines for tax in line.taxes if tax.code == code) for code in "AB"}
    assert given == {"A": 1001, "B": 700}


def test_a_condition_that_cannot_be_is_refused() -> None:
    with pytest.raises(OrderMoneyError, match=r"order\.discounts d: the whole order does not meet its condition: send"):
        quote(an_order_with(condition=DiscountCondition(minimum_quantity=5)), by("recomputed"))
    with pytest.raises(UnknownItemError, match=r"order\.discounts d condition\.line_ids names line 9"):
        quote(an_order_with(condition=DiscountCondition(line_ids=("9",))), by("recomputed"))
