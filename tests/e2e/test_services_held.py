"""Notifications or logistics are away: cases go on to where they need them, and complete when they are back, with nothing lost and nothing twice."""

import asyncio

import pytest

from contracts.scenes import Scene
from deploy.local.stack.running import RunningStack
from tests.support.shop import HIGH_STREET, Case, Shop
from tests.support.shop_records import Records

pytestmark = [pytest.mark.engines, pytest.mark.e2e]


async def refunded_without_return(shop: Shop) -> Case:
    case = await shop.open_case(await shop.an_order(), Scene.FULFILMENT_MISSING_ITEM, units=1)
    await case.send_evidence()
    await case.review()
    await case.choose("refund_no_return")
    await case.ended("refunded")
    return case


async def test_without_notifications_cases_end_and_their_mails_go_out_later_once(stack: RunningStack, shop: Shop, records: Records) -> None:
    await stack.hold("notifications")
    try:
        cases = await asyncio.gather(*(refunded_without_return(shop) for _ in range(3)))
        for case in cases:
            await records.assert_paid_once(case, 425)
            assert await records.mails(case) == []
    finally:
        await stack.release("notifications")
    for case in cases:
        moments = await records.mailed_moments(case, "R-NTF-01", "R-NTF-02", "R-NTF-05", "R-NTF-09", "R-NTF-14", "R-NTF-26")
        assert moments["R-NTF-01"] == moments["R-NTF-05"] == moments["R-NTF-26"] == 1
    await stack.wait_ready()


async def test_without_logistics_cases_go_on_to_the_label_and_complete_when_it_is_back(
    stack: RunningStack, shop: Shop, records: Records
) -> None:
    coming_back = [await shop.open_case(await shop.an_order(HIGH_STREET)) for _ in range(2)]
    await stack.hold("logistics")
    try:
        needs_none = asyncio.create_task(refunded_without_return(shop))
        for case in coming_back:
            await case.choose("return_refund")
        for case in coming_back:
            returning = (await case.until("awaiting_return", has="returning"))["returning"]
            assert returning["label_url"] is None
        await records.assert_paid_once(await needs_none, 425)
    finally:
        await stack.release("logistics")
    for case in coming_back:
        await case.labelled()
        await case.inspect(await case.receive())
    for case in coming_back:
        await case.until("confirming")
        await case.act("satisfaction", {"satisfied": True})
        await case.ended("refunded")
        await records.assert_paid_once(case, 850)
        await records.assert_processes_completed(case, "return", perhaps="refund")
    await stack.wait_ready()
