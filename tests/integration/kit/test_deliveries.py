"""Pending deliveries on a real PostgreSQL: at least once, in order per key, by whichever process is alive."""

import asyncio
from collections import defaultdict
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from services.kit import deliveries
from services.kit.deliveries import Deliverer, Delivery, NewDelivery
from services.kit.postgres import Pool, transaction
from tests.integration.kit.support import running, until

pytestmark = pytest.mark.engines


async def _add(pool: Pool, key: str, payload: object, *, event_id: UUID | None = None) -> bool:
    async with transaction(pool) as connection:
        return await deliveries.add(connection, NewDelivery(event_id=event_id or uuid4(), key=key, kind="test", payload=payload))


async def _none_pending(pool: Pool) -> bool:
    return not await pool.fetchval("SELECT count(*) FROM delivery WHERE delivered_at IS NULL")


class Recipient:
    """Takes deliveries; remembers them by key."""

    def __init__(self) -> None:
        self.got: dict[str, list[object]] = defaultdict(list)
        self.refusals: dict[str, int] = defaultdict(int)
        self.open = asyncio.Event()
        self.open.set()

    async def deliver(self, delivery: Delivery) -> None:
        await self.open.wait()
        if self.refusals[delivery.key] > 0:
            self.refusals[delivery.key] -= 1
            raise ConnectionRefusedError("not now")
        self.got[delivery.key].append(delivery.payload)


async def test_deliveries_are_made_in_order_per_key_by_several_processes(pool: Pool) -> None:
    recipient = Recipient()
    keys = [f"case/{number}" for number in range(6)]
    async with running(Deliverer(pool, recipient.deliver), Deliverer(pool, recipient.deliver)):
        for step in range(10):
            await asyncio.gather(*(_add(pool, key, {"step": step}) for key in keys))
        await until(lambda: _none_pending(pool))
    assert {key: recipient.got[key] for key in keys} == {key: [{"step": step} for step in range(10)] for key in keys}


async def test_a_repeat_of_an_event_adds_no_second_delivery(pool: Pool) -> None:
    event_id = uuid4()
    assert await _add(pool, "case/1", {}, event_id=event_id)
    assert not await _add(pool, "case/1", {}, event_id=event_id)


async def test_a_delivery_follows_from_a_changed_row_or_not_at_all(pool: Pool) -> None:
    told = NewDelivery(event_id=uuid4(), key="case/1", kind="test", payload={"step": 1})
    change, event_id = "INSERT INTO inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true", uuid4()
    for changes in (True, False):
        async with transaction(pool) as connection:
            assert await deliveries.add_if(connection, change, (event_id,), told) is changes
    assert await pool.fetchval("SELECT count(*) FROM delivery WHERE event_id = $1", told.event_id) == 1


async def test_a_refused_delivery_is_repeated_and_holds_back_its_key_alone(pool: Pool) -> None:
    recipient = Recipient()
    recipient.refusals["case/slow"] = 2
    async with running(Deliverer(pool, recipient.deliver)):
        for key in ("case/slow", "case/quick"):
            await _add(pool, key, 1)
            await _add(pool, key, 2)
        await until(lambda: _none_pending(pool))
    assert recipient.got["case/slow"] == recipient.got["case/quick"] == [1, 2]
    assert await pool.fetchval("SELECT max(attempts) FROM delivery WHERE key = 'case/quick'") == 1
    assert await pool.fetchval("SELECT max(attempts) FROM delivery WHERE key = 'case/slow'") == 3


async def test_what_a_dead_process_had_in_hand_is_delivered_again(pool: Pool) -> None:
    reached = asyncio.Event()

    async def die(_delivery: Delivery) -> None:
        reached.set()
        await asyncio.Event().wait()

    dying = asyncio.create_task(Deliverer(pool, die, timeout_seconds=0.3).run(asyncio.Event()))
    await _add(pool, "case/1", "first")
    await _add(pool, "case/1", "second")
    await reached.wait()
    dying.cancel()
    await asyncio.wait({dying})

    recipient = Recipient()
    async with running(Deliverer(pool, recipient.deliver)):
        await until(lambda: _none_pending(pool))
    assert recipient.got["case/1"] == ["first", "second"]


async def test_what_was_delivered_is_marked_even_if_the_first_try_to_mark_it_fails(pool: Pool) -> None:
    class Stumbling:
        """A pool that loses its connection when something is to be marked for the first time."""

        stumbled = False

        async def fetch(self, query: str, delivered: list[int], *others: object) -> Any:
            if delivered and not self.stumbled:
                self.stumbled = True
                raise ConnectionResetError("the connection broke")
            return await pool.fetch(query, delivered, *others)

        async def execute(self, query: str, *values: object) -> Any:
            return await pool.execute(query, *values)

    recipient, stumbling = Recipient(), Stumbling()
    async with running(Deliverer(cast("Pool", stumbling), recipient.deliver)):
        await _add(pool, "case/1", "first")
        await _add(pool, "case/1", "second")
        await until(lambda: _none_pending(pool))
    assert stumbling.stumbled
    assert recipient.got["case/1"] == ["first", "second"]


async def test_deliveries_in_hand_are_finished_at_stop(pool: Pool) -> None:
    recipient = Recipient()
    recipient.open.clear()
    stop = asyncio.Event()
    part = Deliverer(pool, recipient.deliver)
    running_part = asyncio.create_task(part.run(stop))
    await _add(pool, "case/1", "in hand")

    async def in_hand() -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM delivery WHERE leased_until IS NOT NULL"))

    await until(in_hand)
    stop.set()
    recipient.open.set()
    await running_part
    assert await _none_pending(pool)


async def test_the_deliverer_is_not_ready_while_a_delivery_is_pending_for_long(pool: Pool) -> None:
    part = Deliverer(pool, Recipient().deliver)
    await part.check()
    await _add(pool, "case/1", {})
    await pool.execute("UPDATE delivery SET created_at = now() - interval '3 minutes'")
    with pytest.raises(TimeoutError, match="pending"):
        await part.check()
