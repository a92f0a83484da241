"""Fewer units arrive than were agreed (R-RTN-05)."""

import pytest

from contracts.fees import Fee
from contracts.order_v1 import FreightCharge
from contracts.quote import Deduction, PriorRefunds, RefundEverything, RefundFreight, RefundRequest, RefundUnits
from services.workflow.money.arrival import split_by_arrival
from services.workflow.money.errors import NothingLeftError, QuantityExceededError
from services.workflow.money.freight_share import customer_share_minor, faulty_share_minor, merchant_topup_minor
from services.workflow.money.prior import after
from services.workflow.money.quote import quote
from tests.support.builders import an_order, an_order_line

ORDER = an_order(
    lines=(an_order_line("1", quantity=3, amount_minor=1000), an_order_line("2", quantity=2, amount_minor=501)),
    freight=(FreightCharge(freight_id="f1", amount_minor=300),),
)
AGREED = RefundRequest(
    currency="GBP",
    items=(RefundUnits(line_id="1", quantity=3), RefundUnits(line_id="2", quantity=2), RefundFreight(freight_id="f1")),
    deductions=(Deduction(code="return_freight", rule="R-FRT-09", amount_minor=700),),
)


@pytest.mark.parametrize("arrived", [{}, {"1": 1}, {"1": 3}, {"1": 2, "2": 1}, {"1": 3, "2": 2}])
def test_the_arrived_and_the_missing_units_sum_to_what_was_agreed(arrived: dict[str, int]) -> None:
    split = split_by_arrival(ORDER, AGREED, arrived, PriorRefunds())
    parts = [part.quote.amount_minor for part in (split.arrived, split.disputed) if part]
    assert sum(parts) == quote(ORDER, AGREED).amount_minor
    assert (split.arrived is None) == (not arrived)
    assert (split.disputed is None) == (arrived == {"1": 3, "2": 2})


def test_freight_waits_for_the_missing_units() -> None:
    split = split_by_arrival(ORDER, AGREED, {"1": 2, "2": 2}, PriorRefunds())
    assert split.arrived is not None
    assert split.disputed is not None
    assert {line.kind for line in split.arrived.quote.lines} == {"units"}
    assert [line.kind for line in split.disputed.quote.lines] == ["units", "freight"]


def test_a_partial_amount_is_divided_by_units() -> None:
    agreed = RefundRequest(currency="GBP", items=(RefundUnits(line_id="1", quantity=3, amount_minor=500),))
    split = split_by_arrival(ORDER, agreed, {"1": 2}, PriorRefunds())
    assert split.arrived is not None
    assert split.disputed is not None
    assert (split.arrived.quote.amount_minor, split.disputed.quote.amount_minor) == (333, 167)


def test_more_units_than_agreed_are_refused() -> None:
    with pytest.raises(QuantityExceededError, match="4 units asked, but only 3"):
        split_by_arrival(ORDER, AGREED, {"1": 4}, PriorRefunds())


def test_return_freight_is_shared_as_the_rules_say() -> None:
    """R-FRT-01, R-FRT-06, R-FRT-07."""
    assert merchant_topup_minor(1300, 800, 1300) == 500
    assert merchant_topup_minor(1301, 800, 1300) == 500
    assert merchant_topup_minor(700, 800, 1300) == 0
    assert faulty_share_minor(1000, 1, 3) == 334
    assert customer_share_minor(1000, 600) == 400
    assert customer_share_minor(500, 600) == 0
    with pytest.raises(ValueError, match="impossible"):
        faulty_share_minor(1000, 3, 2)


def test_fees_of_the_whole_return_are_taken_from_the_arrived_units_first() -> None:
    """R-RTN-05: 20 % of 1501 are 300, of which the missing units bear what the arrived ones could not."""
    fee = Fee(code="restocking", rule="policy", rate_ppm=200_000)
    agreed = AGREED.model_copy(update={"items": AGREED.items[:2], "deductions": (), "fees": (fee,)})
    split = split_by_arrival(ORDER, agreed, {"2": 1}, PriorRefunds())
    assert split.arrived is not None
    assert split.disputed is not None
    assert (split.arrived.quote.amount_minor, split.disputed.quote.amount_minor) == (0, quote(ORDER, agreed).amount_minor)
    assert [each.amount_minor for each in split.disputed.request.deductions] == [50]


def test_everything_is_divided_by_what_arrived() -> None:
    agreed = RefundRequest(currency="GBP", items=(RefundEverything(),))
    split = split_by_arrival(ORDER, agreed, {"1": 3}, PriorRefunds())
    assert split.arrived is not None
    assert split.disputed is not None
    assert (split.arrived.quote.amount_minor, split.disputed.quote.amount_minor) == (1000, 801)
    with pytest.raises(NothingLeftError):
        split_by_arrival(ORDER, agreed, {"1": 3}, after(PriorRefunds(), quote(ORDER, agreed)))
