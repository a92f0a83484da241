"""What a return and a shipment need next follows from their state."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from contracts.decision_facts import AffectedUnits
from contracts.identifiers import CaseId, CustomerRef, MerchantId, RmaId
from contracts.storefront_v1 import Contact
from services.logistics.domain.backoff import LONGEST, retry_delay
from services.logistics.domain.recipient import Recipient, recipient_of
from services.logistics.domain.returns import AlreadyInspectedError, AlreadyReceivedError, NotReceivedError, Return, ReturnState
from services.logistics.domain.shipments import booking_key, demand, take_back_id

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def a_return(**changes: Any) -> Return:
    plain = Return(
        rma_id=RmaId(uuid4()),
        case_id=CaseId(uuid4()),
        case_number="C26-000001",
        merchant_id=MerchantId("demo-shop"),
        order_number="545231",
        customer_ref=CustomerRef(uuid4()),
        locale="en",
        test=True,
        units=(AffectedUnits(line_id="1", quantity=2), AffectedUnits(line_id="1", quantity=1)),
        freight_payer="merchant",
        prepaid=True,
        ship_by=NOW,
        authorised_at=NOW,
        state=ReturnState.AUTHORISED,
        booking_attempt=1,
        booking_begun=False,
        own_parcel=False,
        carrier=None,
        waybill=None,
        label_carrier=None,
        label_waybill=None,
        label_expires_at=None,
        label_cancelled=False,
        in_transit_at=None,
        lost_at=None,
        receipt_id=None,
        received_at=None,
        received_waybill=None,
        inspection=None,
        inspected_at=None,
        closed_result=None,
    )
    return replace(plain, **changes)


LABELLED: dict[str, Any] = {"state": ReturnState.LABELLED, "label_waybill": "CR000000015ZZ", "booking_begun": True}
RECEIVED: dict[str, Any] = {"state": ReturnState.RECEIVED, "receipt_id": uuid4()}


def test_units_of_one_line_add_up() -> None:
    assert a_return().expected == {"1": 3}


def test_only_an_authorised_return_without_a_label_wants_one() -> None:
    assert a_return().wants_label
    assert not a_return(**LABELLED).wants_label
    assert not a_return(state=ReturnState.CLOSED).wants_label


@pytest.mark.parametrize(
    ("ret", "idle"),
    [
        (a_return(), False),
        (a_return(**LABELLED), False),
        (a_return(**LABELLED | {"state": ReturnState.CLOSED}), True),
        (a_return(**LABELLED | {"state": ReturnState.CLOSED, "label_cancelled": True}), False),
        (a_return(**LABELLED | {"state": ReturnState.IN_TRANSIT, "own_parcel": True}), True),
        (a_return(**LABELLED | RECEIVED | {"received_waybill": None}), True),
        (a_return(**LABELLED | RECEIVED | {"received_waybill": "CR000000015ZZ"}), False),
        (a_return(state=ReturnState.CLOSED, booking_begun=True), True),
        (a_return(state=ReturnState.CLOSED), False),
    ],
)
def test_a_label_nobody_will_use_is_given_back_once(ret: Return, idle: bool) -> None:
    assert ret.label_is_idle is idle


def test_goods_are_received_once_and_inspected_once_after_that() -> None:
    with pytest.raises(AlreadyReceivedError):
        a_return(**RECEIVED).check_receivable()
    with pytest.raises(NotReceivedError):
        a_return().check_inspectable()
    with pytest.raises(AlreadyInspectedError):
        a_return(**RECEIVED, inspected_at=NOW).check_inspectable()
    a_return(state=ReturnState.LOST).check_receivable()
    a_return(state=ReturnState.CLOSED).check_receivable()


def test_demand_adds_up_by_sku_and_leaves_untracked_lines_out() -> None:
    units = (AffectedUnits(line_id="1", quantity=2), AffectedUnits(line_id="2", quantity=1), AffectedUnits(line_id="3", quantity=5))
    assert demand(units, {"1": "b", "2": "a"}) == {"a": 1, "b": 2}
    assert demand(units, {"1": "x", "2": "x"}) == {"x": 3}


def test_a_refused_booking_is_tried_again_under_a_new_key() -> None:
    rma_id = RmaId(uuid4())
    assert booking_key(rma_id, 1) == str(rma_id)
    assert len({booking_key(rma_id, attempt) for attempt in (1, 2, 3)}) == 3
    assert take_back_id(rma_id) == take_back_id(rma_id) != rma_id


@pytest.mark.parametrize(
    "contact", [Contact(name="A"), Contact(name="A", address_lines=("1 High Street",)), Contact(address_lines=("x",), country="GB")]
)
def test_a_contact_without_a_place_is_no_recipient(contact: Contact) -> None:
    assert recipient_of(contact) is None


def test_a_recipient_never_shows_itself() -> None:
    contact = Contact(name="A. Customer", email="a@b.example", phone="+44", address_lines=("1 High Street", " ", "Leeds"), country="GB")
    recipient = recipient_of(contact)
    assert recipient == Recipient(name="A. Customer", phone="+44", lines=("1 High Street", "Leeds"), postcode=None, country="GB")
    assert "High Street" not in repr(recipient)


def test_pauses_grow_up_to_a_minute() -> None:
    pauses = [retry_delay(attempts, 0) for attempts in range(1, 12)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST
    assert retry_delay(1, 1) == pauses[0] / 2
