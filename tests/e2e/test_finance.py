"""Finance on the whole running system: cash that no provider can give back, money that comes back, and all records of the same money compared."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.refund_v1 import RefundReversed, RefundSettled
from contracts.roles import Role
from contracts.scenes import Scene
from contracts.topics import Topic
from tests.support.shop import Case, PlacedOrder, Shop
from tests.support.shop_records import Records
from tests.support.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.e2e]


async def about_to_be_refunded(shop: Shop, order: PlacedOrder) -> Case:
    case = await shop.open_case(order, Scene.FULFILMENT_MISSING_ITEM, units=1)
    await case.send_evidence()
    await case.review()
    await case.until("offer_pending", has="offer")
    return case


async def refund_of(shop: Shop, case: Case) -> dict[str, Any]:
    finance = shop.staff("workflow", Role.FINANCE)
    (item,) = (await finance.get("/v1/refunds", case_id=case.case_id))["items"]
    found: dict[str, Any] = await finance.get(f"/v1/refunds/{item['refund_id']}")
    return found


async def return_freight_is_paid(shop: Shop, case: Case) -> None:
    """A payout and an entry beside the refund: whoever hears of the order's money goes on with what follows (R-FRT-14)."""
    topup = {"case_id": case.case_id, "kind": "freight_topup", "amount_minor": 450, "currency": "GBP", "reason": "faulty_goods"}
    asked = await shop.staff("workflow", Role.SUPERVISOR).post("/v1/payouts", topup, key=f"topup/{case.number}")
    finance = shop.staff("workflow", Role.FINANCE)
    paid = await finance.post(f"/v1/payouts/{asked['payout_id']}/paid", {"document": f"FREIGHT-{case.number}"}, key=asked["payout_id"])
    assert paid["state"] == "paid"
    lines = [{"account": "carrier.claims", "amount_minor": 850}, {"account": "carrier.recoveries", "amount_minor": -850}]
    claim = {"case_id": case.case_id, "currency": "GBP", "document": f"CLAIM-{case.number}", "reason": "parcel_lost", "lines": lines}
    await finance.post("/v1/ledger/entries", claim, key=f"claim/{case.number}")


async def test_cash_on_delivery_is_paid_out_by_finance_and_the_case_ends_refunded(shop: Shop, records: Records) -> None:
    """R-RFD-15."""
    now = datetime.now(UTC)
    cash = {
        "payment_id": "cash",
        "provider": "courier",
        "provider_reference": "COD-1",
        "method": "cash_on_delivery",
        "captured_minor": 1275,
    }
    order = await shop.an_order(payments=[{**cash, "captured_at": (now - timedelta(days=1)).isoformat()}])
    case = await about_to_be_refunded(shop, order)
    await case.choose("refund_no_return")
    task = await case.task("finance_payout_due")
    payout_id = task["detail"]["payout_id"]
    finance = shop.staff("workflow", Role.FINANCE)
    assert (await refund_of(shop, case))["state"] == "requested"
    await return_freight_is_paid(shop, case)
    await finance.post(f"/v1/payouts/{payout_id}/paid", {"document": f"BANK-{case.number}"}, key=payout_id)
    await case.ended("refunded")
    refund = await refund_of(shop, case)
    assert {line["account"]: line["amount_minor"] for line in refund["ledger"]} == {"returns.goods": 425, "clearing.payout": -425}
    assert refund["credit_notes"]
    (settled,) = [event for event in await records.events(Topic.REFUND, case) if isinstance(event, RefundSettled)]
    assert (settled.amount_minor, settled.credit_note, sum(line.amount_minor for line in settled.journal)) == (
        425,
        refund["credit_notes"][0],
        0,
    )


async def test_money_that_comes_back_weeks_later_is_owed_paid_again_and_every_record_agrees(shop: Shop, records: Records) -> None:
    """The provider's webhook tells it; the case has long ended. Nothing is paid twice, and reconciliation finds no break."""
    case = await about_to_be_refunded(shop, await shop.an_order())
    await case.choose("refund_no_return")
    await case.ended("refunded")
    finance = shop.staff("workflow", Role.FINANCE)
    paid = await refund_of(shop, case)
    await shop.payments.post("/admin/reverse", {"idempotency_key": paid["submissions"][0]["submission_id"]})

    async def told() -> bool:
        return bool((await refund_of(shop, case))["state"] == "stuck")

    await eventually(told, "the reversal to be told by webhook")
    task = await case.task("finance_refund_reversed")
    await finance.post(f"/v1/refunds/{paid['refund_id']}/attempts", {}, key=paid["refund_id"])

    async def settled_again() -> bool:
        return bool((await refund_of(shop, case))["state"] == "settled")

    await eventually(settled_again, "the refund to be paid again")
    assert (await finance.get(f"/v1/work-items/{task['work_item_id']}"))["state"] == "done"
    refund = await refund_of(shop, case)
    assert [one["state"] for one in refund["submissions"]] == ["reversed", "succeeded"]
    provider = (await shop.payments.get("/v1/refunds", payment_id=case.order.payment))["data"]
    assert sorted(one["status"] for one in provider) == ["reversed", "succeeded"]
    events = await records.events(Topic.REFUND, case)
    journals = [event.journal for event in events if isinstance(event, RefundSettled | RefundReversed)]
    assert len(journals) == 3
    sums: dict[str, int] = {}
    for line in (line for journal in journals for line in journal):
        sums[line.account] = sums.get(line.account, 0) + line.amount_minor
    assert {account: minor for account, minor in sums.items() if minor} == {"returns.goods": 425, "clearing:sandbox": -425}

    today = datetime.now(UTC).date()
    days = {"since": (today - timedelta(days=1)).isoformat(), "until": today.isoformat()}
    reports = await finance.post("/v1/reconciliations", days)
    assert {report["subject"] for report in reports} >= {"sandbox (test)", "ledger"}
    about_it = [found for report in reports for found in report["breaks"] if found["refund_id"] == paid["refund_id"]]
    assert about_it == []
