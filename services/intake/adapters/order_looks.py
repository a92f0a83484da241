"""Looks at orders without a lock. Requests that look at the same time share a statement: each then costs a fraction of its own."""

import asyncio
from typing import TypeAlias

from contracts.identifiers import OrderId
from services.intake.adapters.orders import READ, found_in
from services.intake.ports import OrderFound
from services.kit.postgres import Pool, Record

_Answer: TypeAlias = "asyncio.Future[Record | None]"


class SharedLooks:
    """Implements :class:`services.intake.ports.OrderLooks`. While one statement is under way, those who come wait for the next."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: list[tuple[OrderId, _Answer]] = []
        self._reading: asyncio.Task[None] | None = None

    async def look(self, order_id: OrderId) -> OrderFound | None:
        """The order with its claims, as they are on record when this is called or later."""
        answer: _Answer = asyncio.get_running_loop().create_future()
        self._waiting.append((order_id, answer))
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_for_all(), name="order looks")
        return found_in(await answer)

    async def _read_for_all(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                await self._read(asked)
        finally:
            self._reading = None

    async def _read(self, asked: list[tuple[OrderId, _Answer]]) -> None:
        try:
            found = {row["order_id"]: row for row in await self._pool.fetch(READ, [order_id for order_id, _answer in asked])}
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            for _order_id, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        for order_id, answer in asked:
            if not answer.done():  # whoever waited may have gone
                answer.set_result(found.get(order_id))
