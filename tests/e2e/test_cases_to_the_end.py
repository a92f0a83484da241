"""Whole cases on the whole system: what the customer, finance, the provider, the mailbox and the Temporal UI see agrees in the end."""

import pytest

from contracts.progress import WaitingFor
from contracts.roles import Role
from contracts.scenes import Scene
from services.workflow.workflows.wording import THEN, WAITS
from tests.support.shop import DEMO_SHOP, HIGH_STREET, WAREHOUSE, Case, Shop
from tests.support.shop_records import Records
from tests.support.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.e2e]


async def waits_on_screen(records: Records, case: Case, workflow_id: str, waiting_for: WaitingFor) -> None:
    """The screen says in words what is waited for, until when, and what happens then, as the customer is told too."""
    told = case.seen["next_step"]
    due = told["due_at"].replace("T", " ")[:19]
    shown = await records.until_screen(workflow_id, f"**Waits for:** {WAITS[waiting_for]}", f"**Until:** {due} UTC")
    assert f"**What happens then:** {THEN[told['then']]}" in shown
    assert f"**Who must act:** {told['who'].replace('_', ' ')}" in shown
    assert case.number in shown


async def test_goods_come_back_and_are_refunded(shop: Shop, records: Records) -> None:
    order = await shop.an_order(HIGH_STREET, freight=[{"freight_id": "f1", "amount_minor": 395}])
    case = await shop.open_case(order, units=3)
    offer = (await case.until("offer_pending", has="offer"))["offer"]
    await waits_on_screen(records, case, f"case/{case.case_id}", WaitingFor.CHOICE)
    assert f"case/{case.case_id}" in await records.found_by_number(case)
    returned = next(option for option in offer["options"] if option["code"] == "return_refund")
    assert returned["amount_minor"] == 1275 + 395  # the whole order is cancelled: outbound delivery is refunded too (CCR 2013 reg. 34)
    await case.choose("return_refund")
    returning = (await case.until("awaiting_return", has="returning"))["returning"]
    await waits_on_screen(records, case, f"return/{returning['rma_id']}", WaitingFor.RETURN_SHIPMENT)
    label_url = (await case.labelled())["label_url"]
    assert (await shop.nobody("logistics").ask("GET", label_url)).content.startswith(b"%PDF")
    await case.inspect(await case.receive())
    await case.until("confirming")
    await waits_on_screen(records, case, f"case/{case.case_id}", WaitingFor.CONFIRMATION)
    await case.act("satisfaction", {"satisfied": True})
    await case.ended("refunded")
    await records.assert_paid_once(case, 1670)
    await records.assert_processes_completed(case, "return", perhaps="refund")
    moments = await records.mailed_moments(case, "R-NTF-01", "R-NTF-05", "R-NTF-09", "R-NTF-10", "R-NTF-11", "R-NTF-14", "R-NTF-26")
    assert moments["R-NTF-05"] == 1
    assert moments["R-NTF-14"] == 2  # submitted, settled


async def test_a_missing_item_is_refunded_without_a_return(shop: Shop, records: Records) -> None:
    case = await shop.open_case(await shop.an_order(), Scene.FULFILMENT_MISSING_ITEM, units=1)
    await case.send_evidence()
    await case.review()
    await case.choose("refund_no_return")
    await case.ended("refunded")
    await records.assert_paid_once(case, 425)
    await records.assert_processes_completed(case, "refund")
    await records.mailed_moments(case, "R-NTF-01", "R-NTF-02", "R-NTF-05", "R-NTF-09", "R-NTF-14", "R-NTF-26")


async def booked(shop: Shop, case: Case) -> str:
    """The waybill of the new goods, once the carrier has them on its books."""
    warehouse = shop.staff("logistics", WAREHOUSE)

    async def waybill() -> str | None:
        shipments = (await warehouse.get("/v1/shipments", case_number=case.number, kind="reship"))["items"]
        return str(shipments[0]["waybill"]) if shipments and shipments[0]["waybill"] else None

    return await eventually(waybill, f"the carrier to book the new goods of {case.number}")


async def test_damaged_goods_are_sent_anew_and_delivered(shop: Shop, records: Records) -> None:
    """Evidence is asked for, an agent confirms that the goods are unusable (R-EVD-13), new goods go out and arrive (R-RSH-05)."""
    case = await shop.open_case(await shop.an_order(), Scene.LOGISTICS_DAMAGE, units=1)
    await case.until("evidence_pending", has="evidence_request")
    await waits_on_screen(records, case, f"case/{case.case_id}", WaitingFor.EVIDENCE)
    await case.send_evidence()
    await case.review(usable=False)
    await case.choose("reship_no_return")
    waybill = await booked(shop, case)
    for status in ("handed_in", "in_transit", "delivered"):
        await shop.carrier.post(f"/v1/shipments/{waybill}/scans", {"status": status, "place": "Depot"}, key=f"{waybill}/{status}")
    await case.ended("reshipped")
    assert case.seen["reshipment"]["state"] == "delivered"
    assert case.seen["reshipment"]["waybill"] == waybill
    await records.assert_nothing_paid(case)
    await records.assert_processes_completed(case, "reship")
    await records.mailed_moments(case, "R-NTF-02", "R-NTF-13", "R-NTF-26")


async def test_a_defect_is_compensated_and_the_goods_are_kept(shop: Shop, records: Records) -> None:
    """Compensation comes first where the pack says so (R-DEC-10), by its own amount (R-COMP-01)."""
    case = await shop.open_case(await shop.an_order(DEMO_SHOP), Scene.QUALITY_DEFECT, units=1)
    await case.send_evidence()
    await case.review(usable=True, cause="quality")
    offer = (await case.until("offer_pending", has="offer"))["offer"]
    assert [option["code"] for option in offer["options"]] == ["return_refund", "compensate_keep"]
    await case.choose("compensate_keep")
    await case.ended("compensated")
    await records.assert_paid_once(case, 200)
    await records.assert_processes_completed(case, "refund")
    decisions = await shop.staff("workflow", Role.SUPERVISOR).get(f"/v1/cases/{case.case_id}/decisions")
    assert decisions[-1]["decision"]["trace"]


async def test_goods_that_fail_inspection_are_settled_for_part_of_their_price(shop: Shop, records: Records) -> None:
    """The supervisor proposes an amount, the customer accepts it (R-RTN-05)."""
    case = await shop.open_case(await shop.an_order(HIGH_STREET), units=2)
    await case.choose("return_refund")
    units = [{"line_id": "1", "accepted": 0}]
    await case.inspect(await case.receive(), result="mismatch_condition", units=units)
    asked = await case.approval(kind="partial_refund")
    body = {"decision": "grant", "reason": "Worn, but not badly.", "amount_minor": 400}
    await shop.staff("workflow", Role.SUPERVISOR).post(f"/v1/approvals/{asked['approval_id']}/decision", body, key=case.number)

    async def proposed() -> bool:
        inspection = (await case.read())["inspection"]
        return inspection is not None and inspection["partial_refund_minor"] == 400

    await eventually(proposed, "the proposal to reach the customer")
    await waits_on_screen(records, case, f"return/{case.seen['returning']['rma_id']}", WaitingFor.INSPECTION_ANSWER)
    await case.act("inspection-answer", {"answer": "accept_partial"})
    await case.until("confirming")
    await case.act("satisfaction", {"satisfied": True})
    await case.ended("partly_refunded")
    await records.assert_paid_once(case, 400)
    await records.mailed_moments(case, "R-NTF-12", "R-NTF-14")


async def test_a_parcel_with_too_little_in_it_is_refunded_for_what_came_and_the_rest_taken_back(shop: Shop, records: Records) -> None:
    """What arrived is refunded at once; about the rest the customer is asked (R-RTN-05)."""
    case = await shop.open_case(await shop.an_order(HIGH_STREET), units=3)
    await case.choose("return_refund")
    await case.inspect(await case.receive(), result="short_quantity", units=[{"line_id": "1", "accepted": 2}])
    asked = await case.approval(kind="partial_refund")
    body = {"decision": "decline", "reason": "One never arrived."}
    await shop.staff("workflow", Role.SUPERVISOR).post(f"/v1/approvals/{asked['approval_id']}/decision", body, key=case.number)
    await case.until("inspection_dispute", has="inspection")
    await case.act("inspection-answer", {"answer": "take_back"})
    await case.until("confirming")
    await case.act("satisfaction", {"satisfied": True})
    await case.ended("partly_refunded")
    await records.assert_paid_once(case, 850)


async def test_a_customer_without_an_address_is_told_in_the_app_and_called_and_the_case_goes_on(shop: Shop, records: Records) -> None:
    """R-NTF: never a stuck case."""
    contact = {"name": "Bo Example", "phone": "+447700900124", "postcode": "EX4 4PL", "country": "GB", "locale": "en"}
    case = await shop.open_case(await shop.an_order(HIGH_STREET, contact=contact))
    await case.until("offer_pending", has="offer")
    await case.act("withdrawal")
    await case.ended("withdrawn")

    async def all_in_app() -> bool:
        log = await records.logged(case)
        return {"R-NTF-01", "R-NTF-05", "R-NTF-32"} <= {one["moment"] for one in log} and {one["state"] for one in log} == {"in_app"}

    await eventually(all_in_app, "the messages in the app")
    tasks = (await shop.staff("notifications", Role.AGENT, merchants=[HIGH_STREET]).get("/v1/agent-tasks", limit=200))["items"]
    assert [task["reason"] for task in tasks if task["case_number"] == case.number] == ["no_address"]


async def test_a_chinese_shops_case_is_told_in_chinese_and_paid_in_yuan(shop: Shop, records: Records) -> None:
    changes = {"currency": "CNY", "lines": [{"line_id": "1", "sku": "B1", "name": "茶杯", "quantity": 2, "amount_minor": 9800}]}
    contact = {"name": "李雷", "email": "lilei@customers.example", "phone": "+8613800138000", "country": "CN", "locale": "zh-CN"}
    case = await shop.open_case(await shop.an_order("acme-cn", contact=contact, **changes), units=1, locale="zh-CN")
    await case.choose("return_refund")
    await case.inspect(await case.receive())
    await case.until("confirming")
    await case.act("satisfaction", {"satisfied": True})
    await case.ended("refunded")
    await records.assert_paid_once(case, 4900)
    await records.mailed_moments(case, "R-NTF-01", "R-NTF-05", "R-NTF-14")
    words = [(await shop.mailbox.get(f"/api/messages/{mail['id']}"))["text"] for mail in await records.mails(case)]
    assert all(case.number in text and "李雷" in text for text in words)
    assert any("退货退款" in text and "¥49.00" in text for text in words)
