"""Exchanges, with a difference in either direction (R-EXC-03, R-STK-06)."""

import pytest

from contracts.exchange import ExchangedUnits, ExchangeQuote, ExchangeRequest, Replacement
from contracts.fees import Fee, FeeTax
from contracts.order_v1 import Order, Tax
from contracts.quote import CompensateUnits, PriorRefunds, RefundEverything
from services.workflow.money.errors import CapExceededError, OrderMoneyError, QuantityExceededError, RequestCurrencyError, UnknownItemError
from services.workflow.money.exchange import quote_exchange
from services.workflow.money.prior import after
from services.workflow.money.quote import quote
from services.workflow.money.replacement import substitute_price_minor
from tests.support.builders import a_payment, an_order, an_order_line
from tests.unit.workflow.money.asking import quotes_in_turn, request, units

VAT = FeeTax(code="VAT", rate_ppm=200_000)


def exchange(unit_amount_minor: int, *, order: Order | None = None, prior: PriorRefunds | None = None, **changes: object) -> ExchangeQuote:
    """One of three mugs at 4.25 for something else."""
    asked = ExchangeRequest.model_validate(
        {
            "currency": "GBP",
            "returned": (ExchangedUnits(line_id="1", quantity=1),),
            "replacements": (Replacement(sku="NEW", quantity=1, unit_amount_minor=unit_amount_minor),),
        }
        | changes
    )
    return quote_exchange(order or an_order(), asked, prior or PriorRefunds())


def test_an_even_exchange_moves_no_money() -> None:
    even = exchange(425)
    assert (even.difference_minor, even.to_collect_minor, even.to_refund_minor, even.quote) == (0, 0, 0, None)


def test_something_dearer_is_paid_before_shipping() -> None:
    dearer = exchange(500)
    assert (dearer.difference_minor, dearer.to_collect_minor, dearer.request) == (75, 75, None)
    assert [(step.label, step.amount_minor) for step in dearer.steps] == [("new goods: 1 of NEW", 500), ("returned: 1 of line 1", -425)]


def test_something_cheaper_is_a_refund_of_the_difference() -> None:
    cheaper = exchange(300)
    assert cheaper.quote is not None
    assert (cheaper.to_refund_minor, cheaper.quote.amount_minor) == (125, 125)
    assert [(line.account, line.amount_minor) for line in cheaper.quote.journal] == [
        ("returns.price_differences", 125),
        ("clearing:sandbox", -125),
    ]


def test_exchanged_goods_that_come_back_are_worth_their_new_price() -> None:
    """R-RFD-04: the unit was exchanged for something at 3.00."""
    cheaper = exchange(300)
    assert cheaper.request is not None
    quotes = quotes_in_turn(an_order(), cheaper.request, request(units(1)), request(RefundEverything()))
    assert [each.amount_minor for each in quotes] == [125, 300, 850]


def test_a_unit_that_was_compensated_counts_with_what_is_left_on_it() -> None:
    """R-RFD-04."""
    prior = after(PriorRefunds(), quote(an_order(), request(CompensateUnits(line_id="1", quantity=1, amount_minor=125))))
    assert exchange(300, prior=prior).difference_minor == 0


def test_a_substitute_is_ten_percent_off_rounded_down() -> None:
    """R-STK-03, R-STK-06."""
    assert substitute_price_minor(425, 10) == 382
    substitute = exchange(425, replacements=(Replacement(sku="SUB", quantity=1, unit_amount_minor=425, percent_off=10),))
    assert substitute.to_refund_minor == 425 - 382
    assert [(step.rule, step.amount_minor) for step in substitute.replacements[0].steps] == [("R-EXC-03", 425), ("R-STK-06", -43)]
    with pytest.raises(ValueError, match="between 0 and 100"):
        substitute_price_minor(100, 101)


def test_tax_inside_and_on_top_of_new_goods() -> None:
    new = Replacement(sku="NEW", quantity=1, unit_amount_minor=500, taxes=(VAT,))
    inside = exchange(0, replacements=(new,)).replacements[0]
    assert (inside.gross_minor, [tax.amount_minor for tax in inside.taxes]) == (500, [83])
    line = an_order_line(taxes=(Tax(code="VAT", rate_ppm=200_000, amount_minor=255),))
    on_top = an_order(lines=(line,), tax_included=False, payments=(a_payment(1530),))
    dearer = exchange(0, order=on_top, replacements=(new,))
    assert (dearer.returned_minor, dearer.replacements[0].gross_minor, dearer.to_collect_minor) == (510, 600, 90)
    assert [(tax.code, tax.amount_minor) for tax in dearer.taxes] == [("VAT", 15)]


def test_fees_are_held_back_or_collected_on_top() -> None:
    """R-FRT-08."""
    fee = Fee(code="return_freight", rule="R-FRT-08", amount_minor=100)
    cheaper = exchange(300, fees=(fee,))
    assert cheaper.quote is not None
    assert (cheaper.to_refund_minor, cheaper.quote.amount_minor, cheaper.fees_minor) == (25, 25, 100)
    barely = exchange(400, fees=(fee,))
    assert barely.quote is not None
    assert (barely.to_collect_minor, barely.quote.amount_minor, barely.quote.deductions[0].amount_minor) == (75, 0, 25)
    assert exchange(500, fees=(fee,)).to_collect_minor == 175


def test_a_refund_of_a_difference_stays_within_the_payments() -> None:
    """R-RFD-03."""
    order = an_order(payments=(a_payment(1275, refunded_elsewhere_minor=1200),))
    with pytest.raises(CapExceededError, match="at most 75"):
        exchange(300, order=order)
    assert exchange(350, order=order).to_refund_minor == 75


def test_what_cannot_be_exchanged_is_refused_with_its_place() -> None:
    with pytest.raises(RequestCurrencyError):
        exchange(1, currency="EUR")
    with pytest.raises(UnknownItemError, match=r"request\.returned\[0\] names line 9"):
        exchange(1, returned=(ExchangedUnits(line_id="9", quantity=1),))
    with pytest.raises(QuantityExceededError, match="only 3 are left"):
        exchange(1, returned=(ExchangedUnits(line_id="1", quantity=4),))
    with pytest.raises(OrderMoneyError, match=r"request\.replacements NEW: discount_minor is more"):
        exchange(1, replacements=(Replacement(sku="NEW", quantity=1, unit_amount_minor=10, discount_minor=11),))
