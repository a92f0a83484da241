"""Looks at orders that share a statement: each sees what was there when it came, and no other's trouble."""

import asyncio
from typing import Any, cast
from uuid import uuid4

import asyncpg
import pytest

from contracts.identifiers import MerchantId, OrderId, order_id_for
from services.intake.adapters.order_looks import SharedLooks
from services.kit.postgres import Pool
from tests.integration.intake.desk import Desk, an_application, is_problem
from tests.support.builders import MERCHANT

pytestmark = pytest.mark.engines


class SlowPool:
    """A pool whose statements wait until they may go; ``asked`` says of how many orders each was."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.asked: list[int] = []
        self.may_go = asyncio.Event()
        self.error: Exception | None = None

    async def fetch(self, statement: str, order_ids: list[OrderId]) -> list[asyncpg.Record]:
        """Read."""
        self.asked.append(len(order_ids))
        await self.may_go.wait()
        if self.error is not None:
            raise self.error
        return await self._pool.fetch(statement, order_ids)


@pytest.fixture
def slow(pool: Pool) -> SlowPool:
    return SlowPool(pool)


@pytest.fixture
def looks(slow: SlowPool) -> SharedLooks:
    return SharedLooks(cast("Any", slow))


def _id(number: str) -> OrderId:
    return order_id_for(MerchantId(MERCHANT), number)


async def _looking(looks: SharedLooks, *order_ids: OrderId) -> list["asyncio.Task[Any]"]:
    tasks = [asyncio.create_task(looks.look(order_id)) for order_id in order_ids]
    await asyncio.sleep(0)
    return tasks


async def test_who_comes_while_a_statement_is_under_way_shares_the_next(desk: Desk, slow: SlowPool, looks: SharedLooks) -> None:
    numbers = [await desk.an_order() for _ in range(3)]
    first = await _looking(looks, _id(numbers[0]))
    await asyncio.sleep(0)
    others = await _looking(looks, *map(_id, numbers), OrderId(uuid4()), _id(numbers[0]))
    slow.may_go.set()

    found = await asyncio.gather(*first, *others)

    assert slow.asked == [1, 5]
    assert [one and one.order.number for one in found] == [numbers[0], *numbers, None, numbers[0]]


async def test_a_look_sees_what_was_committed_before_it(desk: Desk, slow: SlowPool, looks: SharedLooks) -> None:
    number = await desk.an_order(version=4)
    slow.may_go.set()
    first = asyncio.create_task(looks.look(_id(number)))
    await desk.an_order(number, version=5)

    second = await looks.look(_id(number))

    assert second is not None
    assert second.order.order_version == 5
    assert (await first) is not None


async def test_who_goes_away_takes_nobody_along(desk: Desk, slow: SlowPool, looks: SharedLooks) -> None:
    number = await desk.an_order()
    gone, stays = await _looking(looks, _id(number), _id(number))
    gone.cancel()
    slow.may_go.set()

    found = await stays

    assert found is not None
    assert gone.cancelled()


async def test_all_hear_of_an_error_and_the_next_look_is_tried(desk: Desk, slow: SlowPool, looks: SharedLooks) -> None:
    number = await desk.an_order()
    slow.error = ConnectionResetError("gone")
    slow.may_go.set()
    for task in await _looking(looks, _id(number), _id(number)):
        with pytest.raises(ConnectionResetError):
            await task
    slow.error = None

    assert await looks.look(_id(number)) is not None


async def test_an_order_that_cannot_be_read_troubles_its_own_case_only(desk: Desk) -> None:
    good, broken = await desk.an_order(), await desk.an_order()
    await desk.house.pool.execute("""UPDATE orders SET snapshot = snapshot || '{"lines": []}' WHERE number = $1""", broken)

    answers = await asyncio.gather(*(desk.apply(an_application(number)) for number in (broken, good)))

    assert is_problem(answers[0], 500, "internal_error")
    assert answers[1].status_code == 202
