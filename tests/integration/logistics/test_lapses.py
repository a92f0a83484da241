"""What happens when nobody says anything: parcels nobody sees, webhooks that never come, addresses that nobody gives (R-RTN-06, R-RSH-07)."""

import pytest

from contracts.shipment_v1 import ReshipmentDelivered, ReshipmentFailed, ReturnInTransit, ReturnLabelCreated, ReturnLost
from services.logistics.domain.shipments import take_back_id
from tests.integration.logistics.world import Story, World, until

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def changes() -> dict[str, str]:
    return {"LOST_AFTER": "PT3S", "ADDRESS_WAIT": "PT1S", "TRACK_EVERY": "PT0.3S"}


async def test_a_parcel_nobody_scans_for_too_long_is_lost(world: World) -> None:
    story = Story()
    await world.tell(story.authorised())
    label = await world.heard(story, ReturnLabelCreated)
    world.scan(label.waybill, "handed_in")
    lost = await world.heard(story, ReturnLost)
    assert (lost.waybill, lost.merchant_arranged) == (label.waybill, True)
    await world.return_in(story, "lost")
    world.scan(label.waybill, "delivered")
    await world.return_in(story, "in_transit")
    assert world.kinds(story) == ["ReturnLabelCreated", "ReturnInTransit", "ReturnLost"]


async def test_a_parcel_at_the_warehouses_door_is_not_lost(world: World) -> None:
    story, marker = Story(), Story()
    await world.tell(story.authorised())
    label = await world.heard(story, ReturnLabelCreated)
    world.scan(label.waybill, "handed_in", "delivered")
    await world.heard(story, ReturnInTransit)
    await world.tell(marker.authorised())
    other = await world.heard(marker, ReturnLabelCreated)
    world.scan(other.waybill, "handed_in")
    await world.heard(marker, ReturnLost)
    assert world.kinds(story) == ["ReturnLabelCreated", "ReturnInTransit"]


async def test_an_own_parcel_that_nobody_can_track_is_not_called_lost(world: World) -> None:
    story, marker = Story(), Story()
    await world.tell(story.authorised())
    await world.heard(story, ReturnLabelCreated)
    await world.tell(story.own_parcel("№ 7", carrier="my cousin"))
    await world.heard(story, ReturnInTransit)

    async def told() -> bool:
        tasks = await world.get("/v1/tasks?state=open&kind=tracking_refused")
        return str(story.rma_id) in {item["subject"] for item in tasks["items"]}

    await until(told, "task tracking_refused")
    await world.tell(marker.authorised())
    other = await world.heard(marker, ReturnLabelCreated)
    world.scan(other.waybill, "handed_in")
    await world.heard(marker, ReturnLost)
    assert "ReturnLost" not in world.kinds(story)


async def test_webhooks_that_never_come_are_made_up_for_by_look_ups(world: World) -> None:
    world.faults(webhook_drop_rate=1)
    story = Story()
    await world.tell(story.contact(world.sealer))
    await world.tell(story.authorised())
    await world.tell(story.reshipment())
    label = await world.heard(story, ReturnLabelCreated)
    booked = await world.shipment_in(story.reship_id, "booked")
    world.scan(label.waybill, "handed_in")
    world.scan(booked["waybill"], "handed_in", "delivered")
    await world.heard(story, ReturnInTransit)
    await world.heard(story, ReshipmentDelivered)


async def test_without_an_address_the_reshipment_fails_after_the_wait(world: World) -> None:
    story = Story()
    await world.tell(story.reshipment())
    await world.shipment_in(story.reship_id, "waiting_for_address")
    assert (await world.heard(story, ReshipmentFailed)).reason == "no_address"
    await world.shipment_in(story.reship_id, "failed")


async def test_goods_taken_back_without_an_address_stay_with_a_task_that_can_be_tried_again(world: World) -> None:
    story = Story()
    await world.tell(story.authorised())
    await world.heard(story, ReturnLabelCreated)
    assert (await world.receive(rma_id=str(story.rma_id))).status_code == 201
    await world.tell(story.closed("taken_back", story.units))
    shipment_id = take_back_id(story.rma_id)
    await world.shipment_in(shipment_id, "failed")
    tasks = await world.get("/v1/tasks?state=open&kind=no_address&limit=200")
    (task_id,) = [item["task_id"] for item in tasks["items"] if item["subject"] == str(shipment_id)]
    await world.tell(story.contact(world.sealer))

    async def kept() -> bool:
        return bool(await world.database.fetchval("SELECT true FROM contacts WHERE customer_ref = $1", story.customer_ref))

    await until(kept, "contact kept")
    assert (await world.staff["warehouse_supervisor"].post(f"/v1/tasks/{task_id}/retry")).status_code == 200
    await world.shipment_in(shipment_id, "booked")
