"""Who must agree (R-AUTH-01, R-AUTH-02, R-AUTH-06, R-AUTH-09, R-DEC-04, R-FRT-04)."""

from typing import Any

import pytest

from contracts.case_state import OptionCode
from contracts.decision import ApprovalNeed, FreightPayer, Priority, SpecialApproval
from contracts.roles import Role
from contracts.scenes import Scene
from services.workflow.policy.authority import Weight, approval_for
from services.workflow.policy.grading import Grade
from services.workflow.policy.reading import look_at
from services.workflow.policy.trace import Trace
from tests.support.builders import an_order_line
from tests.unit.workflow.policy.claims import CN, a_claim, decided, local, order


def costing(amount_minor: int) -> dict[str, Any]:
    return {"order": order(lines=(an_order_line(quantity=1, amount_minor=amount_minor),))}


def needed(code: OptionCode = OptionCode.RETURN_REFUND, scene: Scene = Scene.RETURN_NO_REASON, **changes: Any) -> ApprovalNeed | None:
    option = decided(scene, **changes).option(code)
    assert option is not None
    return option.approval


@pytest.mark.parametrize(
    ("amount", "tier", "countersign"),
    [
        (20_000, None, False),
        (20_001, Role.AGENT, False),
        (50_000, Role.AGENT, False),
        (50_001, Role.SUPERVISOR, False),
        (200_000, Role.SUPERVISOR, False),
        (200_001, Role.AFTER_SALES_MANAGER, True),
    ],
)
def test_tiers_follow_the_amount_exactly(amount: int, tier: Role | None, countersign: bool) -> None:
    """R-AUTH-02: an agent confirms between the system's limit and their own; finance countersigns above 2000 yuan."""
    need = needed(**costing(amount))
    assert (need.tier if need else None) is tier
    assert (need.countersign if need else False) == countersign


def test_all_money_of_the_case_counts() -> None:
    """R-AUTH-02."""
    assert needed(**costing(10_000), case_money_minor=10_000) is None
    need = needed(**costing(10_000), case_money_minor=10_001)
    assert need is not None
    assert need.tier is Role.AGENT


@pytest.mark.parametrize("code", [OptionCode.REFUND_NO_RETURN, OptionCode.RESHIP_NO_RETURN])
@pytest.mark.parametrize(("unit", "supervised"), [(20_000, False), (20_001, True)])
def test_dear_goods_that_stay_with_the_customer_are_the_supervisors(code: OptionCode, unit: int, supervised: bool) -> None:
    """R-DEC-04: also where no money moves."""
    need = needed(code, Scene.LOGISTICS_DAMAGE, usable=False, **costing(unit))
    assert (need is not None and (need.tier, need.rule) == (Role.SUPERVISOR, "R-DEC-04")) == supervised


@pytest.mark.parametrize(("quote", "supervised"), [(1300, False), (1301, True)])
def test_dear_return_freight_is_the_supervisors(quote: int, supervised: bool) -> None:
    """R-FRT-04."""
    need = needed(scene=Scene.LOGISTICS_DAMAGE, usable=True, freight_quote_minor=quote)
    assert (need is not None and need.rule == "R-FRT-04") == supervised


def test_who_granted_the_exception_need_not_be_asked_about_the_same_amount() -> None:
    """R-AUTH-06: above the supervisor's own limit somebody else must still agree."""
    granted: dict[str, Any] = {"at": local(25), "special_approval": SpecialApproval.GRANTED}
    assert needed(**costing(200_000), **granted) is None
    need = needed(**costing(200_001), **granted)
    assert need is not None
    assert (need.tier, need.countersign) == (Role.AFTER_SALES_MANAGER, True)


@pytest.mark.parametrize(("total", "confirmed", "free"), [(50_000, True, True), (50_001, True, False), (50_000, False, False)])
def test_urgent_remedies_need_no_prior_approval_up_to_their_limit(total: int, confirmed: bool, free: bool) -> None:
    """R-AUTH-09: a hint that no agent has checked is not enough."""
    situation = look_at(a_claim(**costing(100_000)), CN, Trace())
    weight = Weight(OptionCode.REFUND_NO_RETURN, total, FreightPayer.NONE, urgent_remedy=True)
    assert (approval_for(situation, Grade(Priority.URGENT, confirmed), weight) is None) == free
