"""Withdrawals, rejected offers, refusals, dissatisfaction and reopening, on the real Temporal and PostgreSQL."""

import pytest

from contracts.case_state import OptionCode
from contracts.case_v1 import InspectionAnswer
from contracts.decision_facts import Verdict
from contracts.identifiers import CaseId
from contracts.resolution_v1 import (
    ApprovalKind,
    CaseClosed,
    CaseRejected,
    ChoiceRefused,
    ConfirmationRequested,
    InspectionDisputed,
    OfferMade,
    RemedyCompleted,
    ReshipmentCancelled,
    ReshipmentRequested,
    ReturnAuthorised,
    ReturnClosed,
)
from contracts.scenes import Scene
from contracts.shipment_v1 import InspectionResult
from tests.support.case_events import Voices, a_photo
from tests.support.case_service import QUICK_SHOP, SLOW_SHOP, CaseService, a_case_today, an_order_today
from tests.support.payment_provider import FakeProvider

pytestmark = [pytest.mark.engines]
CONSENT = {"wanted_remedy": OptionCode.RETURN_REFUND, "accept_if_offered": True}


async def test_a_case_withdrawn_while_the_parcel_is_awaited_closes_its_return(service: CaseService, provider: FakeProvider) -> None:
    """R-CASE-05."""
    case = a_case_today(an_order_today(QUICK_SHOP, reference=provider.capture(1275)), **CONSENT)
    says = Voices(case)
    await service.tell(case)
    await service.event(case.case_id, ReturnAuthorised)
    await service.tell(says.withdraws())
    assert await service.ended(case.case_id) == "withdrawn"
    assert (await service.event(case.case_id, ReturnClosed)).result == "withdrawn"
    assert (await service.row(case.case_id))["status"] == "cancelled"


async def test_a_withdrawal_after_the_parcel_set_off_is_refused_and_the_case_goes_on(service: CaseService, provider: FakeProvider) -> None:
    """R-CASE-05: not cancellable from return_in_transit on; the row knows before any process does."""
    case = a_case_today(an_order_today(QUICK_SHOP, reference=provider.capture(1275)), **CONSENT)
    says = Voices(case)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.tell(says.parcel_moves(rma_id), says.withdraws())
    refused = await service.event(case.case_id, ChoiceRefused)
    assert refused.reason == "not_cancellable"
    await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.MATCH))
    assert await service.ended(case.case_id) == "refunded"


async def test_a_withdrawal_takes_back_open_approvals(service: CaseService, provider: FakeProvider) -> None:
    case = a_case_today(an_order_today(QUICK_SHOP, unit_minor=4000, reference=provider.capture(12000)), **CONSENT)
    says = Voices(case)
    await service.tell(case)

    async def asked() -> bool:
        return bool(await service.pool.fetchval("SELECT true FROM approvals WHERE case_id = $1 AND state = 'open'", case.case_id))

    await service.until(asked, "an open approval")
    await service.tell(says.withdraws())
    assert await service.ended(case.case_id) == "withdrawn"
    assert await service.pool.fetchval("SELECT state FROM approvals WHERE case_id = $1", case.case_id) == "withdrawn"


async def test_a_reshipment_not_yet_with_the_carrier_is_cancelled_with_its_case(service: CaseService, provider: FakeProvider) -> None:
    case = a_case_today(
        an_order_today(QUICK_SHOP, reference=provider.capture(1275)),
        scene=Scene.FULFILMENT_MISSING_ITEM,
        evidence=(a_photo("label"),),
        wanted_remedy=OptionCode.RESHIP_NO_RETURN,
        accept_if_offered=True,
    )
    says = Voices(case)
    await service.tell(case, says.reviews(Verdict.ACCEPTED))
    await service.event(case.case_id, ReshipmentRequested)
    await service.tell(says.withdraws())
    assert await service.ended(case.case_id) == "withdrawn"
    assert (await service.event(case.case_id, ReshipmentCancelled)).reason == "withdrawn"


async def test_a_declined_amount_leaves_the_other_options_and_without_any_the_case_ends_declined(
    service: CaseService, provider: FakeProvider
) -> None:
    """R-AUTH-04, R-ELIG-11: people decline, never the clock; there is always a way on."""
    case = a_case_today(an_order_today(QUICK_SHOP, unit_minor=4000, reference=provider.capture(12000)), **CONSENT)
    await service.tell(case)
    await service.decide(case.case_id, ApprovalKind.AMOUNT, "decline")
    assert await service.ended(case.case_id) == "declined"
    assert (await service.event(case.case_id, CaseRejected)).alternatives


async def test_a_special_approval_opens_the_window_again_and_its_refusal_ends_the_case_declined(
    service: CaseService, provider: FakeProvider
) -> None:
    """R-AUTH-06, R-DEC-29."""
    for decision, outcome in (("grant", None), ("decline", "declined")):
        order = an_order_today(QUICK_SHOP, reference=provider.capture(1275), days_ago=60)
        case = a_case_today(order, scene=Scene.RETURN_OVER_WINDOW, reason_given=True)
        await service.tell(case)
        await service.decide(case.case_id, ApprovalKind.SPECIAL, decision)
        if outcome is None:
            assert (await service.event(case.case_id, OfferMade)).options
        else:
            assert await service.ended(case.case_id) == outcome


async def test_three_rejected_offers_go_to_the_supervisor(service: CaseService, provider: FakeProvider) -> None:
    """R-AUTH-08: the supervisor's word brings a new offer."""
    case = a_case_today(an_order_today(QUICK_SHOP, reference=provider.capture(1275)))
    says = Voices(case)
    await service.tell(case)
    for number in (1, 2, 3):
        offer = await service.event(case.case_id, OfferMade, nth=number)
        await service.tell(says.rejects(offer.offer_id))
    await service.resolve(case.case_id, "three_rejected_offers")
    assert (await service.event(case.case_id, OfferMade, nth=4)).offer_number == 4


async def test_a_dissatisfied_customer_goes_back_to_the_supervisor_until_it_is_solved(service: CaseService, provider: FakeProvider) -> None:
    """R-CASE-07."""
    case = a_case_today(an_order_today(SLOW_SHOP, reference=provider.capture(1275)), **CONSENT)
    says = Voices(case)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.MATCH))
    await service.event(case.case_id, ConfirmationRequested)
    await service.tell(says.is_satisfied(satisfied=False))
    await service.resolve(case.case_id, "dissatisfied")
    await service.event(case.case_id, ConfirmationRequested, nth=2)
    await service.tell(says.is_satisfied())
    assert await service.ended(case.case_id) == "refunded"
    assert (await service.types(case.case_id)).count("RemedyCompleted") == 1


async def test_of_a_short_quantity_what_came_is_refunded_at_once_and_the_rest_settled(service: CaseService, provider: FakeProvider) -> None:
    """R-RTN-05: one of two came; the other is settled for a partial refund. Two refunds, together less than agreed."""
    case = a_case_today(an_order_today(SLOW_SHOP, reference=provider.capture(1275)), **CONSENT)
    says = Voices(case)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.SHORT_QUANTITY, accepted=1))
    await service.decide(case.case_id, ApprovalKind.PARTIAL_REFUND, "grant", amount_minor=200)
    proposed = await service.event(case.case_id, InspectionDisputed, nth=2)
    assert proposed.partial_refund_minor == 200
    await service.tell(says.answers(InspectionAnswer.ACCEPT_PARTIAL))
    await service.event(case.case_id, ConfirmationRequested)
    await service.tell(says.is_satisfied())
    assert await service.ended(case.case_id) == "partly_refunded"
    assert await service.refunds(case.case_id) == [("settled", 425), ("settled", 200)]
    assert (await service.event(case.case_id, CaseClosed)).refunded_minor == 625


async def test_mediation_after_a_return_closes_it_and_counts_what_was_paid(service: CaseService, provider: FakeProvider) -> None:
    """R-RTN-05 (c), R-AUTH-10: the accepted unit is paid and counted; what is told to the finished return later becomes a task, and holds nothing back."""
    case = a_case_today(an_order_today(SLOW_SHOP, reference=provider.capture(1275)), **CONSENT)
    says = Voices(case)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.SHORT_QUANTITY, accepted=1))
    await service.decide(case.case_id, ApprovalKind.PARTIAL_REFUND, "grant", amount_minor=200)
    await service.event(case.case_id, InspectionDisputed, nth=2)
    await service.tell(says.answers(InspectionAnswer.MEDIATION))
    assert (await service.event(case.case_id, ReturnClosed)).result == "mediation"
    completed = await service.event(case.case_id, RemedyCompleted)
    assert (sum(unit.quantity for unit in completed.settled), completed.refunded_minor) == (1, 425)
    await service.until(lambda: _is_open(service, case.case_id, "mediation"), "the mediator's task")
    assert (await service.row(case.case_id))["active_workflow"] is None
    await service.pool.execute("UPDATE cases SET active_workflow = $2 WHERE case_id = $1", case.case_id, f"return/{rma_id}")
    await service.tell(says.answers(InspectionAnswer.TAKE_BACK))
    await service.until(lambda: _is_open(service, case.case_id, "late_inspection_answered"), "a task for the late answer")
    await service.resolve(case.case_id, "mediation")
    assert await service.ended(case.case_id) == "mediation"
    assert "ConfirmationRequested" not in await service.types(case.case_id)


async def test_a_withdrawal_ends_the_case_though_its_return_is_gone(service: CaseService, provider: FakeProvider) -> None:
    """R-CASE-05: the case is about to take its return up again, and has nobody to tell."""
    case = a_case_today(an_order_today(SLOW_SHOP, reference=provider.capture(1275)), **CONSENT)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.client.get_workflow_handle(f"return/{rma_id}").terminate("by hand")
    await service.tell(Voices(case).withdraws())
    assert await service.ended(case.case_id) == "withdrawn"
    result = await service.client.get_workflow_handle(f"case/{case.case_id}").result()
    assert result["outcome"] == "withdrawn"


async def _is_open(service: CaseService, case_id: CaseId, kind: str) -> bool:
    query = "SELECT true FROM work_items WHERE case_id = $1 AND kind = $2 AND state = 'open'"
    return await service.pool.fetchval(query, case_id, kind) is True


async def test_a_case_reopened_by_an_agent_runs_under_the_same_id_and_counts_its_remedies_on(
    service: CaseService, provider: FakeProvider
) -> None:
    """The reopen number is unique: the same reopening heard twice starts one run."""
    case = a_case_today(an_order_today(QUICK_SHOP, reference=provider.capture(1275)), **CONSENT)
    says = Voices(case)
    await service.tell(case)
    await service.event(case.case_id, ReturnAuthorised)
    await service.tell(says.withdraws())
    await service.ended(case.case_id)
    await service.tell(says.reopens(1), says.reopens(1))
    offer = await service.event(case.case_id, OfferMade, nth=2)
    await service.tell(says.chooses(offer.offer_id, OptionCode.RETURN_REFUND))
    second = await service.event(case.case_id, ReturnAuthorised, nth=2)
    assert second.remedy_ordinal == 2
    await service.tell(says.parcel_arrives(second.rma_id), says.inspected(second.rma_id, InspectionResult.MATCH))
    assert await service.ended(case.case_id) == "refunded"
    assert (await service.row(case.case_id))["run_number"] == 1
