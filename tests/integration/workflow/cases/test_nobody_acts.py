"""What happens when nobody acts: limits of a second or two lapse on the real Temporal and PostgreSQL."""

import pytest

from contracts.case_state import CaseOutcome, OptionCode
from contracts.decision_facts import Verdict
from contracts.resolution_v1 import (
    ApprovalKind,
    CaseRejected,
    ChoiceRefused,
    EvidenceRequested,
    InspectionDisputed,
    OfferMade,
    ReminderDue,
    ReshipmentRequested,
    ReturnAuthorised,
    ReviewRequested,
    SlaBreached,
)
from contracts.scenes import Scene
from contracts.shipment_v1 import InspectionResult
from tests.support.case_events import Voices, a_photo
from tests.support.case_service import HASTY_SHOP, CaseService, a_case_today, an_order_today
from tests.support.payment_provider import FakeProvider

pytestmark = [pytest.mark.engines]


async def test_evidence_that_never_comes_ends_the_claim_after_two_repeated_requests(service: CaseService, provider: FakeProvider) -> None:
    """R-EVD-09: three requests, then rejected with what else is possible."""
    case = a_case_today(an_order_today(HASTY_SHOP, reference=provider.capture(1275)), scene=Scene.LOGISTICS_DAMAGE)
    await service.tell(case)
    assert await service.ended(case.case_id) == "evidence_not_provided"
    assert (await service.types(case.case_id)).count("EvidenceRequested") == 3
    rejected = await service.event(case.case_id, CaseRejected)
    assert (rejected.reason, rejected.progress.status) == ("evidence_not_provided", "rejected")
    assert rejected.alternatives


async def test_an_offer_without_an_answer_is_recalled_once_and_closes_the_case(service: CaseService, provider: FakeProvider) -> None:
    """R-CASE-04."""
    case = a_case_today(an_order_today(HASTY_SHOP, reference=provider.capture(1275)))
    await service.tell(case)
    assert await service.ended(case.case_id) == "no_response"
    assert await service.types(case.case_id) == ["CaseTriaged", "OfferMade", "ReminderDue", "CaseClosed"]


async def test_a_choice_made_in_time_counts_even_if_it_arrives_after_the_end(service: CaseService, provider: FakeProvider) -> None:
    """R-CASE-04: intake's commit time decides; a choice made too late is refused and the customer told."""
    case = a_case_today(an_order_today(HASTY_SHOP, reference=provider.capture(1275)))
    says = Voices(case)
    await service.tell(case)
    offer = await service.event(case.case_id, OfferMade)
    await service.ended(case.case_id)
    await service.tell(says.chooses(offer.offer_id, OptionCode.RETURN_REFUND))
    refused = await service.event(case.case_id, ChoiceRefused)
    assert refused.reason == "offer_expired"
    await service.tell(says.chooses(offer.offer_id, OptionCode.RETURN_REFUND, chosen_at=offer.valid_until))
    authorised = await service.event(case.case_id, ReturnAuthorised)
    await service.tell(says.parcel_arrives(authorised.rma_id), says.inspected(authorised.rma_id, InspectionResult.MATCH))
    assert await service.ended(case.case_id) == "refunded"
    assert (await service.row(case.case_id))["run_number"] == 1


async def test_a_review_that_nobody_makes_raises_its_owner_and_decides_nothing(service: CaseService, provider: FakeProvider) -> None:
    """R-SLA-20: agent, supervisor, manager; the verdict still counts whenever it comes."""
    order = an_order_today(HASTY_SHOP, reference=provider.capture(1275))
    case = a_case_today(order, scene=Scene.FULFILMENT_MISSING_ITEM, evidence=(a_photo("label"),))
    says = Voices(case)
    await service.tell(case)
    await service.event(case.case_id, ReviewRequested)
    breach = await service.event(case.case_id, SlaBreached, nth=2)
    assert (breach.sla, breach.owner) == ("R-SLA-04", "after_sales_manager")
    assert (await service.attributes(f"case/{case.case_id}"))["SlaBreached"] is True
    await service.tell(says.reviews(Verdict.ACCEPTED))
    assert (await service.event(case.case_id, OfferMade)).options


async def test_a_parcel_never_handed_in_closes_the_case(service: CaseService, provider: FakeProvider) -> None:
    """R-RTN-02: a reminder, then closed; a parcel that turns up later is a person's task."""
    case = a_case_today(
        an_order_today(HASTY_SHOP, reference=provider.capture(1275)), wanted_remedy=OptionCode.RETURN_REFUND, accept_if_offered=True
    )
    says = Voices(case)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    assert await service.ended(case.case_id) == "return_not_shipped"
    assert (await service.event(case.case_id, ReminderDue)).moment == "R-NTF-10"
    await service.tell(says.parcel_arrives(rma_id))

    async def late() -> bool:
        return bool(
            await service.pool.fetchval("SELECT true FROM work_items WHERE case_id = $1 AND kind = 'late_return_received'", case.case_id)
        )

    await service.until(late, "a task about the late parcel")


async def test_a_parcel_on_its_way_or_uninspected_for_too_long_alarms_and_then_goes_on(
    service: CaseService, provider: FakeProvider
) -> None:
    """R-RTN-06, R-SLA-13."""
    case = a_case_today(
        an_order_today(HASTY_SHOP, reference=provider.capture(1275)), wanted_remedy=OptionCode.RETURN_REFUND, accept_if_offered=True
    )
    says = Voices(case)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.tell(says.sent_the_parcel())
    assert (await service.event(case.case_id, SlaBreached)).sla == "R-RTN-06"
    await service.tell(says.parcel_arrives(rma_id))
    breach = await service.event(case.case_id, SlaBreached, nth=2)
    assert (breach.sla, breach.owner) == ("R-SLA-13", "warehouse_supervisor")
    await service.tell(says.inspected(rma_id, InspectionResult.MATCH))
    assert await service.ended(case.case_id) == "refunded"


async def test_an_inspection_dispute_without_an_answer_is_ruled_on(service: CaseService, provider: FakeProvider) -> None:
    """R-RTN-05: the supervisor proposes nothing, the customer does not answer, the supervisor rules that the goods go back."""
    case = a_case_today(
        an_order_today(HASTY_SHOP, reference=provider.capture(1275)), wanted_remedy=OptionCode.RETURN_REFUND, accept_if_offered=True
    )
    says = Voices(case)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.MISMATCH_CONDITION, accepted=0))
    await service.decide(case.case_id, ApprovalKind.PARTIAL_REFUND, "decline")
    assert (await service.event(case.case_id, InspectionDisputed, nth=2)).partial_refund_minor is None
    await service.decide(case.case_id, ApprovalKind.INSPECTION_RULING, "grant", ruling="take_back")
    assert await service.ended(case.case_id) == CaseOutcome.GOODS_TAKEN_BACK
    assert await service.refunds(case.case_id) == []


async def test_goods_out_of_stock_are_refunded_if_nobody_answers(service: CaseService, provider: FakeProvider) -> None:
    """R-RSH-04: the offer after the failed reservation lays the full refund down."""
    order = an_order_today(HASTY_SHOP, reference=provider.capture(1275))
    case = a_case_today(
        order,
        scene=Scene.FULFILMENT_MISSING_ITEM,
        evidence=(a_photo("label"),),
        wanted_remedy=OptionCode.RESHIP_NO_RETURN,
        accept_if_offered=True,
    )
    says = Voices(case)
    await service.tell(case, says.reviews(Verdict.ACCEPTED))
    request = await service.event(case.case_id, ReshipmentRequested)
    await service.tell(says.goods_cannot_be_sent(request.reship_id))
    second = await service.event(case.case_id, OfferMade, nth=2)
    assert [option.code for option in second.options] == [OptionCode.REFUND_NO_RETURN]
    assert second.progress.then == "refund_instead"
    assert await service.ended(case.case_id) == "refunded"
    assert await service.refunds(case.case_id) == [("settled", 850)]


async def test_an_insufficient_verdict_says_what_is_missing_and_the_third_goes_to_the_supervisor(
    service: CaseService, provider: FakeProvider
) -> None:
    """R-EVD-08: no automatic rejection; the supervisor's yes counts as accepted."""
    order = an_order_today(HASTY_SHOP, reference=provider.capture(1275))
    case = a_case_today(order, scene=Scene.FULFILMENT_MISSING_ITEM, evidence=(a_photo("label"),))
    says = Voices(case)
    await service.tell(case)
    for number in (1, 2):
        await service.event(case.case_id, ReviewRequested, nth=number)
        await service.tell(says.reviews(Verdict.INSUFFICIENT, ("photo:label",)))
        asked = await service.event(case.case_id, EvidenceRequested, nth=number)
        assert (asked.request_number, asked.missing) == (number, ("photo:label",))
        await service.tell(says.adds_photo("label"))
    await service.event(case.case_id, ReviewRequested, nth=3)
    await service.tell(says.reviews(Verdict.INSUFFICIENT, ("photo:label",)))
    await service.decide(case.case_id, ApprovalKind.EVIDENCE, "grant")
    assert (await service.event(case.case_id, OfferMade)).options
