"""Compensation and its caps, in fen (R-COMP-01 to R-COMP-05, R-COMP-13)."""

from typing import Any

import pytest

from contracts.case_state import OptionCode
from contracts.decision import AffectedUnits, CompensateUnits, PriorLine, PriorRefunds
from contracts.roles import Role
from contracts.scenes import Scene
from services.workflow.policy.compensation import half_cap_minor
from tests.support.builders import an_order_line
from tests.unit.workflow.policy.claims import codes, decided, order, rules


def keep(**changes: Any) -> int | None:
    """The standard offer for a usable damaged article, None where there is none."""
    option = decided(Scene.LOGISTICS_DAMAGE, usable=True, **changes).option(OptionCode.COMPENSATE_KEEP)
    return option.amount_minor if option else None


def costing(unit_minor: int, quantity: int = 3) -> dict[str, Any]:
    return {"order": order(lines=(an_order_line(quantity=quantity, amount_minor=unit_minor * quantity),))}


@pytest.mark.parametrize(
    ("unit", "currency", "rounding", "half"),
    [
        (1050, "CNY", "whole_major_unit", 500),
        (2000, "CNY", "whole_major_unit", 1000),
        (199, "CNY", "whole_major_unit", 0),
        (1050, "CNY", "minor_unit", 525),
        (1050, "JPY", "whole_major_unit", 525),
        (10_500, "KWD", "whole_major_unit", 5_000),
    ],
)
def test_half_a_price_is_rounded_down_to_whole_units(unit: int, currency: str, rounding: str, half: int) -> None:
    """R-COMP-03: 10.50 gives 5 yuan, 20 gives 10; currencies have 0, 2 or 3 decimals."""
    assert half_cap_minor(unit, currency, rounding) == half


def test_the_standard_amount_is_two_yuan_for_each_unit_up_to_five_for_the_order() -> None:
    """R-COMP-01, R-COMP-02, R-COMP-04."""
    assert [keep(quantity=count) for count in (1, 2, 3)] == [200, 400, 500]


@pytest.mark.parametrize(("paid_before", "offer"), [(0, 400), (100, 400), (101, 399), (499, 1), (500, None), (600, None)])
def test_what_the_order_had_before_counts_against_its_cap(paid_before: int, offer: int | None) -> None:
    """R-COMP-02, R-COMP-04: without room the option is left out."""
    assert keep(quantity=2, first_tier_paid_minor=paid_before) == offer


@pytest.mark.parametrize(("unit", "offer"), [(400, 200), (399, 100), (200, 100), (199, None)])
def test_no_unit_gets_more_than_half_its_price(unit: int, offer: int | None) -> None:
    """R-COMP-03."""
    assert keep(**costing(unit)) == offer


def test_a_unit_that_was_compensated_before_has_less_room() -> None:
    """R-COMP-03 speaks of the total; uncompensated units come first."""
    before = PriorRefunds(lines=(PriorLine(line_id="1", units_compensated=1, compensated_minor=400),))
    assert keep(quantity=2, prior=before) == 400
    assert keep(quantity=3, prior=before) == 500
    all_of_it = PriorRefunds(lines=(PriorLine(line_id="1", units_compensated=3, compensated_minor=1400),))
    assert keep(quantity=1, prior=all_of_it) == 500 - 466


def test_a_capped_sum_is_split_in_proportion_with_the_rest_on_the_lowest_units() -> None:
    """R-COMP-13: 200 + 200 + 100 + 100 capped at 500."""
    lines = (an_order_line("1", quantity=2, amount_minor=2000), an_order_line("2", quantity=2, amount_minor=500))
    affected = tuple(AffectedUnits(line_id=line_id, quantity=2) for line_id in "12")
    option = decided(Scene.QUALITY_DEFECT, usable=True, order=order(lines=lines), affected=affected).option(OptionCode.COMPENSATE_KEEP)
    assert option is not None
    assert option.request is not None
    assert [(item.line_id, item.amount_minor) for item in option.request.items if isinstance(item, CompensateUnits)] == [
        ("1", 334),
        ("2", 166),
    ]


def test_the_raised_offer_comes_after_a_rejection_and_a_dear_freight_quote() -> None:
    """R-COMP-05, R-DEC-12: half of 10.50 is 5 yuan, and the supervisor decides."""
    rejected: dict[str, Any] = {"usable": True, "rejected_options": (OptionCode.COMPENSATE_KEEP, OptionCode.RETURN_REFUND)}
    raised = decided(Scene.LOGISTICS_DAMAGE, freight_quote_minor=1301, **rejected)
    assert codes(raised) == [OptionCode.COMPENSATE_RAISED, OptionCode.RETURN_REFUND]
    assert [option.amount_minor for option in raised.options] == [500, 1050]
    assert {option.approval.tier for option in raised.options if option.approval} == {Role.SUPERVISOR}
    assert {"R-COMP-05", "R-DEC-12", "R-FRT-04"} <= rules(raised)
    cheap = decided(Scene.LOGISTICS_DAMAGE, freight_quote_minor=1300, **rejected)
    assert codes(cheap) == [OptionCode.RETURN_REFUND]
    assert cheap.only_option_reason == "only remedy of R-DEC-11"


def test_no_raised_offer_that_is_not_above_the_standard_one() -> None:
    """R-COMP-05: half of 4 yuan is the standard 2."""
    decision = decided(
        Scene.LOGISTICS_DAMAGE,
        usable=True,
        rejected_options=(OptionCode.COMPENSATE_KEEP,),
        freight_quote_minor=2000,
        **costing(400),
    )
    assert codes(decision) == [OptionCode.RETURN_REFUND]
    assert decision.only_option_reason == "compensate_raised: no_room"


def test_where_no_standard_offer_could_be_made_it_counts_as_rejected() -> None:
    """R-COMP-05: the order's cap is used up, the raised offer is not bound by it."""
    decision = decided(Scene.LOGISTICS_DAMAGE, usable=True, first_tier_paid_minor=500, freight_quote_minor=1400)
    assert codes(decision) == [OptionCode.COMPENSATE_RAISED, OptionCode.RETURN_REFUND]


def test_a_currency_without_an_amount_gets_no_compensation_and_is_never_converted() -> None:
    decision = decided(Scene.LOGISTICS_DAMAGE, usable=True, order=order(currency="JPY"))
    assert codes(decision) == [OptionCode.RETURN_REFUND]
    assert decision.options[0].approval is not None
    assert decision.options[0].approval.reason == "currency_without_limits"
    assert decision.options[0].approval.countersign
