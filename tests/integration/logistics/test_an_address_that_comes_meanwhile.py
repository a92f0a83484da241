"""An address that comes while a shipment begins to wait for one is not missed, whichever of the two is first (R-RSH-07)."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from services.kit.clock import utc_now
from services.kit.postgres import Pool, transaction
from services.kit.sealing import Sealer, generate_sealing_key
from services.logistics.domain.shipments import ShipmentState
from services.logistics.handlers import contacts, shipments
from tests.integration.logistics.counter import Counter
from tests.integration.logistics.world import Story, until

pytestmark = pytest.mark.engines

SEALER = Sealer.parse(generate_sealing_key("k1"))
WAITERS = """
    SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted
"""
T = TypeVar("T")


async def wanted(counter: Counter) -> Story:
    """A reshipment for a customer of whom nothing is known, and whose job ran and found nothing to do."""
    story = Story()
    await counter.hear(story.reshipment())
    await counter.pool.execute("UPDATE jobs SET state = 'done' WHERE subject = $1", story.reship_id)
    return story


async def begin_to_wait(pool: Pool, story: Story) -> float | None:
    """What the job does that found no address: gives in how many seconds it looks again."""
    async with transaction(pool) as conn:
        again_at = await shipments.await_address(conn, story.reship_id, utc_now() + timedelta(hours=24))
    return None if again_at is None else (again_at - utc_now()).total_seconds()


async def record(pool: Pool, story: Story) -> None:
    """What the consumer does with the address."""
    async with transaction(pool) as conn:
        await contacts.record(conn, story.contact(SEALER), SEALER)


async def held_up(pool: Pool, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start the work, and come back once it waits for a lock."""
    task = asyncio.create_task(work)

    async def waits() -> bool:
        assert not task.done(), "it did not wait for the other"
        return bool(await pool.fetchval(WAITERS))

    await until(waits, "waits for the other")
    return task


async def state_of(pool: Pool, story: Story) -> tuple[str, str]:
    """How shipment and job stand."""
    state = await pool.fetchval("SELECT state FROM shipments WHERE shipment_id = $1", story.reship_id)
    job = await pool.fetchval("SELECT state FROM jobs WHERE subject = $1 AND due_at <= now()", story.reship_id)
    return state, job


async def test_an_address_recorded_since_the_look_is_not_waited_for(counter: Counter) -> None:
    story = await wanted(counter)
    await record(counter.pool, story)
    again_in = await begin_to_wait(counter.pool, story)
    assert again_in is not None
    assert again_in <= 0
    assert (await state_of(counter.pool, story))[0] == ShipmentState.REQUESTED


async def test_who_begins_to_wait_waits_for_an_address_that_is_being_recorded(counter: Counter) -> None:
    story = await wanted(counter)
    async with transaction(counter.pool) as conn:
        await contacts.record(conn, story.contact(SEALER), SEALER)
        waiting = await held_up(counter.pool, begin_to_wait(counter.pool, story))
    again_in = await waiting
    assert again_in is not None
    assert again_in <= 0
    assert (await state_of(counter.pool, story))[0] == ShipmentState.REQUESTED


async def test_who_records_an_address_wakes_a_shipment_that_is_beginning_to_wait(counter: Counter) -> None:
    story = await wanted(counter)
    async with transaction(counter.pool) as conn:
        await shipments.await_address(conn, story.reship_id, utc_now() + timedelta(hours=24))
        recording = await held_up(counter.pool, record(counter.pool, story))
    await recording
    assert await state_of(counter.pool, story) == (ShipmentState.WAITING_FOR_ADDRESS, "pending")
