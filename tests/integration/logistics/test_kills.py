"""Nothing is booked twice and nothing is lost, whatever dies: the service, its answers, the carrier."""

import asyncio

import pytest

from contracts.shipment_v1 import ReshipmentShipped, ReturnInTransit, ReturnLabelCreated
from tests.integration.logistics.service import HoldingProxy
from tests.integration.logistics.world import Story, World, until

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def changes(proxy: HoldingProxy) -> dict[str, str]:
    return {"CARRIER_URL": proxy.url, "CARRIER_TIMEOUT_SECONDS": "5", "JOB_LEASE_SECONDS": "2"}


async def label_of(world: World, story: Story) -> str:
    label = await world.heard(story, ReturnLabelCreated)
    assert [booking["waybill"] for booking in world.bookings(story.rma_id)] == [label.waybill]
    return label.waybill


async def test_a_service_killed_between_the_booking_and_its_answer_finds_the_booking(world: World, proxy: HoldingProxy) -> None:
    back, out = Story(), Story()
    await world.tell(out.contact(world.sealer))
    proxy.holding = True
    await world.tell(back.authorised())
    assert await asyncio.to_thread(proxy.held.wait, 20)
    proxy.held.clear()
    await world.tell(out.reshipment())
    assert await asyncio.to_thread(proxy.held.wait, 20)
    world.service.kill()
    proxy.holding = False
    assert len(world.bookings(back.rma_id)) == len(world.bookings(out.reship_id)) == 1
    world.service.start()
    await label_of(world, back)
    booked = await world.shipment_in(out.reship_id, "booked")
    assert [booking["waybill"] for booking in world.bookings(out.reship_id)] == [booked["waybill"]]
    assert {booking["idempotency_key"] for booking in world.bookings(back.rma_id)} == {str(back.rma_id)}


async def test_answers_that_are_dropped_book_nothing_twice(world: World) -> None:
    world.faults(drop_answer_rate=1)
    stories = [Story() for _ in range(5)]
    for story in stories:
        await world.tell(story.authorised())
    waybills = {await label_of(world, story) for story in stories}
    assert len(waybills) == 5


async def test_a_carrier_that_fails_is_asked_until_it_answers(world: World) -> None:
    world.faults(error_rate=1)
    stories = [Story() for _ in range(4)]
    for story in stories:
        await world.tell(story.authorised())

    async def all_failed_twice() -> bool:
        attempts = "SELECT count(*) FROM jobs WHERE kind = 'return' AND subject = ANY($1) AND attempts >= 2 AND last_error IS NOT NULL"
        return bool(await world.database.fetchval(attempts, [story.rma_id for story in stories]) == len(stories))

    await until(all_failed_twice, "every booking failed twice", 40)
    world.faults(drop_answer_rate=0.5)
    for story in stories:
        await world.heard(story, ReturnLabelCreated)
    world.faults()
    for story in stories:
        await label_of(world, story)


async def test_a_service_that_was_down_takes_up_what_it_missed(world: World) -> None:
    seen, missed = Story(), Story()
    await world.tell(seen.authorised())
    waybill = await label_of(world, seen)
    world.service.kill()
    world.scan(waybill, "handed_in")
    await world.tell(missed.authorised())
    await world.tell(missed.contact(world.sealer))
    await world.tell(missed.reshipment())
    world.service.start()
    await world.heard(seen, ReturnInTransit)
    await label_of(world, missed)
    booked = await world.shipment_in(missed.reship_id, "booked")
    world.scan(booked["waybill"], "handed_in")
    await world.heard(missed, ReshipmentShipped)


async def test_a_kill_in_the_middle_of_many_returns_leaves_each_with_one_label(world: World) -> None:
    stories = [Story() for _ in range(12)]
    for story in stories[:6]:
        await world.tell(story.authorised())
    await until_some_booked(world, stories)
    world.service.kill()
    for story in stories[6:]:
        await world.tell(story.authorised())
    world.service.start()
    for story in stories:
        await label_of(world, story)


async def until_some_booked(world: World, stories: list[Story]) -> None:
    async def some() -> bool:
        return any(world.bookings(story.rma_id) for story in stories)

    await until(some, "a booking")


async def test_a_told_stop_is_clean(world: World) -> None:
    assert world.service.stop() == 0
    world.service.start()
