"""Windows, to the second and in the merchant's own time zone (R-ELIG-01, R-ELIG-02, R-ELIG-06 to R-ELIG-08)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.case_state import OptionCode
from contracts.decision import NextStep, SpecialApproval
from contracts.scenes import Scene
from tests.unit.workflow.policy.claims import REGISTRY, UK, WINDOWED, codes, decided, local, order, rules

LAST_SECOND = local(17, 23, 59, 59)


@pytest.mark.parametrize("scene", [Scene.RETURN_NO_REASON, Scene.RETURN_OVER_WINDOW])
def test_a_no_reason_return_stands_until_the_last_second_of_day_seven(scene: Scene) -> None:
    """R-ELIG-01, R-ELIG-02: delivered on the 10th, day 1 is the 11th, day 7 the 17th."""
    inside = decided(scene, at=LAST_SECOND, reason_given=True)
    assert inside.next_step is NextStep.OFFER
    assert inside.eligibility.window_ends_at == LAST_SECOND
    beyond = decided(scene, at=LAST_SECOND + timedelta(seconds=1), reason_given=True)
    assert beyond.next_step is NextStep.SPECIAL_APPROVAL
    assert {"R-ELIG-06", "R-DEC-29", "R-AUTH-06"} <= rules(beyond)


def test_a_fraction_of_the_last_second_is_inside() -> None:
    assert decided(at=LAST_SECOND + timedelta(microseconds=999_999)).eligibility.eligible


def test_the_day_of_delivery_is_that_of_the_merchant_not_of_utc() -> None:
    """Delivered on the 10th at 00:30 in Shanghai, when it was still the 9th in UTC."""
    early = order(delivered_at=local(10, 0, 30).astimezone(UTC))
    assert decided(order=early, at=LAST_SECOND).eligibility.eligible
    assert not decided(order=early, at=LAST_SECOND + timedelta(seconds=1)).eligibility.eligible


def test_a_window_across_the_change_to_summer_time_ends_at_local_midnight() -> None:
    """London, 29 March 2026: the window of 14 days ends at 23:59:59 British summer time."""
    facts: dict[str, Any] = {
        "order": order(currency="GBP", delivered_at=datetime(2026, 3, 20, 12, tzinfo=UTC)),
        "time_zone": "Europe/London",
    }
    end = datetime(2026, 4, 3, 22, 59, 59, tzinfo=UTC)
    assert decided(policy=UK, at=end, **facts).eligibility.eligible
    assert decided(policy=UK, at=end + timedelta(seconds=1), **facts).next_step is NextStep.SPECIAL_APPROVAL


def test_the_application_counts_and_not_the_moment_of_the_decision() -> None:
    """R-ELIG-02."""
    assert decided(requested_at=LAST_SECOND, moment=local(25)).eligibility.eligible


@pytest.mark.parametrize("scene", [Scene.LOGISTICS_DAMAGE, Scene.FULFILMENT_MISSING_ITEM])
def test_a_late_fault_claim_goes_to_special_approval(scene: Scene) -> None:
    """R-ELIG-07, R-ELIG-08."""
    assert decided(scene, usable=False, at=LAST_SECOND).next_step is NextStep.OFFER
    late = decided(scene, usable=False, at=LAST_SECOND + timedelta(seconds=1))
    assert late.next_step is NextStep.SPECIAL_APPROVAL
    assert "R-ELIG-08" in rules(late)


def test_a_defect_can_be_exchanged_until_day_fifteen() -> None:
    """R-ELIG-07."""
    last = local(25, 23, 59, 59)
    for at in (LAST_SECOND + timedelta(seconds=1), last):
        exchange = decided(Scene.QUALITY_DEFECT, usable=True, at=at)
        assert codes(exchange) == [OptionCode.EXCHANGE]
        assert exchange.only_option_reason == "only remedy of R-ELIG-07"
    repair = decided(Scene.QUALITY_DEFECT, usable=True, at=last + timedelta(seconds=1))
    assert codes(repair) == [OptionCode.REPAIR]
    assert repair.eligibility.reason == "in_warranty"
    old = decided(Scene.QUALITY_DEFECT, policy=REGISTRY.get("cn-marketplace@1.0"), usable=True, at=last + timedelta(seconds=1))
    assert old.next_step is NextStep.SPECIAL_APPROVAL


def test_without_a_possible_exchange_the_late_defect_goes_to_special_approval() -> None:
    late: dict[str, Any] = {"usable": True, "at": local(20)}
    assert decided(Scene.QUALITY_DEFECT, stock={"1": 0}, **late).next_step is NextStep.SPECIAL_APPROVAL
    assert decided(Scene.QUALITY_DEFECT, unavailable_options=(OptionCode.EXCHANGE,), **late).next_step is NextStep.SPECIAL_APPROVAL


def test_a_granted_special_approval_opens_the_row_of_the_scene() -> None:
    """R-DEC-29."""
    granted: dict[str, Any] = {"at": local(20, month=4), "special_approval": SpecialApproval.GRANTED}
    assert codes(decided(**granted)) == [OptionCode.RETURN_REFUND, OptionCode.EXCHANGE]
    assert codes(decided(Scene.QUALITY_DEFECT, usable=True, **granted)) == [OptionCode.COMPENSATE_KEEP, OptionCode.RETURN_REFUND]


@pytest.mark.parametrize("scene", [scene for scene in WINDOWED if scene is not Scene.QUALITY_MALFUNCTION])
def test_a_declined_special_approval_is_a_refusal_with_alternatives(scene: Scene) -> None:
    """R-DEC-29, R-ELIG-11."""
    declined = decided(
        scene,
        usable=True,
        reason_given=True,
        at=local(20, month=4),
        special_approval=SpecialApproval.DECLINED,
        unavailable_options=(OptionCode.REPAIR,),
    )
    assert declined.next_step is NextStep.REJECT
    assert declined.eligibility.reason == "special_approval_declined"
    assert declined.eligibility.alternatives
