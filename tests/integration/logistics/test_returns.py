"""A return from its authorisation to the warehouse: label, scans, the customer's own parcel (R-RTN-01, R-RTN-02, R-RTN-06)."""

from urllib.parse import urlsplit

import httpx2
import pytest

from contracts.shipment_v1 import ReturnInTransit, ReturnLabelCreated, ReturnLost, ReturnReceived
from services.kit import webhooks
from tests.integration.logistics.world import LIVE_MERCHANT, Story, World, until
from tests.support.sandbox import WEBHOOK_SECRET
from tests.unit.logistics.label_reading import barcode_of, text_of

pytestmark = pytest.mark.engines
HOOK = "/v1/carriers/sandbox/webhooks"


async def labelled(world: World, story: Story | None = None) -> tuple[Story, ReturnLabelCreated]:
    story = story or Story()
    await world.tell(story.authorised())
    return story, await world.heard(story, ReturnLabelCreated)


async def test_an_authorised_return_gets_one_label_however_often_it_is_told(world: World) -> None:
    story = Story()
    await world.tell(story.authorised(), times=3)
    label = await world.heard(story, ReturnLabelCreated)
    bookings = world.bookings(story.rma_id)
    assert [(booking["waybill"], booking["idempotency_key"], booking["kind"]) for booking in bookings] == [
        (label.waybill, str(story.rma_id), "return")
    ]
    assert world.kinds(story) == ["ReturnLabelCreated"]


async def test_the_link_in_the_event_opens_the_label_without_any_other_token(world: World) -> None:
    story, label = await labelled(world)
    async with httpx2.AsyncClient(trust_env=False) as stranger:
        answer = await stranger.get(label.label_url)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        assert barcode_of(answer.content) == label.waybill
        assert f"Case: {story.case_number}" in text_of(answer.content)
        bare = label.label_url.partition("?")[0]
        assert (await stranger.get(bare)).status_code == 401
        assert (await stranger.get(f"{bare}?token=1.x")).json()["code"] == "label_link_invalid"
        other = (await labelled(world))[1].label_url
        swapped = f"{bare}?{urlsplit(other).query}"
        assert (await stranger.get(swapped)).status_code == 401


async def test_staff_read_the_label_with_their_token_and_in_the_customers_language(world: World) -> None:
    story, label = await labelled(world, Story(locale="zh-CN"))
    answer = await world.staff["agent"].get(f"/v1/returns/{story.rma_id}/label")
    assert answer.status_code == 200
    assert "退货" in text_of(answer.content)
    assert barcode_of(answer.content) == label.waybill
    assert (await world.staff["finance"].get(f"/v1/returns/{story.rma_id}/label")).status_code == 403


async def test_the_first_scan_puts_the_return_in_transit(world: World) -> None:
    story, label = await labelled(world)
    world.scan(label.waybill, "handed_in", "in_transit", "out_for_delivery", "delivered")
    moved = await world.heard(story, ReturnInTransit)
    assert (moved.carrier, moved.waybill) == ("sandbox", label.waybill)
    await world.return_in(story, "in_transit")
    assert world.kinds(story) == ["ReturnLabelCreated", "ReturnInTransit"]


async def test_duplicate_and_reordered_webhooks_are_harmless(world: World) -> None:
    world.faults(webhook_duplicate_rate=1, webhook_reorder=True, webhook_reorder_window_ms=300)
    stories = [await labelled(world) for _ in range(3)]
    for _story, label in stories:
        world.scan(label.waybill, "handed_in", "in_transit", "delivered")

    async def all_told() -> bool:
        hooks = world.carrier_api.get("/admin/webhooks", params={"state": "pending"}).json()
        return not hooks["data"]

    await until(all_told, "webhooks sent")
    for story, _label in stories:
        await world.return_in(story, "in_transit")
        assert world.kinds(story) == ["ReturnLabelCreated", "ReturnInTransit"]
        count = await world.database.fetchval(
            "SELECT count(*) FROM scans s JOIN parcels p USING (carrier, waybill) WHERE p.rma_id = $1", story.rma_id
        )
        assert count == 3


async def test_a_scan_that_comes_before_its_booking_is_known_waits_for_it(world: World) -> None:
    world.carrier_api.put("/admin/behaviour", json={"auto_progress": True, "auto_hand_in": True, "step_ms": 1}).raise_for_status()
    story, _label = await labelled(world)
    await world.heard(story, ReturnInTransit)
    assert world.kinds(story) == ["ReturnLabelCreated", "ReturnInTransit"]


async def test_a_parcel_the_carrier_lost_is_reported_once_and_may_still_arrive(world: World) -> None:
    story, label = await labelled(world)
    world.scan(label.waybill, "handed_in", "lost")
    lost = await world.heard(story, ReturnLost)
    assert lost.merchant_arranged
    await world.return_in(story, "lost")
    world.scan(label.waybill, "in_transit")
    await world.return_in(story, "in_transit")
    assert (await world.receive(waybill=label.waybill)).status_code == 201
    await world.heard(story, ReturnReceived)
    assert world.kinds(story) == ["ReturnLabelCreated", "ReturnInTransit", "ReturnLost", "ReturnReceived"]


async def test_the_customers_own_parcel_counts_as_handed_in_and_gives_the_label_back(world: World) -> None:
    story, label = await labelled(world)
    await world.tell(story.own_parcel("RM123456785GB"))
    moved = await world.heard(story, ReturnInTransit)
    assert (moved.carrier, moved.waybill) == ("Royal Mail", "RM123456785GB")

    async def followed() -> bool:
        statuses = {booking["waybill"]: booking["status"] for booking in world.bookings(story.rma_id)}
        return statuses == {label.waybill: "cancelled", "RM123456785GB": "booked"}

    await until(followed, "own parcel followed, label cancelled")
    world.scan("RM123456785GB", "handed_in", "lost")
    assert not (await world.heard(story, ReturnLost)).merchant_arranged
    assert (await world.receive(waybill="RM123456785GB")).json()["rma_id"] == str(story.rma_id)


async def test_the_customers_own_waybill_may_be_heard_of_before_the_return(world: World) -> None:
    story = Story()
    await world.tell(story.own_parcel("RM200000005GB"))

    async def kept() -> bool:
        return bool(await world.database.fetchval("SELECT true FROM declared_parcels WHERE case_id = $1", story.case_id))

    await until(kept, "waybill kept")
    await world.tell(story.authorised())
    await world.heard(story, ReturnInTransit)
    shown = await world.return_in(story, "in_transit")
    assert (shown["own_parcel"], shown["waybill"]) == (True, "RM200000005GB")
    assert "ReturnLabelCreated" not in world.kinds(story)


async def test_a_return_that_was_never_sent_gives_its_label_back(world: World) -> None:
    story, label = await labelled(world)
    await world.tell(story.closed("not_shipped"))
    await world.return_in(story, "closed")

    async def cancelled() -> bool:
        return [booking["status"] for booking in world.bookings(story.rma_id)] == ["cancelled"]

    await until(cancelled, "label cancelled")
    late = await world.receive(waybill=label.waybill)
    assert late.status_code == 201
    assert (await world.return_in(story, "received"))["closed_result"] == "not_shipped"


async def test_a_live_merchants_parcels_never_reach_the_sandbox(world: World) -> None:
    story = Story(merchant_id=LIVE_MERCHANT)
    await world.tell(story.authorised())

    async def task() -> bool:
        tasks = await world.get(f"/v1/tasks?state=open&merchant_id={LIVE_MERCHANT}")
        return [item["kind"] for item in tasks["items"] if item["subject"] == str(story.rma_id)] == ["no_carrier"]

    await until(task, "task no_carrier")
    assert world.bookings(story.rma_id) == []
    label = await world.staff["agent"].get(f"/v1/returns/{story.rma_id}/label")
    assert label.json()["code"] == "label_not_ready"


async def test_webhooks_with_a_wrong_signature_or_an_old_one_are_refused(world: World) -> None:
    body = b'{"type": "shipment.scanned", "data": {}}'
    wrong = webhooks.sign(webhooks.generate_secret(), "evt_1", body)
    right = webhooks.sign(WEBHOOK_SECRET, "evt_1", body)
    async with httpx2.AsyncClient(base_url=world.service.url, trust_env=False) as sender:
        assert (await sender.post(HOOK, content=body, headers=wrong)).json()["code"] == "webhook_signature_invalid"
        assert (await sender.post(HOOK, content=body + b" ", headers=right)).status_code == 401
        assert (await sender.post(HOOK, content=body)).status_code == 401
        assert (await sender.post(HOOK, content=body, headers=right)).json()["code"] == "webhook_unreadable"
        assert (await sender.post("/v1/carriers/nobody/webhooks", content=body, headers=right)).status_code == 404
        other = b'{"type": "shipment.weighed"}'
        assert (await sender.post(HOOK, content=other, headers=webhooks.sign(WEBHOOK_SECRET, "evt_2", other))).status_code == 204
