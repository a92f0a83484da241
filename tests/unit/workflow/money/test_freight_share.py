"""Who pays for a parcel (rules, section 9), and what a carrier is asked for (R-CLM-03). The cap is 13.00, as in the sources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.order_v1 import FreightCharge
from contracts.refund_v1 import PayoutKind
from services.workflow.money import freight_share as freight
from services.workflow.money.carrier_claim import carrier_claim, carrier_claim_minor
from services.workflow.money.errors import QuantityExceededError, UnknownItemError
from services.workflow.money.freight_share import FreightSplit
from services.workflow.money.journal import balance_minor, payout_journal
from tests.support.builders import an_order, an_order_line
from tests.unit.workflow.money.asking import parcel


def split(receipt: int, insurance: int, faulty: int = 1, units: int = 1, *, approved: bool = False) -> FreightSplit:
    return freight.split_receipt(receipt, insurance, 1300, faulty_units=faulty, all_units=units, approved=approved)


def test_insurance_and_topup_together_reach_the_cap_at_most() -> None:
    """R-FRT-01: exactly 13.00 is within."""
    assert split(1300, 800) == FreightSplit(800, 500, 0, 0)
    assert split(700, 800) == FreightSplit(700, 0, 0, 0)
    assert freight.within_cap(1300, 1300)
    assert not freight.within_cap(1301, 1300)


def test_a_receipt_above_the_cap_is_paid_to_the_cap_and_the_rest_waits_for_approval() -> None:
    """R-FRT-04: the customer is never left with it."""
    assert split(1500, 800) == FreightSplit(800, 500, 200, 0)
    assert split(1600, 1500) == FreightSplit(1500, 0, 100, 0)
    assert split(1500, 800, approved=True) == FreightSplit(800, 700, 0, 0)
    assert freight.approved_topup_minor(1500, 1600) == 0


def test_a_mixed_parcel_is_shared_by_units_with_insurance_on_the_faulty_ones_first() -> None:
    """R-FRT-06: a third of 10.00, rounded up for the customer, is 3.34; what insurance leaves over goes to the good units."""
    assert split(1000, 0, 1, 3) == FreightSplit(0, 334, 0, 666)
    assert split(1000, 200, 1, 3) == FreightSplit(200, 134, 0, 666)
    assert split(1000, 500, 1, 3) == FreightSplit(500, 0, 0, 500)
    assert split(1000, 2000, 1, 3) == FreightSplit(1000, 0, 0, 0)
    assert split(3000, 0, 1, 3) == FreightSplit(0, 1000, 0, 2000)


def test_without_fault_the_customer_bears_what_insurance_leaves() -> None:
    """R-FRT-07."""
    assert split(1000, 600, 0, 2) == FreightSplit(600, 0, 0, 400)
    assert split(500, 600, 0, 2) == FreightSplit(500, 0, 0, 0)


def test_a_pickup_by_the_merchant_costs_nobody_else_anything() -> None:
    """R-FRT-05."""
    assert freight.prepaid_pickup() == FreightSplit(0, 0, 0, 0)


def test_a_failed_delivery_costs_what_it_caused() -> None:
    """R-FRT-09, R-FRT-16."""
    assert freight.failed_delivery_minor(900, 250) == 1150
    assert freight.late_cancel_minor(250, asked_before_handover=False) == 250
    assert freight.late_cancel_minor(250, asked_before_handover=True) == 0


def test_the_outbound_share_of_one_of_several_parcels_is_by_units_rounded_down() -> None:
    """R-FRT-12."""
    assert freight.outbound_share_minor(1000, 1, 3) == 333
    assert freight.outbound_share_minor(1000, 3, 3) == 1000
    for impossible in ((1, 0), (4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="impossible"):
            freight.outbound_share_minor(1000, *impossible)


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5), st.integers(1, 5), st.booleans())
def test_the_parts_sum_to_the_receipt_whatever_it_is(receipt: int, insurance: int, faulty: int, good: int, approved: bool) -> None:
    parts = split(receipt, insurance, faulty, faulty + good, approved=approved)
    assert parts.insurance_minor + parts.topup_minor + parts.to_approve_minor + parts.customer_minor == receipt
    assert min(parts.insurance_minor, parts.topup_minor, parts.to_approve_minor, parts.customer_minor) >= 0
    assert parts.insurance_minor <= insurance
    assert approved or parts.topup_minor <= 1300


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="never negative"):
        split(-1, 0)
    with pytest.raises(ValueError, match="impossible"):
        split(100, 0, 2, 1)


def test_a_topup_is_booked_beside_the_refund() -> None:
    """R-FRT-14."""
    entry = payout_journal(PayoutKind.FREIGHT_TOPUP, 500, "W1")
    assert [(line.account, line.amount_minor) for line in entry] == [("freight.topup", 500), ("clearing.payout", -500)]
    assert balance_minor(entry) == 0


ORDER = an_order(
    lines=(an_order_line("1", quantity=3, amount_minor=1000), an_order_line("2", quantity=2, amount_minor=800)),
    shipments=(parcel("s1", l1=3), parcel("s2", l2=2)),
    freight=(FreightCharge(freight_id="f1", shipment_id="s1", amount_minor=300), FreightCharge(freight_id="f0", amount_minor=100)),
)


def test_a_claim_is_the_goods_paid_and_their_share_of_the_freight() -> None:
    """R-CLM-03: two of three units at 3.33, 2/3 of the parcel's freight, 2/5 of the order's."""
    steps = carrier_claim(ORDER, "s1", {"1": 2})
    assert [step.amount_minor for step in steps] == [666, 200, 40]
    assert carrier_claim_minor(steps) == 906
    assert carrier_claim_minor(carrier_claim(ORDER, "s1", {"1": 3})) == 1000 + 300 + 60


def test_a_claim_names_what_was_in_the_parcel() -> None:
    with pytest.raises(UnknownItemError, match="affected names line of the shipment 2"):
        carrier_claim(ORDER, "s1", {"2": 1})
    with pytest.raises(QuantityExceededError, match="line 1 in shipment s1"):
        carrier_claim(ORDER, "s1", {"1": 4})
    with pytest.raises(UnknownItemError, match="shipment_id names shipment s9"):
        carrier_claim(ORDER, "s9", {"1": 1})
