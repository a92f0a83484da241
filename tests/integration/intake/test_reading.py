"""Reading cases: what the view says after which events, and who may see what."""

from uuid import uuid4

import pytest

from contracts.case_state import CaseOutcome, CaseStatus, OptionCode
from contracts.identifiers import RefundId, RmaId, SubmissionId
from contracts.progress import WaitingFor
from contracts.refund_v1 import RefundApproved, RefundFailed
from contracts.resolution_v1 import RemedyCompleted, SlaBreached, UnitsSettled
from contracts.roles import Role
from contracts.shipment_v1 import ReturnLabelCreated
from services.kit.clock import utc_now
from services.kit.errors import PermanentError
from tests.integration.intake.desk import Desk, an_application, is_problem
from tests.integration.intake.story import an_end, an_evidence_request, an_offer, base_of, now_at

pytestmark = pytest.mark.engines


async def test_the_view_tells_what_comes_next_by_when_and_who_must_act(desk: Desk) -> None:
    case = await desk.a_case()
    offer = an_offer(case, OptionCode.REFUND_NO_RETURN, OptionCode.COMPENSATE_KEEP)
    await desk.tell(offer)

    seen = await desk.look(case["case_id"])

    assert (seen["status"], seen["next_step"]["code"], seen["next_step"]["who"], seen["next_step"]["then"]) == (
        "offer_pending",
        "choice",
        "customer",
        "close",
    )
    assert seen["next_step"]["text"] == "Please choose one of the options."
    assert [(option["code"], option["amount_minor"], option["currency"]) for option in seen["offer"]["options"]] == [
        ("refund_no_return", 850, "GBP"),
        ("compensate_keep", 850, "GBP"),
    ]
    assert seen["offer"]["options"][0]["clause"]["text"] == "You may send goods back."
    assert [entry["code"] for entry in seen["timeline"]] == ["case.opened", "resolution.offer_made"]


async def test_what_follows_one_another_is_taken_in_together_in_order_and_case_by_case(desk: Desk) -> None:
    first, second = await desk.a_case(), await desk.a_case()
    offer = an_offer(first)

    await desk.tell_together((an_evidence_request(first), 1), (an_evidence_request(second), 1), (offer, 2), (an_evidence_request(first), 2))

    seen, other = await desk.look(first["case_id"]), await desk.look(second["case_id"])
    assert (seen["status"], other["status"]) == ("offer_pending", "evidence_pending")
    assert [entry["code"] for entry in seen["timeline"]] == ["case.opened", "resolution.evidence_requested", "resolution.offer_made"]
    assert [entry["code"] for entry in other["timeline"]] == ["case.opened", "resolution.evidence_requested"]


async def test_words_are_in_the_language_of_the_case(desk: Desk) -> None:
    case = await desk.a_case(locale="zh-CN")

    assert (await desk.look(case["case_id"]))["next_step"]["text"] == "我们正在查看您的申请，随后告知处理方案。"


async def test_the_view_never_goes_backwards(desk: Desk) -> None:
    case = await desk.a_case()
    offer = an_offer(case)
    await desk.tell(offer, 7)

    await desk.tell(an_evidence_request(case), 6)

    seen = await desk.look(case["case_id"])
    assert seen["status"] == "offer_pending"
    assert seen["evidence_request"] is None


async def test_an_unchanged_case_is_not_sent_again(desk: Desk) -> None:
    case = await desk.a_case()
    url = f"/v1/cases/{case['case_id']}"
    first = await desk.http.get(url, headers=desk.merchant())

    same = await desk.http.get(url, headers={**desk.merchant(), "If-None-Match": first.headers["etag"]})
    await desk.tell(an_evidence_request(case))
    changed = await desk.http.get(url, headers={**desk.merchant(), "If-None-Match": first.headers["etag"]})

    assert (same.status_code, same.content) == (304, b"")
    assert changed.status_code == 200


async def test_the_return_label_and_the_refund_appear(desk: Desk) -> None:
    case = await desk.a_case()
    base = base_of(case, CaseStatus.AWAITING_RETURN, WaitingFor.RETURN_SHIPMENT)
    shipment = {name: base[name] for name in ("merchant_id", "case_id", "case_number", "customer_ref", "locale")}
    await desk.tell(
        ReturnLabelCreated(**shipment, rma_id=RmaId(uuid4()), carrier="sandbox", waybill="SB1", label_url="http://label", ship_by=utc_now())
    )
    refund = {
        name: base[name]
        for name in ("merchant_id", "order_id", "case_id", "case_number", "order_number", "customer_ref", "locale", "currency")
    }
    refund |= {"refund_id": RefundId(uuid4()), "amount_minor": 850}
    await desk.tell(RefundApproved(**refund, approver="system", tier="agent", approved_at=utc_now()), 5)
    await desk.tell(
        RefundFailed(
            **refund,
            submission_id=SubmissionId(uuid4()),
            payment_id="p1",
            attempt=1,
            failure_code="declined",
            final=True,
            failed_at=utc_now(),
        ),
        4,
    )

    seen = await desk.look(case["case_id"])

    assert (seen["returning"]["state"], seen["returning"]["label_url"], seen["returning"]["waybill"]) == (
        "label_ready",
        "http://label",
        "SB1",
    )
    assert [(one["state"], one["amount_minor"]) for one in seen["refunds"]] == [("approved", 850)]


async def test_settled_units_cannot_be_claimed_again_and_the_others_can(desk: Desk) -> None:
    """R-INT-07."""
    case = await desk.a_case(quantity=2)
    settled = (UnitsSettled(line_id="1", quantity=2, remedy=OptionCode.RETURN_REFUND),)
    await desk.tell(now_at(case, CaseStatus.CONFIRMING, WaitingFor.CONFIRMATION, RemedyCompleted, remedy_ordinal=1, settled=settled), 1)
    await desk.tell(an_end(case, CaseOutcome.REFUNDED), 2)

    two = await desk.apply(an_application(case["order_number"], quantity=2))
    one = await desk.apply(an_application(case["order_number"], quantity=1))

    assert is_problem(two, 422, "invalid_lines")
    assert "1 can be: 3 delivered, 2 claimed before" in two.text
    assert one.status_code == 202


async def test_compensated_units_were_kept_and_can_be_claimed_later(desk: Desk) -> None:
    case = await desk.a_case(quantity=3)
    settled = (UnitsSettled(line_id="1", quantity=3, remedy=OptionCode.COMPENSATE_KEEP),)
    await desk.tell(now_at(case, CaseStatus.CONFIRMING, WaitingFor.CONFIRMATION, RemedyCompleted, remedy_ordinal=1, settled=settled), 1)
    await desk.tell(an_end(case, CaseOutcome.COMPENSATED), 2)

    assert (await desk.apply(an_application(case["order_number"], quantity=3))).status_code == 202


async def test_what_is_internal_is_not_on_the_customers_timeline(desk: Desk) -> None:
    case = await desk.a_case()
    breach = now_at(
        case,
        CaseStatus.UNDER_REVIEW,
        WaitingFor.REVIEW,
        SlaBreached,
        sla="R-SLA-04",
        due_at=utc_now(),
        breached_at=utc_now(),
        owner=Role.SUPERVISOR,
    )
    await desk.tell(breach)

    customer = await desk.look(case["case_id"], await desk.customer(f"customer-of-{case['order_number']}"))
    staff = await desk.look(case["case_id"], desk.staff())

    assert [entry["code"] for entry in customer["timeline"]] == ["case.opened"]
    assert [entry["code"] for entry in staff["timeline"]] == ["case.opened", "resolution.sla_breached"]


async def test_an_event_of_an_unknown_case_is_for_the_quarantine(desk: Desk) -> None:
    stranger = {"case_id": str(uuid4()), "case_number": "C26-1", "order_number": "1"}

    with pytest.raises(PermanentError, match="no such case"):
        await desk.tell(an_offer(stranger))


async def test_nobody_sees_anothers_case(desk: Desk) -> None:
    case = await desk.a_case()
    strangers = [
        await desk.customer("somebody-else"),
        await desk.customer(f"customer-of-{case['order_number']}", "other-shop"),
        desk.merchant("other-shop"),
        desk.staff(merchants=["other-shop"]),
    ]

    for headers in strangers:
        assert is_problem(await desk.http.get(f"/v1/cases/{case['case_id']}", headers=headers), 404, "case_not_found")
        assert is_problem(await desk.act(case["case_id"], "withdrawal", headers=headers), 404, "case_not_found")
        refused = await desk.http.post(f"/v1/cases/{case['case_id']}/evidence", content=b"x", headers=headers)
        assert is_problem(refused, 404, "case_not_found")
        assert is_problem(await desk.http.get(f"/v1/orders/{case['order_number']}", headers=headers), 404, "order_not_found")
        mine = await desk.http.get(f"/v1/cases?case_number={case['case_number']}&merchant_id={'other-shop'}", headers=headers)
        assert mine.status_code in {200, 404}
        assert case["case_id"] not in mine.text
    assert is_problem(await desk.http.get(f"/v1/cases/{case['case_id']}"), 401, "not_authenticated")
    assert is_problem(await desk.http.get("/v1/cases/no-id", headers=desk.merchant()), 404, "case_not_found")


async def test_lists_filter_and_page_newest_first(desk: Desk) -> None:
    customer_id = f"c-{uuid4().hex}"
    cases = []
    for _ in range(3):
        number = await desk.an_order(customer_id=customer_id)
        cases.append((await desk.apply(an_application(number))).json())
    url = f"/v1/cases?customer_id={customer_id}&limit=2"

    first = (await desk.http.get(url, headers=desk.merchant())).json()
    second = (await desk.http.get(f"{url}&cursor={first['next_cursor']}", headers=desk.merchant())).json()
    own = (await desk.http.get("/v1/cases", headers=await desk.customer(customer_id))).json()
    by_number = (await desk.http.get(f"/v1/cases?case_number={cases[1]['case_number']}", headers=desk.staff())).json()
    by_status = (await desk.http.get(f"{url}&status=closed", headers=desk.merchant())).json()

    newest_first = [case["case_id"] for case in reversed(cases)]
    assert [item["case_id"] for item in first["items"] + second["items"]] == newest_first
    assert second["next_cursor"] is None
    assert [item["case_id"] for item in own["items"]] == newest_first
    assert [item["case_id"] for item in by_number["items"]] == [cases[1]["case_id"]]
    assert by_status["items"] == []
    assert is_problem(await desk.http.get("/v1/cases?cursor=x", headers=desk.merchant()), 400, "invalid_cursor")
    assert is_problem(await desk.http.get("/v1/cases?limit=0", headers=desk.merchant()), 422, "invalid_request")
