"""Facts of two topics that are taken in at the same time find each other, whichever is first.

An address and the shipment that waits for it (R-RSH-07), the customer's own waybill and the return it belongs to (R-RTN-02).
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from services.kit.clock import utc_now
from services.kit.postgres import Connection, Pool, transaction
from services.kit.sealing import Sealer, generate_sealing_key
from services.logistics.domain.returns import ReturnState
from services.logistics.domain.shipments import ShipmentState
from services.logistics.handlers import contacts, returns, shipments
from tests.integration.logistics.counter import Counter
from tests.integration.logistics.world import Story, until

pytestmark = pytest.mark.engines

SEALER = Sealer.parse(generate_sealing_key("k1"))
WAITERS = """
    SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted
"""
T = TypeVar("T")
Taker = Callable[[Connection, Story], Awaitable[None]]


async def record(conn: Connection, story: Story) -> None:
    await contacts.record(conn, story.contact(SEALER), SEALER)


async def authorise(conn: Connection, story: Story) -> None:
    await returns.authorise(conn, story.authorised(), authorised_at=utc_now(), test=True)


async def declare(conn: Connection, story: Story) -> None:
    await returns.declare_own_parcel(conn, story.own_parcel(f"OWN-{story.case_number}"))


async def taken_in(pool: Pool, take: Taker, story: Story) -> None:
    """What a consumer does with a fact."""
    async with transaction(pool) as conn:
        await take(conn, story)


async def looks_again_at_once(pool: Pool, story: Story) -> bool:
    """What the job does that found no address."""
    async with transaction(pool) as conn:
        again_at = await shipments.await_address(conn, story.reship_id, utc_now() + timedelta(hours=24))
    return again_at is not None and again_at <= utc_now()


async def wanted(counter: Counter) -> Story:
    """A reshipment for a customer of whom nothing is known; its job is done, so that only an address makes it due."""
    story = Story()
    await counter.hear(story.reshipment())
    await counter.pool.execute("UPDATE jobs SET state = 'done' WHERE subject = $1", story.reship_id)
    return story


async def held_up(pool: Pool, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start the work, and come back once it waits for a lock."""
    task = asyncio.create_task(work)

    async def waits() -> bool:
        assert not task.done(), "it did not wait for the other"
        return bool(await pool.fetchval(WAITERS))

    await until(waits, "waits for the other")
    return task


async def state_of(pool: Pool, story: Story) -> str:
    state: str = await pool.fetchval("SELECT state FROM shipments WHERE shipment_id = $1", story.reship_id)
    return state


async def test_an_address_recorded_since_the_look_is_not_waited_for(counter: Counter) -> None:
    story = await wanted(counter)
    await taken_in(counter.pool, record, story)
    assert await looks_again_at_once(counter.pool, story)
    assert await state_of(counter.pool, story) == ShipmentState.REQUESTED


async def test_who_begins_to_wait_waits_for_an_address_that_is_being_recorded(counter: Counter) -> None:
    story = await wanted(counter)
    async with transaction(counter.pool) as conn:
        await record(conn, story)
        looking = await held_up(counter.pool, looks_again_at_once(counter.pool, story))
    assert await looking
    assert await state_of(counter.pool, story) == ShipmentState.REQUESTED


async def test_who_records_an_address_wakes_a_shipment_that_is_beginning_to_wait(counter: Counter) -> None:
    story = await wanted(counter)
    async with transaction(counter.pool) as conn:
        await shipments.await_address(conn, story.reship_id, utc_now() + timedelta(hours=24))
        recording = await held_up(counter.pool, taken_in(counter.pool, record, story))
    await recording
    assert await state_of(counter.pool, story) == ShipmentState.WAITING_FOR_ADDRESS
    assert (
        await counter.count("SELECT count(*) FROM jobs WHERE subject = $1 AND state = 'pending' AND due_at <= now()", story.reship_id) == 1
    )


@pytest.mark.parametrize(("first", "second"), [(authorise, declare), (declare, authorise)])
async def test_an_own_waybill_and_its_return_find_each_other(counter: Counter, first: Taker, second: Taker) -> None:
    story = Story()
    async with transaction(counter.pool) as conn:
        await first(conn, story)
        other = await held_up(counter.pool, taken_in(counter.pool, second, story))
    await other
    row = await counter.pool.fetchrow("SELECT state, waybill FROM returns WHERE rma_id = $1", story.rma_id)
    assert row is not None
    assert tuple(row) == (ReturnState.IN_TRANSIT, f"OWN-{story.case_number}")
    assert await counter.count("SELECT count(*) FROM declared_parcels WHERE case_id = $1", story.case_id) == 0
