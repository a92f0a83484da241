"""Charges held back from a refund, and the credit note that shows them."""

import pytest
from pydantic import ValidationError

from contracts.fees import Fee, FeeTax
from contracts.order_v1 import FreightCharge, Tax
from contracts.quote import CompensateUnits, Deduction, RefundFreight
from services.workflow.money.credit_note import credit_note_of
from services.workflow.money.errors import UnknownItemError
from services.workflow.money.journal import balance_minor
from services.workflow.money.quote import quote
from services.workflow.money.rounding import percent, rounded
from tests.support.builders import an_order, an_order_line
from tests.unit.workflow.money.asking import request, units

RESTOCKING = Fee(code="restocking", rule="policy", rate_ppm=150_000)
TAX = Tax(code="VAT", rate_ppm=200_000, amount_minor=200)
ORDER = an_order(
    lines=(an_order_line("1", quantity=3, amount_minor=1200, taxes=(TAX,)), an_order_line("2", quantity=1, amount_minor=333)),
    freight=(FreightCharge(freight_id="f1", amount_minor=300),),
)


def held(*fees: Fee, quantity: int = 2) -> list[int]:
    return [each.amount_minor for each in quote(ORDER, request(units(quantity), fees=fees)).deductions]


def test_a_restocking_fee_is_a_percentage_of_the_goods_given_back() -> None:
    assert held(RESTOCKING) == [120]
    items = (units(2), RefundFreight(freight_id="f1"), CompensateUnits(line_id="2", quantity=1, amount_minor=100))
    assert quote(ORDER, request(*items, fees=(RESTOCKING,))).deductions[0].amount_minor == 120


@pytest.mark.parametrize(("rounding", "amount"), [("down", 49), ("half_up", 50), ("up", 50)])
def test_a_rate_is_rounded_as_the_shop_says(rounding: str, amount: int) -> None:
    fee = Fee.model_validate({**RESTOCKING.model_dump(), "rounding": rounding})
    quoted = quote(ORDER, request(units(1, "2"), fees=(fee,)))
    assert quoted.deductions[0].amount_minor == amount
    assert quoted.deductions[0].steps[0].label == f"restocking: 15 % of 333, rounded {rounding.replace('_', ' ')}"


def test_a_fee_is_per_unit_or_one_amount_and_keeps_to_its_bounds() -> None:
    assert held(Fee(code="restocking", rule="policy", amount_minor=50, per_unit=True)) == [100]
    assert held(Fee(code="return_freight", rule="R-FRT-07", amount_minor=260)) == [260]
    assert held(RESTOCKING.model_copy(update={"minimum_minor": 200})) == [200]
    assert held(RESTOCKING.model_copy(update={"maximum_minor": 90})) == [90]
    assert held(RESTOCKING.model_copy(update={"line_ids": ("2",)})) == [0]
    with pytest.raises(UnknownItemError, match=r"request\.fees restocking names line 9"):
        held(RESTOCKING.model_copy(update={"line_ids": ("9",)}))


def test_fees_and_deductions_stop_at_zero_and_say_so() -> None:
    """R-FRT-09: 400 for a unit, of which 300 go first, then 150 are asked."""
    first = Deduction(code="intercept", rule="R-FRT-16", amount_minor=300)
    quoted = quote(ORDER, request(units(1), deductions=(first,), fees=(Fee(code="redelivery", rule="R-FRT-09", amount_minor=150),)))
    assert (quoted.amount_minor, [each.amount_minor for each in quoted.deductions]) == (0, [300, 100])
    assert [(step.label, step.amount_minor) for step in quoted.deductions[1].steps] == [
        ("redelivery", 150),
        ("a refund never falls below zero", -50),
    ]


def test_a_fee_that_contradicts_itself_is_refused() -> None:
    for wrong in (
        {"amount_minor": 1, "rate_ppm": 1},
        {},
        {"rate_ppm": 1, "per_unit": True},
        {"amount_minor": 1, "line_ids": ("1",)},
        {"rate_ppm": 1, "minimum_minor": 2, "maximum_minor": 1},
    ):
        with pytest.raises(ValidationError):
            Fee.model_validate({"code": "x", "rule": "policy", **wrong})


def test_a_credit_note_says_net_tax_and_gross_of_each_line() -> None:
    quoted = quote(ORDER, request(units(2), RefundFreight(freight_id="f1"), fees=(RESTOCKING,)))
    note = credit_note_of(quoted)
    assert [(line.kind, line.reference, line.net_minor, line.gross_minor) for line in note.lines] == [
        ("goods", "1", 667, 800),
        ("freight", "f1", 300, 300),
        ("fee", "restocking", -120, -120),
    ]
    assert [(tax.code, tax.amount_minor) for tax in note.taxes] == [("VAT", 133)]
    assert (note.net_minor, note.gross_minor) == (847, 980)
    assert note.gross_minor == quoted.amount_minor


def test_a_taxed_fee_takes_its_tax_off_the_credit() -> None:
    """120 with 20 % in them are 100 and 20; the entry says so, too."""
    fee = RESTOCKING.model_copy(update={"tax": FeeTax(code="VAT", rate_ppm=200_000)})
    quoted = quote(ORDER, request(units(2), fees=(fee,)))
    note = credit_note_of(quoted)
    assert [(line.net_minor, [tax.amount_minor for tax in line.taxes]) for line in note.lines] == [(667, [133]), (-100, [-20])]
    assert [(tax.code, tax.amount_minor) for tax in note.taxes] == [("VAT", 113)]
    booked = {line.account: line.amount_minor for line in quoted.journal}
    assert (booked["withheld:restocking"], booked["withheld.tax:VAT"]) == (-100, -20)
    assert balance_minor(quoted.journal) == 0


def test_a_request_cannot_explain_its_own_deductions() -> None:
    told = Deduction.model_validate(
        {"code": "x", "rule": "policy", "amount_minor": 10, "steps": [{"label": "a lie", "rule": "none", "amount_minor": 99}]}
    )
    assert quote(ORDER, request(units(1), deductions=(told,))).deductions[0].steps == ()


def test_whole_numbers_are_rounded_without_floats() -> None:
    assert [rounded(5, 2, how) for how in ("down", "half_up", "up")] == [2, 3, 3]
    assert [rounded(4, 2, how) for how in ("down", "half_up", "up")] == [2, 2, 2]
    assert (percent(125_000), percent(200_000), percent(0), percent(1)) == ("12.5 %", "20 %", "0 %", "0.0001 %")
