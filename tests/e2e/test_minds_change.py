"""Customers withdraw, reopen, and let offers lapse: what is allowed when, and what everybody sees of it (R-CASE-04 to R-CASE-07)."""

import pytest

from contracts.resolution_v1 import OfferMade
from contracts.scenes import Scene
from contracts.topics import Topic
from tests.support.shop import HIGH_STREET, Case, Shop
from tests.support.shop_records import Records

pytestmark = [pytest.mark.engines, pytest.mark.e2e]


async def test_a_case_is_withdrawn_while_it_may_be_and_applied_for_anew(shop: Shop, records: Records) -> None:
    order = await shop.an_order(HIGH_STREET)
    case = await shop.open_case(order)
    await case.until("offer_pending", has="offer")
    await case.refused("reopening", status=409, code="case_not_ended")
    accepted = await case.act("withdrawal")
    assert accepted["repeated"] is False
    await case.ended("withdrawn")
    await records.assert_nothing_paid(case)
    await records.assert_processes_completed(case)
    await records.mailed_moments(case, "R-NTF-05", "R-NTF-32")
    again = await shop.open_case(order)
    assert again.number != case.number
    assert (await again.until("offer_pending", has="offer"))["application_number"] == 2
    await again.act("withdrawal")
    await again.ended("withdrawn")


async def test_a_withdrawal_with_the_return_authorised_ends_both_and_one_with_the_parcel_under_way_is_refused(
    shop: Shop, records: Records
) -> None:
    case = await shop.open_case(await shop.an_order(HIGH_STREET))
    await case.choose("return_refund")
    await case.labelled()
    await case.act("withdrawal")
    await case.ended("withdrawn")
    await records.assert_processes_completed(case, "return")

    late = await shop.open_case(await shop.an_order(HIGH_STREET))
    await late.choose("return_refund")
    await late.until("awaiting_return")
    await late.act("return-shipment", {"carrier": "royal-post", "waybill": f"RP-{late.number}"})
    await late.until("return_in_transit")
    refused = await late.refused("withdrawal", status=409, code="not_cancellable")
    assert "R-CASE-05" in refused["detail"]
    await late.inspect(await late.receive())
    await late.until("confirming")
    await late.refused("withdrawal", status=409, code="not_cancellable")
    await late.act("satisfaction", {"satisfied": True})
    await late.ended("refunded")
    await records.assert_paid_once(late, 850)
    await late.refused("withdrawal", status=409, code="not_cancellable")


async def test_evidence_that_is_refused_ends_the_claim_and_evidence_that_comes_later_reopens_it(shop: Shop, records: Records) -> None:
    """R-EVD-09: the claim ends for want of evidence; it goes on when the evidence comes inside the window."""
    case = await shop.open_case(await shop.an_order(), Scene.FULFILMENT_MISSING_ITEM, units=1)
    asked = (await case.until("evidence_pending", has="evidence_request"))["evidence_request"]
    await case.act("evidence/refusal")
    await case.ended("evidence_not_provided")
    await case.send_pictures(asked["needed"])
    await case.review()
    await case.choose("refund_no_return")
    await case.ended("refunded")
    await records.assert_paid_once(case, 425)


async def test_a_customer_who_is_not_satisfied_is_heard_by_the_supervisor_before_the_case_closes(shop: Shop, records: Records) -> None:
    case = await shop.open_case(await shop.an_order(HIGH_STREET))
    await case.choose("return_refund")
    await case.inspect(await case.receive())
    await case.until("confirming")
    await case.act("satisfaction", {"satisfied": False})
    await case.until("under_review")
    task = await case.task("dissatisfied")
    await records.until_screen(f"case/{case.case_id}", "**Who must act:** supervisor")
    await case.resolve(task)
    await case.until("confirming")
    await case.act("satisfaction", {"satisfied": True})
    await case.ended("refunded")
    await records.assert_paid_once(case, 850)


async def test_an_offer_that_nobody_answers_is_recalled_lapses_and_the_case_is_reopened_and_paid_once(
    lapsing: Case, records: Records
) -> None:
    case = lapsing
    await case.ended("no_response")
    (first,) = [event.offer_id for event in await records.events(Topic.RESOLUTION, case) if isinstance(event, OfferMade)]
    await case.refused("choice", {"offer_id": str(first), "option": "return_refund"}, status=409, code="offer_stale")
    moments = await records.mailed_moments(case, "R-NTF-05", "R-NTF-32")
    assert moments["R-NTF-05"] == 2, "the offer, and its reminder"
    assert case.seen["reopenable"] is True
    await case.act("reopening")
    second = (await case.until("offer_pending", has="offer"))["offer"]
    assert second["offer_id"] != str(first)
    await case.choose("return_refund")
    await case.inspect(await case.receive())
    await case.ended("refunded")
    await records.assert_paid_once(case, 850)
