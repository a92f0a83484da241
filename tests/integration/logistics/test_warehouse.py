"""The warehouse receives, also without a label, and inspects once (R-RTN-03)."""

import asyncio
import io
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from contracts.decision_facts import AffectedUnits
from contracts.identifiers import MerchantId
from contracts.shipment_v1 import InspectionResult, ReturnInspected, ReturnLabelCreated, ReturnReceived
from tests.integration.logistics.world import MERCHANT, Story, World, until

pytestmark = pytest.mark.engines


async def authorised(world: World, **changes: Any) -> Story:
    story = Story(**changes)
    await world.tell(story.authorised())
    await world.heard(story, ReturnLabelCreated)
    return story


async def received(world: World, **changes: Any) -> Story:
    story = await authorised(world, **changes)
    answer = await world.receive(rma_id=str(story.rma_id))
    assert answer.status_code == 201, answer.text
    return story


async def test_a_parcel_handed_over_in_person_is_received_without_any_scan(world: World) -> None:
    story = await authorised(world)
    answer = await world.receive(case_number=story.case_number)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert answer.headers["location"] == f"/v1/receipts/{receipt['receipt_id']}"
    assert (receipt["state"], receipt["rma_id"]) == ("assigned", str(story.rma_id))
    event = await world.heard(story, ReturnReceived)
    assert (str(event.parcel_id), event.waybill) == (receipt["receipt_id"], None)
    assert world.kinds(story) == ["ReturnLabelCreated", "ReturnReceived"]

    async def cancelled() -> bool:
        return [booking["status"] for booking in world.bookings(story.rma_id)] == ["cancelled"]

    await until(cancelled, "unused label given back")


async def test_the_same_request_again_gets_the_same_answer_and_another_one_is_refused(world: World) -> None:
    story, key = await authorised(world), uuid4().hex
    answers = await asyncio.gather(*(world.receive(key, rma_id=str(story.rma_id)) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert (await world.receive(key, case_number=story.case_number)).json()["code"] == "idempotency_key_reused"
    assert (await world.receive(rma_id=str(story.rma_id))).json()["code"] == "already_received"
    no_key = await world.staff["warehouse_supervisor"].post("/v1/receipts", json={"rma_id": str(story.rma_id)})
    assert no_key.json()["code"] == "idempotency_key_required"
    await world.heard(story, ReturnReceived)


async def test_an_unknown_parcel_is_recorded_and_assigned_later(world: World) -> None:
    story = await authorised(world)
    assert (await world.receive(note="blue box")).json()["code"] == "merchant_required"
    answer = await world.receive(merchant_id=MERCHANT, waybill="UNKNOWN-1", note="blue box, no label")
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert (receipt["state"], receipt["rma_id"]) == ("unidentified", None)
    listed = await world.get("/v1/receipts?state=unidentified")
    assert receipt["receipt_id"] in {item["receipt_id"] for item in listed["items"]}
    path = f"/v1/receipts/{receipt['receipt_id']}/assignment"
    supervisor = world.staff["warehouse_supervisor"]
    assert (await supervisor.post(path, json={})).status_code == 422
    assert (await supervisor.post(path, json={"case_number": "C0"})).json()["code"] == "return_not_found"
    assigned = await supervisor.post(path, json={"case_number": story.case_number})
    assert assigned.json()["state"] == "assigned"
    event = await world.heard(story, ReturnReceived)
    assert str(event.parcel_id) == receipt["receipt_id"]
    assert event.received_at.isoformat().replace("+00:00", "Z") == receipt["received_at"]
    assert (await supervisor.post(path, json={"rma_id": str(story.rma_id)})).json()["code"] == "already_assigned"


async def test_names_of_two_returns_on_one_parcel_are_refused(world: World) -> None:
    first, second = await authorised(world), await authorised(world)
    answer = await world.receive(rma_id=str(first.rma_id), case_number=second.case_number)
    assert answer.json()["code"] == "names_disagree"
    assert (await world.receive(rma_id=str(uuid4()))).json()["code"] == "return_not_found"


async def test_a_match_is_published_and_stands(world: World) -> None:
    story, key = await received(world), uuid4().hex
    answer = await world.inspect(story, key, result="match")
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "inspected"
    event = await world.heard(story, ReturnInspected)
    assert event.result is InspectionResult.MATCH
    assert [(units.line_id, units.expected, units.accepted) for units in event.units] == [("1", 2, 2)]
    assert event.inspected_by == "warehouse_supervisor-1"
    assert (await world.inspect(story, key, result="match")).text == answer.text
    assert (await world.inspect(story, result="match")).json()["code"] == "already_inspected"


async def test_inspections_that_contradict_themselves_are_refused_with_the_place(world: World) -> None:
    story = await received(world, units=(AffectedUnits(line_id="1", quantity=2), AffectedUnits(line_id="2", quantity=1)))
    wrong: list[tuple[str, list[dict[str, Any]] | None]] = [
        ("match", [{"line_id": "1", "accepted": 1}, {"line_id": "2", "accepted": 1}]),
        ("short_quantity", [{"line_id": "1", "accepted": 2}, {"line_id": "2", "accepted": 1}]),
        ("mismatch_item", None),
        ("short_quantity", [{"line_id": "1", "accepted": 3}]),
    ]
    for result, units in wrong:
        answer = await world.inspect(story, result=result, units=units)
        assert (answer.status_code, answer.json()["code"]) == (422, "inspection_inconsistent")
        assert answer.json()["errors"]
    assert (await world.inspect(story, result="nice")).status_code == 422
    right = await world.inspect(story, result="short_quantity", units=[{"line_id": "2", "accepted": 0}, {"line_id": "1", "accepted": 2}])
    assert right.status_code == 201
    event = await world.heard(story, ReturnInspected)
    assert {units.line_id: units.accepted for units in event.units} == {"1": 2, "2": 0}


async def test_nothing_is_inspected_that_has_not_arrived(world: World) -> None:
    story = await authorised(world)
    assert (await world.inspect(story, result="match")).json()["code"] == "not_received"


async def test_of_two_inspectors_at_once_one_is_refused(world: World) -> None:
    story = await received(world)
    answers = await asyncio.gather(
        world.inspect(story, result="match"),
        world.inspect(story, result="mismatch_condition", units=[{"line_id": "1", "accepted": 0}], role="qa_manager"),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    await world.heard(story, ReturnInspected)


async def test_photos_are_kept_and_named_in_the_event(world: World) -> None:
    story = await received(world)
    out = io.BytesIO()
    Image.new("RGB", (6, 6), "red").save(out, format="JPEG")
    inspector, path = world.staff["qa_manager"], f"/v1/returns/{story.rma_id}/photos"
    photo = await inspector.post(path, content=out.getvalue())
    assert photo.status_code == 201, photo.text
    assert (await inspector.post(path, content=out.getvalue())).json() == photo.json()
    assert (await inspector.post(path, content=b"GIF89a, they said")).json()["code"] == "not_an_image"
    photo_id = photo.json()["photo_id"]
    shown = await inspector.get(f"/v1/photos/{photo_id}")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    units = [{"line_id": "1", "accepted": 1}]
    foreign = await world.inspect(story, result="mismatch_condition", units=units, photo_ids=[str(uuid4())])
    assert foreign.json()["errors"][0]["pointer"] == "/photo_ids/0"
    assert (await world.inspect(story, result="mismatch_condition", units=units)).status_code == 201
    assert (await world.heard(story, ReturnInspected)).photo_ids == (photo_id,)
    assert (await inspector.post(path, content=out.getvalue())).json()["code"] == "already_inspected"


@pytest.mark.parametrize(
    ("role", "receive", "inspect", "read"),
    [
        ("warehouse_supervisor", 201, 201, 200),
        ("agent", 201, 403, 200),
        ("qa_manager", 403, 201, 200),
        ("supervisor", 403, 403, 200),
        ("finance", 403, 403, 403),
    ],
)
async def test_roles_do_what_the_rules_give_them(world: World, role: str, receive: int, inspect: int, read: int) -> None:
    story = await authorised(world)
    assert (await world.receive(rma_id=str(story.rma_id), role=role)).status_code == receive
    if receive != 201:
        assert (await world.receive(rma_id=str(story.rma_id))).status_code == 201
    assert (await world.inspect(story, result="match", role=role)).status_code == inspect
    assert (await world.staff[role].get(f"/v1/returns/{story.rma_id}")).status_code == read
    assert (await world.staff[role].get("/v1/returns")).status_code == read


async def test_another_merchants_return_is_not_there(world: World) -> None:
    story = Story(merchant_id=MerchantId("logi-other"))
    await world.tell(story.authorised())
    await world.heard(story, ReturnLabelCreated)
    assert (await world.staff["warehouse_supervisor"].get(f"/v1/returns/{story.rma_id}")).status_code == 404
    assert (await world.staff["warehouse_supervisor"].get(f"/v1/returns/{story.rma_id}/label")).status_code == 404
    assert (await world.receive(rma_id=str(story.rma_id))).json()["code"] == "return_not_found"
    assert (await world.inspect(story, result="match")).status_code == 404
    assert (await world.staff["agent"].get("/v1/returns?merchant_id=logi-other")).json()["code"] == "merchant_not_found"


async def test_returns_are_found_by_state_waybill_and_case_and_paged(world: World) -> None:
    stories = [await authorised(world) for _ in range(3)]
    waybill = world.bookings(stories[0].rma_id)[0]["waybill"]
    for query in (f"waybill={waybill}", f"case_number={stories[0].case_number}", f"state=labelled&waybill={waybill}"):
        found = await world.get(f"/v1/returns?{query}")
        assert [item["rma_id"] for item in found["items"]] == [str(stories[0].rma_id)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await world.get(f"/v1/returns?limit=2&cursor={cursor}" if cursor else "/v1/returns?limit=2")
        seen += [item["rma_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen))
    assert {str(story.rma_id) for story in stories} <= set(seen)
    assert (await world.staff["agent"].get("/v1/returns?cursor=nonsense")).json()["code"] == "invalid_cursor"
