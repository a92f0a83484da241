"""A case from its opening to its end, on the real Temporal and PostgreSQL."""

import pytest

from contracts.case_state import OptionCode
from contracts.decision_facts import Verdict
from contracts.resolution_v1 import (
    ApprovalKind,
    CaseClosed,
    ConfirmationRequested,
    EvidenceRequested,
    OfferMade,
    ReshipmentRequested,
    ReturnAuthorised,
    ReviewRequested,
)
from contracts.scenes import Scene
from contracts.shipment_v1 import InspectionResult
from tests.support.case_events import Voices, a_photo
from tests.support.case_service import QUICK_SHOP, CaseService, a_case_today, an_order_today
from tests.support.payment_provider import FakeProvider

pytestmark = [pytest.mark.engines]


async def test_a_return_without_reason_is_refunded_and_closed(service: CaseService, provider: FakeProvider) -> None:
    """Its refund, settled at once, has no process of its own (decision 11); the whole return stays small in history."""
    case = a_case_today(an_order_today(QUICK_SHOP, reference=provider.capture(1275)))
    says = Voices(case)
    await service.tell(case)
    offer = await service.event(case.case_id, OfferMade)
    await service.tell(says.chooses(offer.offer_id, OptionCode.RETURN_REFUND))
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.tell(says.parcel_moves(rma_id), says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.MATCH))
    await service.event(case.case_id, ConfirmationRequested)
    await service.tell(says.is_satisfied())
    assert await service.ended(case.case_id) == "refunded"
    assert await service.refunds(case.case_id) == [("settled", 850)]
    closed = await service.event(case.case_id, CaseClosed)
    assert (closed.refunded_minor, closed.option) == (850, OptionCode.RETURN_REFUND)
    assert await service.types(case.case_id) == [
        *("CaseTriaged", "OfferMade", "Agreed", "ReturnAuthorised"),
        *("ReturnClosed", "RemedyCompleted", "ConfirmationRequested", "CaseClosed"),
    ]
    total = await service.history_length(f"case/{case.case_id}") + await service.history_length(f"return/{rma_id}")
    assert total <= 70
    found = {run.id async for run in service.client.list_workflows(f'CaseNumber = "{case.case_number}"')}
    assert found == {f"case/{case.case_id}", f"return/{rma_id}"}


async def test_consent_given_with_the_application_counts_for_the_wanted_remedy(service: CaseService, provider: FakeProvider) -> None:
    """R-INT-02, R-CASE-03: no choice is asked for; the whole case, its refund and the review included, stays small in history."""
    order = an_order_today(QUICK_SHOP, reference=provider.capture(1275))
    case = a_case_today(
        order,
        scene=Scene.FULFILMENT_MISSING_ITEM,
        wanted_remedy=OptionCode.REFUND_NO_RETURN,
        accept_if_offered=True,
        evidence=(a_photo("label"),),
    )
    says = Voices(case)
    await service.tell(case)
    await service.event(case.case_id, ReviewRequested)
    await service.tell(says.reviews(Verdict.ACCEPTED))
    await service.event(case.case_id, ConfirmationRequested)
    await service.tell(says.is_satisfied())
    assert await service.ended(case.case_id) == "refunded"
    [(refund_id,)] = await service.pool.fetch("SELECT refund_id FROM refunds WHERE case_id = $1", case.case_id)
    total = await service.history_length(f"case/{case.case_id}") + await service.history_length(f"refund/{refund_id}")
    assert total <= 66


async def test_damaged_goods_are_judged_by_photos_and_sent_again(service: CaseService, provider: FakeProvider) -> None:
    """R-EVD-07, R-EVD-08, R-DEC-13, R-RSH-05."""
    case = a_case_today(an_order_today(QUICK_SHOP, reference=provider.capture(1275)), scene=Scene.LOGISTICS_DAMAGE)
    says = Voices(case)
    await service.tell(case)
    await service.event(case.case_id, EvidenceRequested)
    await service.tell(says.adds_photo("goods"), says.adds_photo("parcel"))
    await service.event(case.case_id, ReviewRequested)
    await service.tell(says.reviews(Verdict.ACCEPTED, usable=False))
    offer = await service.event(case.case_id, OfferMade)
    assert [option.code for option in offer.options] == [OptionCode.RESHIP_NO_RETURN, OptionCode.REFUND_NO_RETURN]
    await service.tell(says.chooses(offer.offer_id, OptionCode.RESHIP_NO_RETURN))
    request = await service.event(case.case_id, ReshipmentRequested)
    assert request.skus == {"1": "22993"}
    await service.tell(says.goods_leave(request.reship_id), says.goods_arrive(request.reship_id))
    assert await service.ended(case.case_id) == "reshipped"


async def test_an_amount_beyond_the_systems_authority_is_approved_by_its_tier(service: CaseService, provider: FakeProvider) -> None:
    """R-AUTH-01, R-AUTH-02: above 60 pounds an agent confirms; the case shows for whom it waits."""
    order = an_order_today(QUICK_SHOP, unit_minor=4000, reference=provider.capture(12000))
    case = a_case_today(order, scene=Scene.FULFILMENT_MISSING_ITEM, evidence=(a_photo("label"),))
    says = Voices(case)
    await service.tell(case, says.reviews(Verdict.ACCEPTED))
    offer = await service.event(case.case_id, OfferMade)
    await service.tell(says.chooses(offer.offer_id, OptionCode.REFUND_NO_RETURN))
    await service.decide(case.case_id, ApprovalKind.AMOUNT, "grant")
    assert await service.ended(case.case_id) == "refunded"
    assert await service.refunds(case.case_id) == [("settled", 8000)]
