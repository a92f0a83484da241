"""What customers, and others for them, do to a case: refused where the view knows better, otherwise a fact."""

from uuid import uuid4

import pytest

from contracts.case_state import CaseOutcome, CaseStatus, OptionCode
from contracts.case_v1 import (
    CaseReopened,
    CaseWithdrawn,
    EvidenceReviewed,
    InspectionAnswered,
    OfferRejected,
    OptionChosen,
    ReturnShipped,
    SatisfactionStated,
)
from contracts.decision import AffectedUnits, FreightPayer
from contracts.identifiers import RmaId
from contracts.progress import WaitingFor
from contracts.resolution_v1 import ChoiceRefused, ConfirmationRequested, InspectionDisputed, ReturnAuthorised, ReviewRequested
from contracts.roles import Role
from services.kit.clock import utc_now
from tests.integration.intake.desk import Desk, Json, is_problem
from tests.integration.intake.story import an_end, an_evidence_request, an_offer, now_at
from tests.integration.intake.twice_rows import a_return_is_expected

pytestmark = pytest.mark.engines


def _choice(offer_id: object, option: str = "refund_no_return") -> Json:
    return {"offer_id": str(offer_id), "option": option}


async def test_a_choice_names_its_offer_and_is_a_fact_once(desk: Desk) -> None:
    """R-CASE-04."""
    case = await desk.a_case()
    customer = await desk.customer(f"customer-of-{case['order_number']}")
    offer = an_offer(case, OptionCode.REFUND_NO_RETURN, OptionCode.COMPENSATE_KEEP)
    await desk.tell(offer)

    first = await desk.act(case["case_id"], "choice", _choice(offer.offer_id), customer)
    again = await desk.act(case["case_id"], "choice", _choice(offer.offer_id), customer)
    other = await desk.act(case["case_id"], "choice", _choice(offer.offer_id, "compensate_keep"), customer)

    assert (first.status_code, first.json()["repeated"]) == (202, False)
    assert (again.status_code, again.json()["repeated"], again.json()["event_id"]) == (202, True, first.json()["event_id"])
    assert is_problem(other, 409, "offer_already_answered")
    events = await desk.published(case["case_id"])
    assert [type(event) for event in events[1:]] == [OptionChosen]
    chosen = events[1]
    assert isinstance(chosen, OptionChosen)
    assert (chosen.offer_id, chosen.option, chosen.chosen_by.kind) == (offer.offer_id, OptionCode.REFUND_NO_RETURN, "customer")
    assert (await desk.look(case["case_id"]))["offer"]["answer"]["option"] == "refund_no_return"


async def test_a_stale_or_expired_offer_is_refused_with_the_current_one(desk: Desk) -> None:
    case = await desk.a_case()
    before = await desk.act(case["case_id"], "choice", _choice(uuid4()))
    old, new = an_offer(case), an_offer(case, number=2)
    await desk.tell(old, 1)
    await desk.tell(new, 2)

    stale = await desk.act(case["case_id"], "choice", _choice(old.offer_id))
    not_offered = await desk.act(case["case_id"], "choice", _choice(new.offer_id, "repair"))
    no_option = await desk.act(case["case_id"], "choice", _choice(new.offer_id, "gold"))
    late = an_offer(case, number=3, hours=-1)
    await desk.tell(late, 3)
    expired = await desk.act(case["case_id"], "offer-rejection", {"offer_id": str(late.offer_id)})

    assert is_problem(before, 409, "offer_stale")
    assert is_problem(stale, 409, "offer_stale")
    assert stale.json()["offer"]["offer_id"] == str(new.offer_id)
    assert is_problem(not_offered, 422, "option_not_offered")
    assert is_problem(no_option, 422, "invalid_request")
    assert is_problem(expired, 409, "offer_expired")


async def test_a_refusal_further_on_comes_back_and_the_customer_can_choose_again(desk: Desk) -> None:
    case = await desk.a_case()
    offer = an_offer(case)
    await desk.tell(offer, 1)
    chosen = await desk.act(case["case_id"], "choice", _choice(offer.offer_id))

    refusal = now_at(
        case, CaseStatus.OFFER_PENDING, WaitingFor.CHOICE, ChoiceRefused, source_event_id=chosen.json()["event_id"], reason="out_of_stock"
    )
    await desk.tell(refusal, 2)

    seen = await desk.look(case["case_id"])
    assert (seen["last_refusal"]["command"], seen["last_refusal"]["reason"]) == ("choice", "out_of_stock")
    assert seen["offer"]["answer"] is None
    assert (await desk.act(case["case_id"], "choice", _choice(offer.offer_id))).json()["repeated"] is False


async def test_turning_an_offer_down_is_a_fact(desk: Desk) -> None:
    case = await desk.a_case()
    offer = an_offer(case)
    await desk.tell(offer)

    assert (await desk.act(case["case_id"], "offer-rejection", {"offer_id": str(offer.offer_id)})).status_code == 202

    assert isinstance((await desk.published(case["case_id"]))[-1], OfferRejected)
    assert is_problem(await desk.act(case["case_id"], "choice", _choice(offer.offer_id)), 409, "offer_already_answered")


async def test_withdrawal_is_possible_until_goods_move(desk: Desk) -> None:
    """R-CASE-05."""
    early, late = await desk.a_case(), await desk.a_case()
    await desk.tell(now_at(late, CaseStatus.RETURN_IN_TRANSIT, WaitingFor.RETURN_ARRIVAL, ReviewRequested, due_at=utc_now()))

    withdrawn = await desk.act(early["case_id"], "withdrawal")
    again = await desk.act(early["case_id"], "withdrawal")
    refused = await desk.act(late["case_id"], "withdrawal")

    assert (withdrawn.status_code, again.json()["repeated"]) == (202, True)
    assert [type(event) for event in (await desk.published(early["case_id"]))[1:]] == [CaseWithdrawn]
    assert (await desk.look(early["case_id"]))["withdrawal_requested"] is True
    assert is_problem(refused, 409, "not_cancellable")


async def test_a_return_with_ones_own_carrier_is_told_while_one_is_expected(desk: Desk) -> None:
    case = await desk.a_case()
    shipment = {"carrier": "Royal Mail", "waybill": "RM123456785GB"}
    unexpected = await desk.act(case["case_id"], "return-shipment", shipment)
    rma = RmaId(uuid4())
    await desk.tell(
        now_at(
            case,
            CaseStatus.AWAITING_RETURN,
            WaitingFor.RETURN_SHIPMENT,
            ReturnAuthorised,
            rma_id=rma,
            remedy_ordinal=1,
            units=(AffectedUnits(line_id="1", quantity=1),),
            freight_payer=FreightPayer.CUSTOMER,
            prepaid=False,
            ship_by=utc_now(),
        )
    )

    told = await desk.act(case["case_id"], "return-shipment", shipment)

    assert is_problem(unexpected, 409, "no_return_expected")
    assert told.status_code == 202
    event = (await desk.published(case["case_id"]))[-1]
    assert isinstance(event, ReturnShipped)
    assert (event.carrier, event.waybill) == ("Royal Mail", "RM123456785GB")
    assert (await desk.look(case["case_id"]))["returning"]["waybill"] == "RM123456785GB"


async def test_an_inspection_mismatch_is_answered_once_it_is_asked(desk: Desk) -> None:
    """R-RTN-05."""
    case = await desk.a_case()
    too_early = await desk.act(case["case_id"], "inspection-answer", {"answer": "take_back"})
    dispute: Json = {
        "rma_id": RmaId(uuid4()),
        "result": "mismatch_condition",
        "disputed": (AffectedUnits(line_id="1", quantity=1),),
        "answer_by": utc_now(),
    }
    at = (CaseStatus.INSPECTION_DISPUTE, WaitingFor.INSPECTION_ANSWER, InspectionDisputed)
    await desk.tell(now_at(case, *at, **dispute, partial_refund_minor=None), 1)
    no_amount = await desk.act(case["case_id"], "inspection-answer", {"answer": "accept_partial"})
    await desk.tell(now_at(case, *at, **dispute, partial_refund_minor=300), 2)

    answered = await desk.act(case["case_id"], "inspection-answer", {"answer": "accept_partial"})

    assert is_problem(too_early, 409, "no_inspection_dispute")
    assert is_problem(no_amount, 409, "no_partial_refund_proposed")
    assert answered.status_code == 202
    assert isinstance((await desk.published(case["case_id"]))[-1], InspectionAnswered)


async def test_satisfaction_is_stated_when_it_is_asked_for(desk: Desk) -> None:
    """R-CASE-07."""
    case = await desk.a_case()
    too_early = await desk.act(case["case_id"], "satisfaction", {"satisfied": True})
    await desk.tell(
        now_at(
            case, CaseStatus.CONFIRMING, WaitingFor.CONFIRMATION, ConfirmationRequested, outcome=CaseOutcome.REFUNDED, answer_by=utc_now()
        )
    )

    assert is_problem(too_early, 409, "not_confirming")
    assert (await desk.act(case["case_id"], "satisfaction", {"satisfied": False})).status_code == 202
    event = (await desk.published(case["case_id"]))[-1]
    assert isinstance(event, SatisfactionStated)
    assert event.satisfied is False


async def test_an_ended_case_is_reopened_once_and_claims_its_units_again(desk: Desk) -> None:
    case = await desk.a_case(quantity=3)
    running = await desk.act(case["case_id"], "reopening")
    await desk.tell(an_end(case, CaseOutcome.NO_RESPONSE))
    assert (await desk.look(case["case_id"]))["reopenable"] is True

    reopened = await desk.act(case["case_id"], "reopening", {"reason": "answered_late"})
    again = await desk.act(case["case_id"], "reopening")

    assert is_problem(running, 409, "case_not_ended")
    assert (reopened.status_code, again.json()["repeated"]) == (202, True)
    event = (await desk.published(case["case_id"]))[-1]
    assert isinstance(event, CaseReopened)
    assert (event.reopen_number, event.reason) == (1, "answered_late")
    duplicate = await desk.apply(
        {"order_number": case["order_number"], "scene": "return.no_reason", "lines": [{"line_id": "1", "quantity": 1}]}
    )
    assert duplicate.json()["case_id"] == case["case_id"]


async def test_a_case_that_ended_for_good_or_whose_line_is_open_elsewhere_stays_ended(desk: Desk) -> None:
    final, old = await desk.a_case(), await desk.a_case()
    await desk.tell(an_end(final, CaseOutcome.REFUNDED, reopenable=False))
    await desk.tell(an_end(old, CaseOutcome.NO_RESPONSE))
    await desk.a_case(old["order_number"])

    assert is_problem(await desk.act(final["case_id"], "reopening", headers=desk.staff()), 409, "not_reopenable")
    assert is_problem(await desk.act(old["case_id"], "reopening"), 409, "not_reopenable")


async def test_a_verdict_on_evidence_takes_a_reviewing_role(desk: Desk) -> None:
    """R-EVD-08, R-EVD-13."""
    case = await desk.a_case(quantity=3, scene="quality.defect", description="cracked")
    verdict = {"verdict": "accepted", "reviewed": {"usable": False, "cause": "quality"}, "lines": [{"line_id": "1", "quantity": 2}]}

    by_customer = await desk.act(case["case_id"], "evidence/review", verdict, await desk.customer(f"customer-of-{case['order_number']}"))
    by_merchant = await desk.act(case["case_id"], "evidence/review", verdict)
    by_finance = await desk.act(case["case_id"], "evidence/review", verdict, desk.staff(Role.FINANCE))
    vague = await desk.act(case["case_id"], "evidence/review", {"verdict": "insufficient"}, desk.staff())
    silent = await desk.act(case["case_id"], "evidence/review", verdict | {"reviewed": {"cause": "quality"}}, desk.staff())
    too_many = await desk.act(case["case_id"], "evidence/review", verdict | {"lines": [{"line_id": "1", "quantity": 4}]}, desk.staff())
    by_agent = await desk.act(case["case_id"], "evidence/review", verdict, desk.staff(Role.QA_MANAGER))

    for refused in (by_customer, by_merchant, by_finance):
        assert is_problem(refused, 403, "not_allowed")
    assert is_problem(vague, 422, "missing_required")
    assert is_problem(silent, 422, "usable_required")
    assert is_problem(too_many, 422, "invalid_lines")
    assert by_agent.status_code == 202
    event = (await desk.published(case["case_id"]))[-1]
    assert isinstance(event, EvidenceReviewed)
    assert (event.reviewer.role, event.reviewed.usable, event.affected) == ("qa_manager", False, (AffectedUnits(line_id="1", quantity=2),))
    assert (await desk.look(case["case_id"]))["lines"] == [{"line_id": "1", "quantity": 2, "settled": 0}]


async def test_a_key_makes_an_act_repeatable_and_if_match_guards_it(desk: Desk) -> None:
    case = await desk.a_case()
    offer = an_offer(case)
    await desk.tell(offer)
    tag = (await desk.http.get(f"/v1/cases/{case['case_id']}", headers=desk.merchant())).headers["etag"]
    url = f"/v1/cases/{case['case_id']}/choice"

    stale = await desk.http.post(url, json=_choice(offer.offer_id), headers={**desk.merchant(), "If-Match": '"1"'})
    headers = {**desk.merchant(), "If-Match": tag, "Idempotency-Key": "choose-it"}
    first = await desk.http.post(url, json=_choice(offer.offer_id), headers=headers)
    again = await desk.http.post(url, json=_choice(offer.offer_id), headers=headers)

    assert is_problem(stale, 412, "version_changed")
    assert first.status_code == 202
    assert again.content == first.content


async def test_the_first_verdict_on_the_same_evidence_stands_until_something_follows(desk: Desk) -> None:
    """R-EVD-08, R-EVD-09: two verdicts that ask for more would count as two of the few requests there are."""
    case = await desk.a_case(scene="quality.defect", description="cracked")
    await desk.tell(an_evidence_request(case), 1)
    vague, clear = {"verdict": "insufficient", "missing": ["photo:parcel"]}, {"verdict": "accepted", "reviewed": {"usable": False}}

    first = await desk.act(case["case_id"], "evidence/review", vague, desk.staff())
    other = await desk.act(case["case_id"], "evidence/review", clear, desk.staff())
    await desk.tell(an_evidence_request(case), 2)
    later = await desk.act(case["case_id"], "evidence/review", clear, desk.staff())

    assert (first.status_code, later.status_code, later.json()["repeated"]) == (202, 202, False)
    assert is_problem(other, 409, "already_reviewed")
    verdicts = [event.verdict for event in await desk.published(case["case_id"]) if isinstance(event, EvidenceReviewed)]
    assert verdicts == ["insufficient", "accepted"]


async def test_another_waybill_corrects_the_first(desk: Desk) -> None:
    case = await desk.a_case()
    shipment = await a_return_is_expected(desk, case)

    for waybill in ("RM123456785GB", "RM123456785GB", "RM123456786GB"):
        assert (await desk.act(case["case_id"], "return-shipment", shipment | {"waybill": waybill})).status_code == 202

    told = [event.waybill for event in await desk.published(case["case_id"]) if isinstance(event, ReturnShipped)]
    assert told == ["RM123456785GB", "RM123456786GB"]
