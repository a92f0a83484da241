"""Lost runs, killed children, events told twice, hand-made signals: the rows decide, and every case goes on from where it stood."""

import asyncio
from uuid import uuid4

import pytest

from contracts.case_state import OptionCode
from contracts.identifiers import CaseId, EventId
from contracts.resolution_v1 import ApprovalKind, ApprovalRequested, ConfirmationRequested, OfferMade, ReturnAuthorised
from contracts.shipment_v1 import InspectionResult
from services.kit.errors import PermanentError
from services.workflow.payloads.case import CaseSignal
from tests.support.case_events import Voices
from tests.support.case_service import QUICK_SHOP, SLOW_SHOP, CaseService, a_case_today, an_order_today
from tests.support.payment_provider import FakeProvider

pytestmark = [pytest.mark.engines]
CONSENT = {"wanted_remedy": OptionCode.RETURN_REFUND, "accept_if_offered": True}


async def test_the_processes_that_are_missing_are_found_among_many(service: CaseService) -> None:
    case, unknown = a_case_today(an_order_today(SLOW_SHOP)), [CaseId(uuid4()) for _ in range(120)]
    await service.tell(case)
    async with asyncio.timeout(60):
        while await service.starter.missing([case.case_id]):  # noqa: ASYNC110 - Temporal's list lags a little behind
            await asyncio.sleep(0.05)
    assert await service.starter.missing([*unknown[:70], case.case_id, *unknown[70:]]) == set(unknown)


async def test_an_open_case_whose_process_is_gone_is_started_again_and_goes_on(service: CaseService, provider: FakeProvider) -> None:
    """The next run finds what was decided and heard; nothing is offered, agreed or paid twice."""
    case = a_case_today(an_order_today(SLOW_SHOP, reference=provider.capture(1275)))
    says = Voices(case)
    await service.tell(case)
    offer = await service.event(case.case_id, OfferMade)
    await service.client.get_workflow_handle(f"case/{case.case_id}").terminate("by hand")
    assert await service.sweeper.sweep() == 1
    await service.tell(says.chooses(offer.offer_id, OptionCode.RETURN_REFUND))
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.tell(says.parcel_moves(rma_id))
    await service.client.get_workflow_handle(f"case/{case.case_id}").terminate("again")
    await service.client.get_workflow_handle(f"return/{rma_id}").terminate("with its child")
    await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.MATCH))
    await service.sweeper.sweep()
    await service.event(case.case_id, ConfirmationRequested, seconds=60)
    await service.tell(says.is_satisfied())
    assert await service.ended(case.case_id) == "refunded"
    assert await service.refunds(case.case_id) == [("settled", 850)]
    types = await service.types(case.case_id)
    assert types.count("OfferMade") == types.count("Agreed") == types.count("ReturnAuthorised") == types.count("RemedyCompleted") == 1


async def test_a_child_ended_by_hand_is_taken_up_again_with_the_facts_it_missed(service: CaseService, provider: FakeProvider) -> None:
    case = a_case_today(an_order_today(QUICK_SHOP, reference=provider.capture(1275)), **CONSENT)
    says = Voices(case)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.client.get_workflow_handle(f"return/{rma_id}").terminate("by hand")
    await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.MATCH))
    assert await service.ended(case.case_id) == "refunded"


async def test_an_event_told_twice_has_one_effect(service: CaseService, provider: FakeProvider) -> None:
    case = a_case_today(an_order_today(QUICK_SHOP, reference=provider.capture(1275)))
    says = Voices(case)
    opened, chosen = EventId(uuid4()), EventId(uuid4())
    await service.tell_as(opened, case)
    await service.tell_as(opened, case)
    offer = await service.event(case.case_id, OfferMade)
    choice = says.chooses(offer.offer_id, OptionCode.RETURN_REFUND)
    await service.tell_as(chosen, choice)
    await service.tell_as(chosen, choice)
    await service.event(case.case_id, ReturnAuthorised)
    assert (await service.types(case.case_id)).count("Agreed") == 1


async def test_a_hand_made_signal_chooses_withdraws_inspects_and_approves_nothing(service: CaseService, provider: FakeProvider) -> None:
    """Whoever reaches Temporal can ring; what happened is read from the rows."""
    case = a_case_today(an_order_today(SLOW_SHOP, unit_minor=8000, reference=provider.capture(24000)))
    says = Voices(case)
    await service.tell(case)
    offer = await service.event(case.case_id, OfferMade)
    handle = service.client.get_workflow_handle(f"case/{case.case_id}")
    for kind in ("option_chosen", "withdrawn", "offer_rejected", "no_such_kind"):
        await handle.signal("deliver", CaseSignal(event_id=uuid4(), kind=kind, data={"offer_id": str(offer.offer_id)}))
    assert (await service.row(case.case_id))["status"] == "offer_pending"
    await service.tell(says.chooses(offer.offer_id, OptionCode.RETURN_REFUND))
    asked = await service.event(case.case_id, ApprovalRequested)
    forged = CaseSignal(event_id=uuid4(), kind="approval_decided", data={"approval_id": str(asked.approval_id)})
    await handle.signal("deliver", forged)
    assert "ReturnAuthorised" not in await service.types(case.case_id)
    await service.decide(case.case_id, ApprovalKind.AMOUNT, "grant")
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    child = service.client.get_workflow_handle(f"return/{rma_id}")
    for kind in ("return_received", "return_inspected", "return_lost"):
        await child.signal("deliver", CaseSignal(event_id=uuid4(), kind=kind, data={"rma_id": str(rma_id)}))
    await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.MATCH))
    await service.event(case.case_id, ConfirmationRequested)
    assert await service.refunds(case.case_id) == [("settled", 16000)]


async def test_a_hand_made_signal_closes_no_case(service: CaseService, provider: FakeProvider) -> None:
    """Neither the customer's word nor the end of a person's task counts before its row is there (R-CASE-07)."""
    case = a_case_today(an_order_today(SLOW_SHOP, reference=provider.capture(1275)), **CONSENT)
    says = Voices(case)
    await service.tell(case)
    rma_id = (await service.event(case.case_id, ReturnAuthorised)).rma_id
    await service.tell(says.parcel_arrives(rma_id), says.inspected(rma_id, InspectionResult.MATCH))
    await service.event(case.case_id, ConfirmationRequested)
    workflow_id = f"case/{case.case_id}"
    handle = service.client.get_workflow_handle(workflow_id)
    await handle.signal("deliver", CaseSignal(event_id=uuid4(), kind="satisfaction_stated", data={"satisfied": True}))
    await service.until(lambda: _shows(service, workflow_id, "nobody_said_so"), "the refusal on the screen")
    assert (await service.row(case.case_id))["workflow_open"]
    await service.tell(says.is_satisfied(satisfied=False))
    await service.until(lambda: _shows(service, workflow_id, "handed to supervisor: dissatisfied"), "the supervisor's task")
    forged = CaseSignal(event_id=uuid4(), kind="work_item_resolved", data={"kind": "dissatisfied", "work_item_id": str(uuid4())})
    await handle.signal("deliver", forged)
    await handle.signal("deliver", CaseSignal(event_id=uuid4(), kind="satisfaction_stated", data={"satisfied": True}))
    await service.resolve(case.case_id, "dissatisfied")
    await service.event(case.case_id, ConfirmationRequested, nth=2)
    await service.tell(says.is_satisfied())
    assert await service.ended(case.case_id) == "refunded"


async def test_the_screen_says_what_a_case_waits_for_until_when_and_what_happens_then(service: CaseService, provider: FakeProvider) -> None:
    case = a_case_today(an_order_today(SLOW_SHOP, reference=provider.capture(1275)))
    await service.tell(case)
    offer = await service.event(case.case_id, OfferMade)
    workflow_id = f"case/{case.case_id}"
    await service.until(lambda: _shows(service, workflow_id, "offer pending"), "the offer on the screen")
    text = await service.details(workflow_id)
    assert case.case_number in text
    assert "the customer to choose an option" in text
    assert f"{offer.valid_until:%Y-%m-%d %H:%M:%S} UTC" in text
    assert "Europe/London" in text
    assert "the case closes; it can be reopened" in text
    shown = await service.attributes(workflow_id)
    expected = {
        "CaseNumber": case.case_number,
        "CaseStatus": "offer_pending",
        "WaitingFor": "choice",
        "Scene": "return.no_reason",
        "CaseType": "return",
        "MerchantId": SLOW_SHOP,
        "OrderNumber": case.order.number,
        "PolicyVersion": "uk-retail@1.1",
        "CurrencyCode": "GBP",
        "AmountMinor": 850,
        "Priority": "normal",
    }
    assert expected.items() <= shown.items()
    assert shown["DueAt"] == offer.valid_until
    found = [run.id async for run in service.client.list_workflows(f'CaseNumber = "{case.case_number}"')]
    assert found == [workflow_id]


async def test_a_fact_about_a_case_that_nobody_opened_is_refused_for_good(service: CaseService) -> None:
    case = a_case_today(an_order_today(QUICK_SHOP))
    with pytest.raises(PermanentError, match="its opening must come first"):
        await service.tell(Voices(case).withdraws())


async def _shows(service: CaseService, workflow_id: str, words: str) -> bool:
    return words in await service.details(workflow_id)
