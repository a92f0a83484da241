"""Facts that are incomplete or contradict each other are named, never guessed at."""

from typing import Any

import pytest

from contracts.case_state import OptionCode
from contracts.decision import AffectedUnits, NextStep, PriorLine, PriorPayment, PriorRefunds, SpecialApproval
from contracts.order_v1 import OrderDiscount
from services.workflow.policy.errors import FactsError
from tests.unit.workflow.policy.claims import decided, order


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("affected[0]", {"affected": (AffectedUnits(line_id="9", quantity=1),)}),
        ("affected[1]", {"affected": (AffectedUnits(line_id="1", quantity=1), AffectedUnits(line_id="1", quantity=1))}),
        ("affected[0]", {"quantity": 4}),
        ("affected[0]", {"prior": PriorRefunds(lines=(PriorLine(line_id="1", units_refunded=3, refunded_minor=3150),))}),
        ("affected[0]", {"order": order(delivered_at=None)}),
        ("order.payments", {"order": order(payments=())}),
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("prior", {"prior": PriorRefunds(lines=(PriorLine(line_id="9", units_refunded=1),))}),
        ("prior", {"order": order().model_copy(update={"discounts": (OrderDiscount(discount_id="d", amount_minor=9999),)})}),
        ("order", {"prior": PriorRefunds(payments=(PriorPayment(payment_id="p9", refunded_minor=1),))}),
    ],
)
def test_a_contradiction_names_its_field_and_remedy(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(FactsError) as caught:
        decided(**changes)
    assert caught.value.field == field
    assert ";" in str(caught.value)


def test_where_nothing_is_left_to_refund_a_person_decides() -> None:
    """R-RFD-03: everything was refunded elsewhere already."""
    payment = order().payments[0].model_copy(update={"refunded_elsewhere_minor": 3150})
    decision = decided(order=order(payments=(payment,)), unavailable_options=(OptionCode.EXCHANGE,))
    assert decision.next_step is NextStep.SPECIAL_APPROVAL
    assert decision.special_approval is not None
    assert decision.special_approval.reason == "no_option_feasible"
    assert decision.special_approval.amount_minor == 1050


def test_a_supervisor_is_not_asked_again_about_what_cannot_be_carried_out() -> None:
    unavailable = (OptionCode.EXCHANGE, OptionCode.RETURN_REFUND)
    with pytest.raises(FactsError, match="no option can be carried out"):
        decided(unavailable_options=unavailable, special_approval=SpecialApproval.GRANTED)
