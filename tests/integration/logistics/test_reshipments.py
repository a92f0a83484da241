"""Goods that go out: reserved, addressed, booked, delivered, cancelled (R-RSH-04, R-RSH-05, R-RSH-07, R-CASE-05, R-RTN-05)."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from contracts.decision_facts import AffectedUnits
from contracts.shipment_v1 import ReshipmentDelivered, ReshipmentFailed, ReshipmentShipped, ReturnLabelCreated
from contracts.storefront_v1 import Contact
from services.logistics.domain.shipments import take_back_id
from tests.integration.logistics.world import HOME, MERCHANT, Story, World, until

pytestmark = pytest.mark.engines


async def known_customer(world: World, **changes: Any) -> Story:
    story = Story(**changes)
    await world.tell(story.contact(world.sealer))

    async def kept() -> bool:
        return bool(await world.database.fetchval("SELECT true FROM contacts WHERE customer_ref = $1", story.customer_ref))

    await until(kept, "contact kept")
    return story


async def count_stock(world: World, sku: str, on_hand: int) -> None:
    answer = await world.staff["warehouse_supervisor"].put(f"/v1/stock/{sku}?merchant_id={MERCHANT}", json={"on_hand": on_hand})
    assert answer.status_code == 200, answer.text


async def stock(world: World, sku: str) -> tuple[int, int]:
    found = await world.get(f"/v1/stock/{sku}?merchant_id={MERCHANT}")
    return found["on_hand"], found["reserved"]


async def test_a_reshipment_goes_where_the_customer_lives_and_is_told_when_shipped_and_delivered(world: World) -> None:
    story, sku = await known_customer(world), uuid4().hex
    await count_stock(world, sku, 5)
    await world.tell(story.reshipment({"1": sku}), times=2)
    booked = await world.shipment_in(story.reship_id, "booked")
    assert await stock(world, sku) == (5, 2)
    (booking,) = world.bookings(story.reship_id)
    assert (booking["kind"], booking["idempotency_key"]) == ("outbound", str(story.reship_id))
    assert (booking["to"]["name"], booking["to"]["lines"], booking["to"]["postcode"]) == (
        HOME.name,
        list(HOME.address_lines),
        HOME.postcode,
    )
    assert world.kinds(story) == []
    world.scan(booked["waybill"], "handed_in")
    shipped = await world.heard(story, ReshipmentShipped)
    assert (shipped.reship_id, shipped.waybill) == (story.reship_id, booked["waybill"])
    assert await stock(world, sku) == (3, 0)
    world.scan(booked["waybill"], "delivered")
    delivered = await world.heard(story, ReshipmentDelivered)
    assert delivered.waybill == booked["waybill"]
    assert world.kinds(story) == ["ReshipmentShipped", "ReshipmentDelivered"]


async def test_delivery_seen_first_tells_shipped_before_delivered(world: World) -> None:
    world.carrier_api.put("/admin/behaviour", json={"auto_progress": True, "step_ms": 1}).raise_for_status()
    world.faults(webhook_reorder=True, webhook_reorder_window_ms=200, webhook_duplicate_rate=0.5)
    story = await known_customer(world)
    await world.tell(story.reshipment())
    await world.heard(story, ReshipmentDelivered)
    assert world.kinds(story) == ["ReshipmentShipped", "ReshipmentDelivered"]


async def test_without_stock_the_reshipment_fails_and_promises_nothing(world: World) -> None:
    story, enough, short = await known_customer(world), uuid4().hex, uuid4().hex
    units = (AffectedUnits(line_id="1", quantity=1), AffectedUnits(line_id="2", quantity=3))
    story = story.again(units=units)
    await count_stock(world, enough, 9)
    await count_stock(world, short, 2)
    await world.tell(story.reshipment({"1": enough, "2": short}))
    assert (await world.heard(story, ReshipmentFailed)).reason == "out_of_stock"
    assert await stock(world, enough) == (9, 0)
    assert await stock(world, short) == (2, 0)
    assert world.bookings(story.reship_id) == []


async def test_the_last_units_are_promised_once_however_many_ask(world: World) -> None:
    customer, sku = await known_customer(world), uuid4().hex
    await count_stock(world, sku, 4)
    stories = [customer.again() for _ in range(5)]
    await asyncio.gather(*(world.tell(story.reshipment({"1": sku})) for story in stories))

    async def settled() -> list[str] | None:
        shown = [(await world.staff["agent"].get(f"/v1/shipments/{story.reship_id}")).json().get("state") for story in stories]
        return sorted(shown) if all(state in {"booked", "failed"} for state in shown) else None

    assert await until(settled, "all decided") == ["booked", "booked", "failed", "failed", "failed"]
    assert await stock(world, sku) == (4, 4)


async def test_an_article_without_a_row_is_not_tracked_and_can_always_be_sent(world: World) -> None:
    story = await known_customer(world)
    await world.tell(story.reshipment({"1": uuid4().hex}))
    await world.shipment_in(story.reship_id, "booked")


async def test_a_reshipment_waits_for_an_address_and_goes_on_when_it_comes(world: World) -> None:
    story = Story()
    await world.tell(story.contact(world.sealer, Contact(name="A. Customer", email="a@b.example")))
    await world.tell(story.reshipment())
    waiting = await world.shipment_in(story.reship_id, "waiting_for_address")
    assert waiting["address_due_at"] is not None
    tasks = await world.get("/v1/tasks?state=open&kind=no_address")
    (task,) = [item for item in tasks["items"] if item["subject"] == str(story.reship_id)]
    retry = await world.staff["logistics_dept"].post(f"/v1/tasks/{task['task_id']}/retry")
    assert retry.json()["code"] == "not_retryable"
    await world.tell(story.contact(world.sealer, version=2))
    await world.shipment_in(story.reship_id, "booked")
    done = await world.get("/v1/tasks?state=done&kind=no_address&limit=200")
    assert str(story.reship_id) in {item["subject"] for item in done["items"]}


async def test_an_older_contact_changes_nothing(world: World) -> None:
    story = await known_customer(world)
    await world.tell(story.contact(world.sealer, version=3))
    moved = HOME.model_copy(update={"address_lines": ("2 Old Lane", "York")})
    await world.tell(story.contact(world.sealer, moved, version=2))
    await world.tell(story.contact(world.sealer, version=4))

    async def newest() -> bool:
        return bool(await world.database.fetchval("SELECT contact_version = 4 FROM contacts WHERE customer_ref = $1", story.customer_ref))

    await until(newest, "version 4 kept")
    await world.tell(story.reshipment())
    await world.shipment_in(story.reship_id, "booked")
    assert world.bookings(story.reship_id)[0]["to"]["lines"] == list(HOME.address_lines)


async def test_a_cancellation_before_hand_over_stops_it_and_frees_the_stock(world: World) -> None:
    story, sku = await known_customer(world), uuid4().hex
    await count_stock(world, sku, 2)
    await world.tell(story.reshipment({"1": sku}))
    await world.shipment_in(story.reship_id, "booked")
    await world.tell(story.reshipment_cancelled())
    assert (await world.heard(story, ReshipmentFailed)).reason == "cancelled"
    assert await stock(world, sku) == (2, 0)
    assert [booking["status"] for booking in world.bookings(story.reship_id)] == ["cancelled"]


async def test_a_cancellation_right_after_the_request_leaves_nothing_booked(world: World) -> None:
    stories = [await known_customer(world) for _ in range(5)]
    for story in stories:
        await world.tell(story.reshipment())
        await world.tell(story.reshipment_cancelled())
    for story in stories:
        assert (await world.heard(story, ReshipmentFailed)).reason == "cancelled"
        assert {booking["status"] for booking in world.bookings(story.reship_id)} <= {"cancelled"}


async def test_a_cancellation_after_hand_over_comes_too_late(world: World) -> None:
    story = await known_customer(world)
    await world.tell(story.reshipment())
    booked = await world.shipment_in(story.reship_id, "booked")
    world.faults(webhook_delay_ms=1500)
    world.scan(booked["waybill"], "handed_in")
    await world.tell(story.reshipment_cancelled())
    await world.heard(story, ReshipmentShipped)
    world.faults()
    world.scan(booked["waybill"], "delivered")
    await world.heard(story, ReshipmentDelivered)
    assert world.kinds(story) == ["ReshipmentShipped", "ReshipmentDelivered"]


async def test_a_lost_reshipment_is_told_as_failed(world: World) -> None:
    story = await known_customer(world)
    await world.tell(story.reshipment())
    booked = await world.shipment_in(story.reship_id, "booked")
    world.scan(booked["waybill"], "handed_in", "lost")
    assert (await world.heard(story, ReshipmentFailed)).reason == "lost"


async def test_goods_taken_back_go_out_again(world: World) -> None:
    story = await known_customer(world)
    await world.tell(story.authorised())
    await world.heard(story, ReturnLabelCreated)
    assert (await world.receive(rma_id=str(story.rma_id))).status_code == 201
    assert (await world.inspect(story, result="mismatch_item", units=[{"line_id": "1", "accepted": 0}])).status_code == 201
    await world.tell(story.closed("taken_back", story.units), times=2)
    shipment_id = take_back_id(story.rma_id)
    booked = await world.shipment_in(shipment_id, "booked")
    assert (booked["kind"], booked["rma_id"]) == ("take_back", str(story.rma_id))
    world.scan(booked["waybill"], "handed_in", "delivered")
    await world.shipment_in(shipment_id, "delivered")
    assert world.kinds(story) == ["ReturnLabelCreated", "ReturnReceived", "ReturnInspected"]


async def test_what_the_carrier_refuses_becomes_a_task_and_is_tried_again_under_a_new_key(world: World) -> None:
    story = await known_customer(world)
    world.faults(error_rate=1, error_status=422)
    await world.tell(story.reshipment())
    await world.tell(story.authorised())

    async def refused() -> dict[str, str] | None:
        tasks = await world.get("/v1/tasks?state=open&kind=booking_refused")
        found = {item["subject"]: item["task_id"] for item in tasks["items"] if item["case_number"] == story.case_number}
        return found if len(found) == 2 else None

    tasks = await until(refused, "two tasks")
    world.faults()
    for task_id in tasks.values():
        retried = await world.staff["logistics_dept"].post(f"/v1/tasks/{task_id}/retry")
        assert retried.json()["state"] == "done", retried.text
        assert (await world.staff["logistics_dept"].post(f"/v1/tasks/{task_id}/retry")).json()["code"] == "not_retryable"
    await world.shipment_in(story.reship_id, "booked")
    await world.heard(story, ReturnLabelCreated)
    for subject in (story.reship_id, story.rma_id):
        assert [booking["idempotency_key"] for booking in world.bookings(subject)] == [f"{subject}/2"]


async def test_stock_is_counted_listed_and_forgotten(world: World) -> None:
    supervisor, sku = world.staff["warehouse_supervisor"], uuid4().hex
    assert (await supervisor.put(f"/v1/stock/{sku}", json={"on_hand": 1})).json()["code"] == "merchant_required"
    assert (await supervisor.put(f"/v1/stock/{sku}?merchant_id={MERCHANT}", json={"on_hand": -1})).status_code == 422
    assert (await world.staff["agent"].put(f"/v1/stock/{sku}?merchant_id={MERCHANT}", json={"on_hand": 1})).status_code == 403
    await count_stock(world, sku, 7)
    listed = await world.get(f"/v1/stock?merchant_id={MERCHANT}&limit=200")
    assert {"merchant_id": MERCHANT, "sku": sku, "on_hand": 7, "reserved": 0, "available": 7} in listed["items"]
    assert (await supervisor.delete(f"/v1/stock/{sku}?merchant_id={MERCHANT}")).status_code == 204
    assert (await supervisor.get(f"/v1/stock/{sku}?merchant_id={MERCHANT}")).json()["code"] == "stock_not_found"
