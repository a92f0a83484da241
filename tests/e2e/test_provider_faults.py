"""A payment provider that fails, falls silent, or talks too much: money moves once, and finance sees it once (R-RFD-09, R-RFD-13)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.refund_v1 import RefundFailed, RefundSettled
from contracts.roles import Role
from contracts.scenes import Scene
from contracts.topics import Topic
from tests.support.shop import Case, Shop
from tests.support.shop_records import Records
from tests.support.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.e2e]
ATTEMPTS = 4
"""The first, and R-RFD-09's three repeats."""


async def misbehave(shop: Shop, **switches: Any) -> None:
    answer = await shop.payments.ask("PATCH", "/admin/faults", switches)
    assert answer.is_success, answer.text


async def about_to_be_refunded(shop: Shop) -> Case:
    case = await shop.open_case(await shop.an_order(), Scene.FULFILMENT_MISSING_ITEM, units=1)
    await case.send_evidence()
    await case.review()
    await case.until("offer_pending", has="offer")
    return case


@pytest.fixture(scope="module", autouse=True)
async def declined(shop: Shop) -> AsyncIterator[tuple[Case, Case]]:
    """Two refunds that fail while the other tests of this file run: one once, the other until its attempts are used up."""
    once, always = await about_to_be_refunded(shop), await about_to_be_refunded(shop)
    failures = [once.order.payment] + [always.order.payment] * ATTEMPTS
    await misbehave(shop, fail_next=[{"payment_id": payment, "failure_code": "declined_by_issuer"} for payment in failures])
    await once.choose("refund_no_return")
    await always.choose("refund_no_return")
    yield once, always
    await shop.payments.post("/admin/reset-faults")


async def test_an_answer_that_is_lost_and_webhooks_that_never_come_are_made_up_for_by_asking(shop: Shop, records: Records) -> None:
    """Commit-then-drop: the provider has paid, and nobody was told. The refund is looked up, never sent under another key."""
    case = await about_to_be_refunded(shop)
    await misbehave(shop, drop_answer_rate=1, webhook_drop_rate=1)
    await case.choose("refund_no_return")

    async def provider_has_it() -> bool:
        return bool((await shop.payments.get("/v1/refunds", payment_id=case.order.payment))["data"])

    await eventually(provider_has_it, "the provider to have booked the refund whose answer was lost")
    await misbehave(shop, drop_answer_rate=0, webhook_drop_rate=0)
    await case.ended("refunded")
    await records.assert_paid_once(case, 425)


async def test_an_outage_of_the_provider_and_webhooks_twice_and_in_disorder_pay_once(shop: Shop, records: Records) -> None:
    case = await about_to_be_refunded(shop)
    await misbehave(shop, error_rate=1, error_status=503, webhook_duplicate_rate=1, webhook_reorder=True)
    await case.choose("refund_no_return")
    finance = shop.staff("workflow", Role.FINANCE)

    async def outcome_unknown() -> bool:
        refunds = (await finance.get("/v1/refunds", case_id=case.case_id))["items"]
        submissions = (await finance.get(f"/v1/refunds/{refunds[0]['refund_id']}"))["submissions"] if refunds else []
        return [one["state"] for one in submissions] == ["unknown"]

    await eventually(outcome_unknown, "the outcome to be unknown")
    await misbehave(shop, error_rate=0)
    await case.ended("refunded")
    await records.assert_paid_once(case, 425)


async def test_a_refund_that_the_providers_record_proves_failed_is_tried_again_under_a_new_key(
    declined: tuple[Case, Case], shop: Shop, records: Records
) -> None:
    case, _ = declined
    await case.ended("refunded")
    events = await records.events(Topic.REFUND, case)
    (failed,) = [event for event in events if isinstance(event, RefundFailed)]
    assert (failed.failure_code, failed.attempt, failed.final) == ("declined_by_issuer", 1, False)
    assert [event.amount_minor for event in events if isinstance(event, RefundSettled)] == [425]
    provider = (await shop.payments.get("/v1/refunds", payment_id=case.order.payment))["data"]
    assert [one["status"] for one in provider] == ["failed", "succeeded"]
    assert len({one["idempotency_key"] for one in provider}) == 2
    assert case.seen["refunded_minor"] == 425


async def test_a_refund_that_keeps_failing_waits_for_finance_and_is_paid_when_finance_orders_it(
    declined: tuple[Case, Case], shop: Shop, records: Records
) -> None:
    """After the repeats finance looks at it (R-RFD-09); the case waits meanwhile, and says so."""
    _, case = declined
    finance = shop.staff("workflow", Role.FINANCE)
    task = await case.task("finance_refund_failed")
    refund_id = task["detail"]["refund_id"]
    assert task["role"] == "finance"
    assert (await finance.get(f"/v1/refunds/{refund_id}"))["state"] == "stuck"
    await records.until_screen(f"case/{case.case_id}", "finance must look", "**Who must act:** finance")
    await finance.post(f"/v1/refunds/{refund_id}/attempts", key=refund_id)
    done = await finance.get(f"/v1/work-items/{task['work_item_id']}")
    assert (done["state"], done["resolved_by"], done["resolution"]) == ("done", "finance", "attempt_ordered")
    await case.ended("refunded")
    settled = [event.amount_minor for event in await records.events(Topic.REFUND, case) if isinstance(event, RefundSettled)]
    provider = (await shop.payments.get("/v1/refunds", payment_id=case.order.payment))["data"]
    assert [one["status"] for one in provider] == ["failed"] * ATTEMPTS + ["succeeded"]
    assert settled == [425]
