"""Opening a case: what is accepted, what is a duplicate, and what is refused with which words."""

import asyncio
from uuid import uuid4

import pytest

from contracts.case_state import CaseOutcome, CaseStatus
from contracts.case_v1 import CaseOpened, Channel
from contracts.roles import Role
from tests.integration.intake.desk import Desk, Json, a_number, a_snapshot, an_application, is_problem
from tests.integration.intake.story import an_end

pytestmark = pytest.mark.engines


async def test_acceptance_tells_number_next_step_and_deadline(desk: Desk) -> None:
    """R-INT-08."""
    number = await desk.an_order()

    answer = await desk.apply(an_application(number, quantity=2), await desk.customer(f"customer-of-{number}"))

    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["location"] == f"/v1/cases/{body['case_id']}"
    assert body["case_number"].startswith("C")
    assert (body["status"], body["stage"], body["next_step"]["code"], body["next_step"]["who"]) == (
        "submitted",
        "accept",
        "triage",
        "platform",
    )
    assert body["next_step"]["due_at"]
    [event] = await desk.published(body["case_id"])
    assert isinstance(event, CaseOpened)
    assert (event.case_number, event.channel, event.opened_by.kind) == (body["case_number"], Channel.SELF_SERVICE, "customer")
    assert event.order.number == number
    assert event.requested_at == event.opened_at


async def test_the_customers_words_stay_here_and_their_hazards_travel(desk: Desk) -> None:
    """R-PRI-07."""
    number = await desk.an_order()
    words = "插上电源就冒烟了, I got an electric shock. Call Ann on 07911 123456"

    answer = await desk.apply(an_application(number, scene="quality.defect", description=words))

    [event] = await desk.published(answer.json()["case_id"])
    assert isinstance(event, CaseOpened)
    assert set(event.hazard_hints) == {"smoke", "electric_shock"}
    assert event.reason_given
    assert "Ann" not in event.model_dump_json()
    seen = await desk.look(answer.json()["case_id"])
    assert seen["texts"][0]["body"] == words
    assert seen["texts"][0]["text_id"] == event.text_id
    assert (await desk.look(answer.json()["case_id"], desk.staff(Role.WAREHOUSE_SUPERVISOR)))["texts"] == []


async def test_the_same_key_gives_the_same_case_and_another_body_is_refused(desk: Desk) -> None:
    """R-INT-06."""
    number, key = await desk.an_order(), uuid4().hex

    answers = await asyncio.gather(*(desk.apply(an_application(number), key=key) for _ in range(5)))
    other = await desk.apply(an_application(number, quantity=2), key=key)
    missing = await desk.http.post("/v1/cases", json=an_application(number), headers=desk.merchant())

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert is_problem(other, 422, "idempotency_key_reused")
    assert is_problem(missing, 400, "idempotency_key_required")
    assert len(await desk.published(answers[0].json()["case_id"])) == 1


async def test_a_second_application_for_the_line_and_group_is_the_first_case(desk: Desk) -> None:
    """R-INT-05."""
    number = await desk.an_order()
    first = await desk.a_case(number)

    second = await desk.apply(an_application(number, scene="return.over_window", description="please hurry"))

    assert (second.status_code, second.json()["duplicate"], second.json()["case_number"]) == (200, True, first["case_number"])
    assert [text["body"] for text in (await desk.look(first["case_id"]))["texts"]] == ["please hurry"]
    assert len(await desk.published(first["case_id"])) == 1


async def test_another_scene_group_on_an_open_line_is_refused_and_linked(desk: Desk) -> None:
    """R-INT-05."""
    number = await desk.an_order()
    first = await desk.a_case(number)

    other = await desk.apply(an_application(number, scene="quality.defect", description="a crack"))
    elsewhere = await desk.apply(an_application(number, line="2", scene="quality.defect", description="a crack"))

    assert is_problem(other, 409, "case_already_open")
    assert first["case_number"] in other.json()["detail"]
    assert (await desk.look(first["case_id"]))["linked_scenes"] == ["quality.defect"]
    assert elsewhere.status_code == 202


async def test_lines_of_which_some_are_open_are_refused_as_a_whole(desk: Desk) -> None:
    number = await desk.an_order()
    await desk.a_case(number)

    both = await desk.apply(an_application(number) | {"lines": [{"line_id": "1", "quantity": 1}, {"line_id": "2", "quantity": 1}]})

    assert is_problem(both, 409, "lines_partly_open")


async def test_only_delivered_units_that_nobody_has_claimed_can_be_claimed(desk: Desk) -> None:
    """R-INT-07."""
    number = await desk.an_order()
    undelivered = await desk.an_order(delivered=False)

    many = await desk.apply(an_application(number, quantity=4))
    unknown = await desk.apply(an_application(number, line="9"))
    twice = await desk.apply(an_application(number) | {"lines": [{"line_id": "1", "quantity": 1}] * 2})
    none = await desk.apply(an_application(number, quantity=0))
    too_early = await desk.apply(an_application(undelivered))

    assert is_problem(many, 422, "invalid_lines")
    assert many.json()["errors"] == [{"pointer": "/lines/0/quantity", "detail": "4 claimed, but 3 can be: 3 delivered, 0 claimed before"}]
    assert is_problem(unknown, 422, "invalid_lines")
    assert is_problem(twice, 422, "invalid_lines")
    assert is_problem(none, 422, "invalid_request")
    assert is_problem(too_early, 422, "invalid_lines")


async def test_two_applications_at_once_for_the_same_line_open_one_case(desk: Desk) -> None:
    number = await desk.an_order()

    answers = await asyncio.gather(*(desk.apply(an_application(number, quantity=3)) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [202]
    assert len({answer.json()["case_id"] for answer in answers}) == 1


async def test_an_unknown_or_foreign_order_is_not_found_and_the_answer_says_how_to_send_it(desk: Desk) -> None:
    foreign = await desk.an_order(merchant_id="other-shop")
    own = await desk.an_order()

    unknown = await desk.apply(an_application(a_number()))
    of_another_shop = await desk.apply(an_application(foreign))
    of_another_customer = await desk.apply(an_application(own), await desk.customer("somebody-else"))

    for answer in (unknown, of_another_shop, of_another_customer):
        assert is_problem(answer, 404, "order_not_found")
        assert "PUT /v1/orders" in answer.json()["detail"]


async def test_malformed_json_and_unknown_fields_are_told_apart(desk: Desk) -> None:
    headers = {**desk.merchant(), "Idempotency-Key": "k", "Content-Type": "application/json"}

    broken = await desk.http.post("/v1/cases", content=b'{"order_number": "1",', headers=headers)
    misspelt = await desk.apply(an_application("1", wanted_remdey="exchange"))
    scene = await desk.apply(an_application("1", scene="return.whatever"))
    consent = await desk.apply(an_application("1", accept_if_offered=True))

    assert is_problem(broken, 400, "malformed_json")
    assert is_problem(misspelt, 422, "invalid_request")
    assert misspelt.json()["errors"][0]["pointer"] == "/wanted_remdey"
    assert is_problem(scene, 422, "invalid_request")
    assert is_problem(consent, 422, "invalid_request")


async def test_characters_and_moments_that_cannot_be_stored_are_refused(desk: Desk) -> None:
    number = await desk.an_order()
    nul = await desk.apply(an_application(number, description="a\x00b"))
    in_an_order = await desk.http.put(
        "/v1/orders/n", json=a_snapshot("n", lines=1) | {"lines": [_a_line("Mug\x00")]}, headers=desk.merchant()
    )
    in_a_path = await desk.http.get("/v1/cases?order_number=%00", headers=desk.merchant())
    early = await desk.apply(an_application(number, channel="import", requested_at="0001-01-01T00:00:00+05:00"))

    for answer in (nul, in_an_order, in_a_path):
        assert is_problem(answer, 422, "invalid_text")
    assert is_problem(early, 422, "invalid_request")


def _a_line(name: str) -> Json:
    return {"line_id": "1", "sku": "1", "name": name, "quantity": 6, "amount_minor": 1}


async def test_a_merchant_that_is_not_configured_is_not_found(desk: Desk) -> None:
    everywhere = desk.staff(merchants=["*"])

    assert is_problem(await desk.apply(an_application("1", merchant_id="nobody"), everywhere), 404, "merchant_not_found")
    assert is_problem(await desk.apply(an_application("1", merchant_id="other-shop")), 404, "merchant_not_found")


async def test_a_description_is_required_where_something_happened(desk: Desk) -> None:
    """R-INT-03."""
    number = await desk.an_order()

    assert is_problem(await desk.apply(an_application(number, scene="logistics.damage")), 422, "description_required")


async def test_requested_at_is_for_back_fills_only(desk: Desk) -> None:
    number, live = await desk.an_order(), await desk.an_order(merchant_id="live-shop")
    past: Json = {"channel": "import", "requested_at": "2026-01-05T10:00:00Z"}

    imported = await desk.apply(an_application(number, scene="quality.defect", **past))
    by_customer = await desk.apply(an_application(number, line="2", **past), await desk.customer(f"customer-of-{number}"))
    without_channel = await desk.apply(an_application(number, line="2", requested_at="2026-01-05T10:00:00Z"))
    in_live_mode = await desk.apply(an_application(live, **past), desk.merchant("live-shop"))

    assert imported.status_code == 202
    [event] = await desk.published(imported.json()["case_id"])
    assert isinstance(event, CaseOpened)
    assert event.requested_at.isoformat() == "2026-01-05T10:00:00+00:00"
    assert event.opened_at > event.requested_at
    for answer in (by_customer, without_channel, in_live_mode):
        assert is_problem(answer, 403, "import_not_allowed")


async def test_staff_open_cases_for_customers_in_their_role(desk: Desk) -> None:
    number = await desk.an_order()

    opened = await desk.apply(an_application(number, channel="chat"), desk.staff(Role.SUPERVISOR))
    by_warehouse = await desk.apply(an_application(number, line="2"), desk.staff(Role.WAREHOUSE_SUPERVISOR))
    elsewhere = await desk.apply(an_application(number, line="2"), desk.staff(merchants=["other-shop"]))
    of_two = await desk.apply(an_application(number, line="2"), desk.staff(merchants=["other-shop", "demo-shop"]))

    assert opened.status_code == 202
    [event] = await desk.published(opened.json()["case_id"])
    assert isinstance(event, CaseOpened)
    assert event.opened_by.staff is not None
    assert (event.opened_by.staff.staff_id, event.opened_by.staff.role, event.channel) == ("staff-7", "supervisor", Channel.CHAT)
    assert is_problem(by_warehouse, 403, "not_allowed")
    assert is_problem(elsewhere, 404, "order_not_found")
    assert is_problem(of_two, 422, "merchant_required")


async def test_the_fourth_application_without_success_needs_staff(desk: Desk) -> None:
    """R-CASE-06."""
    number = await desk.an_order()
    for _ in range(3):
        case = await desk.a_case(number)
        await desk.tell(an_end(case, CaseOutcome.WITHDRAWN, status=CaseStatus.CANCELLED))

    fourth = await desk.apply(an_application(number))
    by_staff = await desk.apply(an_application(number), desk.staff())

    assert is_problem(fourth, 409, "reapply_limit")
    assert by_staff.status_code == 202
    [event] = await desk.published(by_staff.json()["case_id"])
    assert isinstance(event, CaseOpened)
    assert event.application_number == 4


async def test_case_numbers_run_on_without_gaps_also_past_refused_applications(desk: Desk) -> None:
    first = await desk.a_case()
    await desk.apply(an_application(a_number()))
    second = await desk.a_case()

    assert int(second["case_number"].partition("-")[2]) == int(first["case_number"].partition("-")[2]) + 1
