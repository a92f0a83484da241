"""What is on its way while a case ends: a choice in time still counts, and nothing is asked, sent or waited for in a case that is over."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from contracts.case_state import CaseOutcome, OptionCode
from contracts.case_v1 import OpenedBy, OptionChosen
from contracts.events import StaffActor
from contracts.identifiers import ApprovalId, CaseId, EventId, ReshipId, RmaId
from contracts.resolution_v1 import ApprovalKind, OfferMade
from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.postgres import transaction
from services.workflow.adapters.approval_steps import PostgresApprovalSteps
from services.workflow.adapters.steps import CaseTransactions, ReshipTransactions, ReturnTransactions
from services.workflow.payloads.approval import ApprovalAsk, ApprovalOpening, ApprovalState, ApprovalTimers
from services.workflow.payloads.case import Agreement, CaseStep, EndCase, FactKind
from services.workflow.payloads.reships import RequestReshipment
from services.workflow.payloads.returns import AuthoriseReturn
from tests.support.case_events import Voices
from tests.support.case_service import QUICK_SHOP, CaseService, a_case_today, an_order_today
from tests.support.payment_provider import FakeProvider

pytestmark = [pytest.mark.engines]


async def test_a_choice_in_time_that_crosses_the_end_of_its_offer_is_carried_out(service: CaseService, provider: FakeProvider) -> None:
    """R-CASE-04: its moment decides, not whether the process has heard of it yet."""
    case_id, offer, says = await _offered(service, provider)
    await _unheard(service, case_id, says.chooses(offer.offer_id, OptionCode.RETURN_REFUND))
    plan = await CaseTransactions(service.books).end(_ending(case_id))
    assert plan.step is CaseStep.CARRY_OUT
    assert plan.agreement is not None
    assert (await service.row(case_id))["workflow_open"]


async def test_without_a_choice_the_case_is_closed(service: CaseService, provider: FakeProvider) -> None:
    case_id, _offer, _says = await _offered(service, provider)
    plan = await CaseTransactions(service.books).end(_ending(case_id))
    assert plan.outcome is CaseOutcome.NO_RESPONSE


async def test_a_step_that_comes_twice_at_once_is_done_once_and_answers_twice(service: CaseService, provider: FakeProvider) -> None:
    case_id, _offer, _says = await _offered(service, provider)
    steps, ask = CaseTransactions(service.books), _ending(case_id)
    async with transaction(service.pool) as another:
        await service.books.cases.lock(another, case_id)
        both = [asyncio.create_task(steps.end(ask)) for _ in range(2)]

        async def wait_for_the_lock() -> bool:
            query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE OF cases%'"
            return bool(await service.pool.fetchval(query) == 2)

        assert await service.until(wait_for_the_lock, "both wait for the case")
    one, other = await asyncio.gather(*both)
    assert one == other
    assert (await service.types(case_id)).count("CaseClosed") == 1


async def test_a_fact_for_an_ended_case_is_not_told_to_a_process_on_its_way_out(service: CaseService, provider: FakeProvider) -> None:
    """The row has ended, the process still runs: what the customer says becomes a task instead of being forgotten."""
    case_id, _offer, says = await _offered(service, provider)
    await CaseTransactions(service.books).end(_ending(case_id))
    await service.tell(says.is_satisfied(satisfied=False))

    async def opened() -> bool:
        query = "SELECT true FROM work_items WHERE case_id = $1 AND kind = 'late_satisfaction_stated'"
        return await service.pool.fetchval(query, case_id) is True

    assert await service.until(opened, "a task for the late word")


async def test_a_withdrawn_case_asks_sends_and_authorises_nothing(service: CaseService, provider: FakeProvider) -> None:
    """R-CASE-05: steps that were under way when the withdrawal was committed change nothing any more."""
    case_id, offer, says = await _offered(service, provider)
    await service.tell(says.withdraws())
    await service.ended(case_id)
    before = await service.types(case_id)
    agreement = Agreement.model_validate(
        {
            "offer_id": offer.offer_id,
            "option": OptionCode.RETURN_REFUND,
            "remedy_ordinal": 1,
            "amount_minor": 1,
            "units": (),
            "policy_version": offer.policy_version,
            "freight_payer": offer.options[0].freight_payer,
            "request": None,
        }
    )
    common: dict[str, Any] = {"operation_id": uuid4(), "case_id": case_id, "at": utc_now()}
    await ReturnTransactions(service.books).authorise(AuthoriseReturn(**common, rma_id=RmaId(uuid4()), agreement=agreement))
    common["operation_id"] = uuid4()
    await ReshipTransactions(service.books).request(RequestReshipment(**common, reship_id=ReshipId(uuid4()), agreement=agreement))
    asked = await PostgresApprovalSteps(service.pool, service.books.cases).open(_opening(case_id, ApprovalKind.SPECIAL))
    assert asked.state is ApprovalState.WITHDRAWN
    assert await service.types(case_id) == before
    assert (await service.row(case_id))["status"] == "cancelled"


async def test_who_chose_for_the_customer_asked_for_the_approval(service: CaseService, provider: FakeProvider) -> None:
    """R-AUTH-05."""
    case_id, offer, says = await _offered(service, provider)
    sam = OpenedBy(kind="staff", staff=StaffActor(staff_id="sam", role=Role.SUPERVISOR.value))
    await _unheard(service, case_id, says.chooses(offer.offer_id, OptionCode.RETURN_REFUND).model_copy(update={"chosen_by": sam}))
    asked = await PostgresApprovalSteps(service.pool, service.books.cases).open(_opening(case_id, ApprovalKind.AMOUNT))
    requester = await service.pool.fetchval("SELECT requester FROM approvals WHERE approval_id = $1", asked.approval_id)
    assert requester == "sam"


async def _offered(service: CaseService, provider: FakeProvider) -> tuple[CaseId, OfferMade, Voices]:
    case = a_case_today(an_order_today(QUICK_SHOP, reference=provider.capture(1275)))
    await service.tell(case)
    offer: OfferMade = await service.event(case.case_id, OfferMade)
    return case.case_id, offer, Voices(case)


async def _unheard(service: CaseService, case_id: CaseId, body: OptionChosen) -> None:
    """Put a choice on record without telling the process."""
    async with transaction(service.pool) as conn:
        kind, workflow_id = FactKind.OPTION_CHOSEN, f"case/{case_id}"
        event_id = EventId(uuid4())
        assert await service.books.facts.add(conn, event_id, kind, workflow_id, body, utc_now())
        await conn.execute("DELETE FROM delivery WHERE event_id = $1", event_id)


def _ending(case_id: CaseId) -> EndCase:
    return EndCase(operation_id=uuid4(), case_id=case_id, at=utc_now(), outcome=CaseOutcome.NO_RESPONSE)


def _opening(case_id: CaseId, kind: ApprovalKind) -> ApprovalOpening:
    ask = ApprovalAsk(
        approval_id=ApprovalId(uuid4()),
        case_id=case_id,
        workflow_id=f"case/{case_id}",
        kind=kind,
        tier=Role.SUPERVISOR,
        reason="test",
        rule="R-AUTH-05",
    )
    return ApprovalOpening(ask=ask, timers=ApprovalTimers(), at=utc_now())
