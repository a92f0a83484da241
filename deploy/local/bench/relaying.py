"""A relay at work in this process, on an outbox of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter

from deploy.local.bench.events import OUTBOX_COLUMNS, WireEvent
from deploy.local.bench.place import Place
from services.kit.postgres import Pool, open_pool, transaction
from services.kit.relay import Relay
from services.kit.wake import OUTBOX

_POLL_SECONDS = 0.005


class RelayAtWork:
    """A leading relay and its outbox."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def drain(self, topic: str, events: Sequence[WireEvent]) -> float:
        """Commit events in one transaction and wait until the last is marked as sent; the seconds from commit to then."""
        async with transaction(self.pool) as connection:
            await connection.copy_records_to_table("outbox", records=[event.row(topic) for event in events], columns=OUTBOX_COLUMNS)
            OUTBOX.ring_after_commit()
        began = perf_counter()
        while await self.pool.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE sent_at IS NULL)"):  # noqa: ASYNC110 - PostgreSQL sets no event here
            await asyncio.sleep(_POLL_SECONDS)
        return perf_counter() - began

    async def forget(self) -> None:
        """Empty the outbox, so that each turn meets the same."""
        await self.pool.execute("TRUNCATE outbox, outbox_sequence")


@asynccontextmanager
async def a_relay_at_work(place: Place, name: str) -> AsyncIterator[RelayAtWork]:
    """A relay that leads, with its producer connected."""
    dsn = await place.database(name)
    stop = asyncio.Event()
    async with open_pool(dsn, service="bench") as pool:
        relay = Relay(pool, place.kit_settings(dsn), service="bench")
        running = asyncio.create_task(relay.run(stop))
        try:
            yield RelayAtWork(pool)
        finally:
            stop.set()
            await running
