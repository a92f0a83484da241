"""Requests about a shipment, a whole order, or all that is left."""

import pytest

from contracts.order_v1 import FreightCharge, OrderDiscount, Tax
from contracts.quote import (
    CompensateOrder,
    CompensateShipment,
    CompensateUnits,
    PriorLine,
    PriorRefunds,
    RefundEverything,
    RefundFreight,
    RefundItem,
    RefundShipmentFreight,
)
from services.workflow.money.errors import (
    CapExceededError,
    NothingLeftError,
    OverlappingItemsError,
    PaymentCurrencyError,
    PriorMoneyError,
    QuantityExceededError,
    UnknownItemError,
)
from services.workflow.money.prior import after
from services.workflow.money.quote import quote
from tests.support.builders import a_payment, an_order, an_order_line
from tests.unit.workflow.money.asking import amounts, in_turn, parcel, quotes_in_turn, request, units

VAT = 200_000
ORDER = an_order(
    lines=(an_order_line("1", quantity=4, amount_minor=4000), an_order_line("2", quantity=2, amount_minor=1000)),
    discounts=(OrderDiscount(discount_id="d", amount_minor=500),),
    freight=(
        FreightCharge(freight_id="f1", shipment_id="s1", amount_minor=300, taxes=(Tax(code="VAT", rate_ppm=VAT, amount_minor=50),)),
        FreightCharge(freight_id="f2", shipment_id="s2", amount_minor=300, discount_minor=100),
        FreightCharge(freight_id="f0", amount_minor=60),
    ),
    shipments=(parcel("s1", l1=2, l2=2), parcel("s2", l1=1)),
)
"""Line 1 cost 900 a unit, line 2 450: 3600 and 900 after the discount."""

EVERYTHING = request(RefundEverything())


def test_everything_is_every_kept_unit_and_all_freight() -> None:
    assert in_turn(ORDER, EVERYTHING) == [5060]
    before = [request(units(1)), request(RefundFreight(freight_id="f1", amount_minor=100))]
    assert in_turn(ORDER, *before, EVERYTHING) == [900, 100, 4060]
    with pytest.raises(NothingLeftError, match="nothing is left"):
        in_turn(ORDER, EVERYTHING, EVERYTHING)


def test_everything_leaves_what_was_not_agreed_on_settled_units() -> None:
    """R-RTN-05: 600 of 900 were granted for a unit; the other 300 are not given back by asking for everything."""
    assert in_turn(ORDER, request(units(1, amount_minor=600)), EVERYTHING) == [600, 4160]


def test_an_amount_on_a_shipment_is_divided_over_what_is_left_of_its_units() -> None:
    """R-COMP-13: shipment 1 has 1800 of line 1 and 900 of line 2, and 300 freight."""
    item = CompensateShipment(shipment_id="s1", amount_minor=270)
    assert amounts(quote(ORDER, request(item))) == {"1": 180, "2": 90}
    with_freight = item.model_copy(update={"amount_minor": 300, "with_freight": True})
    assert amounts(quote(ORDER, request(with_freight))) == {"1": 180, "2": 90, "f1": 30}
    first, second = quotes_in_turn(ORDER, request(units(1, "2", shipment_id="s1")), request(item))
    assert (first.amount_minor, amounts(second)) == (450, {"1": 216, "2": 54})


def test_a_shipment_gives_back_no_more_than_is_left_of_it() -> None:
    """R-RFD-03."""
    whole = CompensateShipment(shipment_id="s2", amount_minor=900)
    assert in_turn(ORDER, request(whole)) == [900]
    with pytest.raises(CapExceededError, match="shipment s2: 901 asked, but at most 900"):
        in_turn(ORDER, request(whole.model_copy(update={"amount_minor": 901})))
    with pytest.raises(CapExceededError, match="at most 0"):
        in_turn(ORDER, request(units(1, shipment_id="s2")), request(whole.model_copy(update={"amount_minor": 1})))


def test_units_and_freight_of_one_shipment() -> None:
    assert in_turn(ORDER, request(units(1, shipment_id="s2"), RefundShipmentFreight(shipment_id="s2"))) == [1100]
    with pytest.raises(QuantityExceededError, match="line 1 in shipment s2: 2 units asked, but only 1 are left"):
        in_turn(ORDER, request(units(2, shipment_id="s2")))
    comp = CompensateUnits(line_id="1", quantity=1, amount_minor=100, shipment_id="s2")
    (quoted,) = quotes_in_turn(ORDER, request(comp))
    assert [(run.first, run.count) for run in quoted.lines[0].units] == [(3, 1)]


def test_goodwill_on_the_order_is_divided_over_what_is_left_of_its_lines() -> None:
    """R-COMP-07, R-RFD-03: 3600 and 900; once 900 of line 1 are back, 2700 and 900."""
    goodwill = CompensateOrder(amount_minor=100)
    assert amounts(quote(ORDER, request(goodwill))) == {"1": 80, "2": 20}
    _, later = quotes_in_turn(ORDER, request(units(1)), request(goodwill))
    assert amounts(later) == {"1": 75, "2": 25}
    assert in_turn(ORDER, request(goodwill), EVERYTHING) == [100, 4960]
    with_freight = CompensateOrder(amount_minor=506, with_freight=True)
    assert amounts(quote(ORDER, request(with_freight))) == {"1": 360, "2": 90, "f1": 30, "f2": 20, "f0": 6}
    with pytest.raises(CapExceededError, match="what is kept of the order: 4501 asked, but at most 4500"):
        quote(ORDER, request(CompensateOrder(amount_minor=4501)))


def test_goodwill_stays_within_what_is_left_of_a_line() -> None:
    """R-RFD-03: 1000 went back for the first unit of line 1, so its other three have 2600 left, not 2700."""
    before = PriorRefunds(lines=(PriorLine(line_id="1", units_refunded=1, refunded_minor=1000),))
    assert amounts(quote(ORDER, request(CompensateOrder(amount_minor=3500)), before)) == {"1": 2600, "2": 900}
    with pytest.raises(CapExceededError, match="what is kept of the order: 3501 asked, but at most 3500"):
        quote(ORDER, request(CompensateOrder(amount_minor=3501)), before)


def test_a_price_difference_is_booked_as_a_lower_price() -> None:
    """R-EXC-03: divided by what is left on the units, where compensation would be divided evenly."""
    first = request(CompensateUnits(line_id="1", quantity=1, amount_minor=800))
    second = request(CompensateUnits(line_id="1", quantity=4, amount_minor=1400, reason="price_difference"))
    _, quoted = quotes_in_turn(ORDER, first, second)
    assert [(run.first, run.count, run.amount_minor) for run in quoted.lines[0].units] == [(1, 1, 50), (2, 3, 450)]
    assert {line.account for line in quoted.journal} == {"returns.price_differences", "clearing:sandbox"}
    with pytest.raises(CapExceededError, match="at most 2800"):
        quotes_in_turn(ORDER, first, request(CompensateUnits(line_id="1", quantity=4, amount_minor=2801, reason="price_difference")))


@pytest.mark.parametrize(
    ("items", "what"),
    [
        ((RefundEverything(), units(1)), "line 1"),
        ((RefundFreight(freight_id="f1"), RefundEverything()), "freight f1"),
        ((CompensateOrder(amount_minor=1), units(1)), "line 1"),
        ((units(1, "2"), CompensateShipment(shipment_id="s1", amount_minor=1)), "line 2"),
        ((CompensateShipment(shipment_id="s1", amount_minor=1), CompensateShipment(shipment_id="s2", amount_minor=1)), "line 1"),
        ((CompensateOrder(amount_minor=1, with_freight=True), RefundFreight(freight_id="f0")), "freight f0"),
        ((RefundFreight(freight_id="f1"), RefundFreight(freight_id="f1")), "freight f1"),
        ((CompensateUnits(line_id="1", quantity=1, amount_minor=1), units(1)), "line 1"),
        ((RefundShipmentFreight(shipment_id="s1"), RefundFreight(freight_id="f1", amount_minor=1)), "freight f1"),
    ],
)
def test_items_that_overlap_are_refused(items: tuple[RefundItem, ...], what: str) -> None:
    with pytest.raises(OverlappingItemsError, match=rf"items\[1\] and items\[0\] both ask for {what}"):
        quote(ORDER, request(*items))


def test_items_that_only_touch_are_not() -> None:
    assert in_turn(ORDER, request(units(1), units(3))) == [3600]
    assert in_turn(ORDER, request(units(3), CompensateUnits(line_id="1", quantity=1, amount_minor=100))) == [2800]
    parts = (RefundFreight(freight_id="f1", amount_minor=100), RefundFreight(freight_id="f1"))
    assert in_turn(ORDER, request(*parts)) == [300]
    assert in_turn(ORDER, request(CompensateShipment(shipment_id="s2", amount_minor=9), units(2, "2"))) == [909]


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (CompensateShipment(shipment_id="s9", amount_minor=1), "request.items names shipment s9"),
        (RefundShipmentFreight(shipment_id="s9"), "request.items names shipment s9"),
        (units(1, shipment_id="s9"), "request.items names shipment s9"),
    ],
)
def test_an_unknown_shipment_is_refused(item: RefundItem, says: str) -> None:
    with pytest.raises(UnknownItemError, match=says):
        quote(ORDER, request(item))


def test_units_that_come_back_from_either_end_of_a_line_are_told_apart() -> None:
    """Found by the properties: the units of the later parcel first, so that a gap is left between units that are alike."""
    order = an_order(shipments=(parcel("s1", l1=2), parcel("s2", l1=1)))
    first = quotes_in_turn(order, request(units(1)), request(units(1, shipment_id="s2")))
    before = after(after(PriorRefunds(), first[0]), first[1])
    assert [(part.first, part.count) for part in before.line("1").units] == [(1, 1), (3, 1)]
    assert in_turn(order, request(units(1)), request(units(1, shipment_id="s2"), units(1))) == [425, 850]
    with pytest.raises(QuantityExceededError):
        quote(order, request(units(1, shipment_id="s2")), before)


def test_a_payment_in_another_currency_is_refused() -> None:
    order = an_order(payments=(a_payment(1275, currency="EUR"),))
    with pytest.raises(PaymentCurrencyError, match=r"order\.payments p1: currency is EUR, but the order is in GBP: send"):
        quote(order, request(units(1)))
    assert quote(an_order(payments=(a_payment(1275, currency="GBP"),)), request(units(1))).amount_minor == 425


def test_a_prior_that_names_a_line_twice_is_refused() -> None:
    line = PriorLine(line_id="1", units_refunded=1, refunded_minor=900)
    with pytest.raises(PriorMoneyError, match="names line 1 twice: add up"):
        quote(ORDER, request(units(1)), PriorRefunds(lines=(line, line)))
    with pytest.raises(UnknownItemError, match=r"prior\.lines names line 9"):
        quote(ORDER, request(units(1)), PriorRefunds(lines=(line.model_copy(update={"line_id": "9"}),)))
