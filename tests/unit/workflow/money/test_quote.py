"""What a refund comes to, on orders small enough to check by hand."""

import pytest

from contracts.order_v1 import FreightCharge, OrderDiscount, Tax
from contracts.quote import CompensateUnits, Deduction, PriorLine, PriorRefunds, RefundFreight, RefundRequest
from services.workflow.money.errors import (
    CapExceededError,
    NoPaymentError,
    OrderMoneyError,
    PriorMoneyError,
    QuantityExceededError,
    RequestCurrencyError,
    UnknownItemError,
)
from services.workflow.money.proration import prorate
from services.workflow.money.quote import quote
from tests.support.builders import a_payment, an_order, an_order_line
from tests.unit.workflow.money.asking import in_turn, request, units


def test_an_order_discount_goes_to_the_largest_fractions_and_ties_to_the_lower_line() -> None:
    """R-RFD-05."""
    assert prorate(100, [1, 1, 1]) == [34, 33, 33]
    assert prorate(5, [10, 20, 30]) == [1, 2, 2]
    assert prorate(1, [2, 3]) == [0, 1]
    assert prorate(0, [0, 0]) == [0, 0]


def test_the_last_unit_given_back_gets_the_rest_of_its_line() -> None:
    """R-RFD-06."""
    order = an_order(lines=(an_order_line(quantity=3, amount_minor=1000),))
    assert in_turn(order, *[request(units(1))] * 3) == [333, 333, 334]


def test_discounts_of_line_and_order_come_off_the_unit_price() -> None:
    """R-RFD-05, R-RFD-06: 1000 - 100 = 900 of 1500 carries 60 % of the discount of 51."""
    lines = (an_order_line("1", quantity=2, amount_minor=1000, discount_minor=100), an_order_line("2", quantity=1, amount_minor=600))
    order = an_order(lines=lines, discounts=(OrderDiscount(discount_id="d", amount_minor=51),))
    quoted = quote(order, request(units(1)))
    assert quoted.amount_minor == (900 - 31) // 2
    assert [(step.rule, step.amount_minor) for step in quoted.lines[0].steps] == [
        ("R-RFD-06", 500),
        ("R-RFD-06", -50),
        ("R-RFD-05", -15),
        ("R-RFD-06", -1),
    ]


def test_tax_on_top_is_given_back_and_tax_inside_is_shown() -> None:
    tax = Tax(code="VAT", rate_ppm=200_000, amount_minor=201)
    on_top = an_order(lines=(an_order_line(quantity=2, amount_minor=1005, taxes=(tax,)),), tax_included=False, payments=(a_payment(1206),))
    assert quote(on_top, request(units(2))).amount_minor == 1206
    inside = an_order(lines=(an_order_line(quantity=2, amount_minor=1206, taxes=(tax,)),))
    quoted = quote(inside, request(units(1)))
    assert quoted.amount_minor == 603
    assert [portion.amount_minor for portion in quoted.lines[0].taxes] == [100]
    assert [(line.account, line.amount_minor) for line in quoted.journal] == [
        ("returns.goods", 503),
        ("returns.tax:VAT", 100),
        ("clearing:sandbox", -603),
    ]


def test_a_kept_unit_that_was_compensated_is_worth_that_much_less() -> None:
    """R-RFD-04: the compensated unit comes back first."""
    order = an_order(lines=(an_order_line(quantity=2, amount_minor=1000),))
    compensation = request(CompensateUnits(line_id="1", quantity=1, amount_minor=200))
    assert in_turn(order, compensation, request(units(1)), request(units(1))) == [200, 300, 500]


def test_compensation_is_booked_evenly_with_the_rest_on_the_lowest_units() -> None:
    """R-COMP-13."""
    quoted = quote(an_order(), request(CompensateUnits(line_id="1", quantity=3, amount_minor=500)))
    assert [(run.first, run.count, run.amount_minor) for run in quoted.lines[0].units] == [(1, 2, 167), (3, 1, 166)]
    assert quoted.journal[0].account == "returns.compensation"


def test_compensation_above_the_paid_price_of_a_unit_is_refused() -> None:
    """R-RFD-03: a mug cost 425."""
    with pytest.raises(CapExceededError, match="at most 425"):
        quote(an_order(), request(CompensateUnits(line_id="1", quantity=1, amount_minor=426)))
    assert quote(an_order(), request(CompensateUnits(line_id="1", quantity=1, amount_minor=425))).amount_minor == 425


def test_a_partial_refund_settles_its_units_and_stays_below_their_price() -> None:
    """R-RTN-05: the supervisor grants 300 of 425; the next unit is worth 425 as before."""
    assert in_turn(an_order(), request(units(1, amount_minor=300)), request(units(1)), request(units(1))) == [300, 425, 425]
    with pytest.raises(CapExceededError, match="426 asked, but at most 425"):
        quote(an_order(), request(units(1, amount_minor=426)))
    with pytest.raises(QuantityExceededError):
        in_turn(an_order(), request(units(3, amount_minor=300)), request(units(1)))


def test_freight_is_given_back_once() -> None:
    """R-FRT-12."""
    order = an_order(freight=(FreightCharge(freight_id="f1", amount_minor=500, discount_minor=50),))
    assert in_turn(order, request(RefundFreight(freight_id="f1", amount_minor=150)), request(RefundFreight(freight_id="f1"))) == [150, 300]
    with pytest.raises(CapExceededError):
        in_turn(order, request(RefundFreight(freight_id="f1")), request(RefundFreight(freight_id="f1", amount_minor=1)))


def test_a_refund_is_divided_over_the_payments_by_what_is_left_on_them() -> None:
    """R-RFD-07: the left-over goes to the payment with most left, ties to the earliest."""
    card = a_payment(1000, payment_id="card")
    voucher = a_payment(275, payment_id="voucher")
    order = an_order(payments=(card, voucher))
    assert [(each.payment_id, each.amount_minor) for each in quote(order, request(units(1))).allocations] == [
        ("card", 334),
        ("voucher", 91),
    ]
    thirds = an_order(payments=tuple(a_payment(425, payment_id=name) for name in "cab"))
    parts = {each.payment_id: each.amount_minor for each in quote(thirds, request(units(1))).allocations}
    assert parts == {"a": 143, "b": 141, "c": 141}
    coins = an_order(lines=(an_order_line(quantity=1, amount_minor=2),), payments=tuple(a_payment(1, payment_id=name) for name in "abc"))
    assert [(each.payment_id, each.amount_minor) for each in quote(coins, request(units(1))).allocations] == [("a", 1), ("b", 1)]


def test_money_refunded_elsewhere_counts_against_the_cap() -> None:
    """R-RFD-03: what is due is reduced, and says so; what was named is refused."""
    order = an_order(payments=(a_payment(1275, refunded_elsewhere_minor=1000),))
    quoted = quote(order, request(units(1)))
    assert quoted.amount_minor == 275
    assert next(cap for cap in quoted.caps if cap.name == "order").reduced
    with pytest.raises(CapExceededError):
        quote(order, request(units(1, amount_minor=300)))


def test_a_deduction_never_pushes_a_refund_below_zero() -> None:
    """R-FRT-09."""
    freight = Deduction(code="return_freight", rule="R-FRT-09", amount_minor=500)
    quoted = quote(an_order(), request(units(1), deductions=(freight,)))
    assert (quoted.amount_minor, quoted.deductions[0].amount_minor) == (0, 425)
    assert [(line.account, line.amount_minor) for line in quoted.journal] == [("returns.goods", 425), ("withheld:return_freight", -425)]


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 1001), ("KWD", 1_000_001)])
def test_the_exponent_of_a_currency_changes_nothing(currency: str, amount: int) -> None:
    order = an_order(currency=currency, lines=(an_order_line(quantity=2, amount_minor=amount),))
    ask = RefundRequest(currency=currency, items=(units(1),))
    assert in_turn(order, ask, ask) == [amount // 2, amount - amount // 2]


def test_what_cannot_be_is_refused_with_its_place() -> None:
    order = an_order()
    with pytest.raises(RequestCurrencyError, match="is EUR, but the order is in GBP"):
        quote(order, RefundRequest(currency="EUR", items=(units(1),)))
    with pytest.raises(UnknownItemError, match="line 9"):
        quote(order, request(units(1, line_id="9")))
    with pytest.raises(UnknownItemError, match="freight f9"):
        quote(order, request(RefundFreight(freight_id="f9")))
    with pytest.raises(QuantityExceededError, match="only 3 are left"):
        quote(order, request(units(4)))
    with pytest.raises(NoPaymentError):
        quote(an_order(payments=()), request(units(1)))
    with pytest.raises(OrderMoneyError, match="discounts of 2000"):
        quote(order.model_copy(update={"discounts": (OrderDiscount(discount_id="d", amount_minor=2000),)}), request(units(1)))
    mixed = PriorLine(line_id="1", units_refunded=1, refunded_minor=425, units_compensated=1, compensated_minor=100)
    with pytest.raises(PriorMoneyError, match="which units"):
        quote(order, request(units(1)), PriorRefunds(lines=(mixed,)))
