"""Pending deliveries: how an event gets from PostgreSQL to something that is not PostgreSQL, such as a workflow, at least once and in order per key.

The handler commits the delivery with its rows; the :class:`Deliverer` makes it afterwards. Whatever stays pending, after a crash too, is found again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.kit import metrics
from services.kit.errors import is_transient
from services.kit.logging import get_logger
from services.kit.postgres import Connection, Pool
from services.kit.redaction import describe_error
from services.kit.wake import DELIVERIES, wait_any

log = get_logger(__name__)

POLL_SECONDS: Final = 1.0
"""How soon a delivery is found that was committed by another process, or whose lease or pause ended."""
LONGEST_PAUSE_SECONDS: Final = 60
READY_AGE_SECONDS: Final = 120.0

_DELIVERED = "UPDATE delivery SET delivered_at = clock_timestamp(), leased_until = NULL, last_error = NULL WHERE id = ANY ($1::bigint[])"

# What was delivered is marked on the way (migration 0005).
_CLAIM = "SELECT id, event_id, key, kind, payload, attempts FROM delivery_claim($1, $2, $3) ORDER BY id"
_ADD = "INSERT INTO delivery (event_id, key, kind, payload)"
_ONCE = "ON CONFLICT (event_id, kind) DO NOTHING"
_FAILED = """
UPDATE delivery SET leased_until = NULL, last_error = $2, next_attempt_at = clock_timestamp() + make_interval(secs => $3) WHERE id = $1
"""
_OLDEST = "SELECT extract(epoch FROM clock_timestamp() - min(created_at))::float8 FROM delivery WHERE delivered_at IS NULL"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something to be delivered; ``attempts`` counts from 1."""

    id: int
    event_id: UUID
    key: str
    kind: str
    payload: Any
    attempts: int


Deliver = Callable[[Delivery], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """Something to be delivered: ``key`` orders it, ``kind`` and ``payload`` are for who delivers."""

    event_id: UUID
    key: str
    kind: str
    payload: Any


async def add(connection: Connection, fresh: NewDelivery) -> bool:
    """Remember a delivery in the caller's transaction. Returns False where the same (event, kind) was added before."""
    DELIVERIES.ring_after_commit()
    statement = f"{_ADD} VALUES ($1, $2, $3, $4) {_ONCE} RETURNING true"
    return await connection.fetchval(statement, fresh.event_id, fresh.key, fresh.kind, fresh.payload) is not None


async def add_if(connection: Connection, change: str, values: Sequence[Any], fresh: NewDelivery) -> bool:
    """Change one row and remember the delivery that follows from it, in one statement. False, and nothing written, where no row was to be changed.

    ``change`` returns the row that it changed.
    """
    DELIVERIES.ring_after_commit()
    places = ", ".join(f"${len(values) + number}" for number in range(1, 5))
    statement = f"WITH changed AS ({change}), added AS ({_ADD} SELECT {places} FROM changed {_ONCE}) SELECT true FROM changed"  # noqa: S608 - no value is part of it
    return await connection.fetchval(statement, *values, fresh.event_id, fresh.key, fresh.kind, fresh.payload) is not None


class Deliverer:
    """Makes the pending deliveries of one schema by calling ``deliver``. A part named ``consumers``; several processes may run it.

    ``deliver`` must bear repeats. Where it raises, or takes longer than ``timeout_seconds``, the delivery is tried again after a pause that doubles up to a
    minute, for ever; later ones of its key wait for it.
    """

    name = "consumers"

    def __init__(self, pool: Pool, deliver: Deliver, *, concurrency: int = 16, timeout_seconds: float = 10, service: str = "") -> None:
        self._pool = pool
        self._deliver = deliver
        self._concurrency = concurrency
        self._timeout_seconds = timeout_seconds
        self._service = service
        self._bell = DELIVERIES.listener()
        self._running: set[asyncio.Task[None]] = set()
        self._delivered: list[int] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop``, then finish the deliveries in hand."""
        try:
            while not stop.is_set():
                try:
                    self._bell.clear()
                    await self._start_some()
                except Exception as error:
                    if not is_transient(error):
                        raise
                    log.warning("deliveries.interrupted", error=describe_error(error))
                # A finished delivery rings the bell: the next one of its key has become claimable, or a hand is free for what was left.
                await wait_any(self._bell, stop, timeout_seconds=POLL_SECONDS)
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=self._timeout_seconds)
            await self._mark_the_last()

    async def check(self) -> None:
        """Ready while no delivery is pending for more than two minutes. Raises ``TimeoutError`` otherwise."""
        age = await self._pool.fetchval(_OLDEST) or 0.0
        metrics.DELIVERY_AGE.labels(self._service).set(age)
        if age > READY_AGE_SECONDS:
            raise TimeoutError(f"the oldest delivery has been pending for {age:.0f} s")

    async def _mark_the_last(self) -> None:
        if not self._delivered:
            return
        try:
            await self._pool.execute(_DELIVERED, self._delivered)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("deliveries.not_marked", error=describe_error(error))  # their leases run out, and they are repeated

    async def _start_some(self) -> None:
        free = self._concurrency - len(self._running)
        if free <= 0:
            return
        delivered = list(self._delivered)
        rows = await self._pool.fetch(_CLAIM, delivered, free, self._timeout_seconds * 3)
        del self._delivered[: len(delivered)]
        for row in rows:
            task = asyncio.create_task(self._deliver_one(Delivery(**dict(row))))
            self._running.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._bell.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # Only putting it off can fail here; the lease runs out and the delivery is repeated.
            log.warning("deliveries.not_put_off", error=describe_error(error))

    async def _deliver_one(self, delivery: Delivery) -> None:
        try:
            await asyncio.wait_for(self._deliver(delivery), self._timeout_seconds)
        except Exception as error:  # noqa: BLE001 - whatever it was, the delivery stays pending and is tried again
            pause = min(2 ** (delivery.attempts - 1) * 0.25, LONGEST_PAUSE_SECONDS)
            log.warning(
                "deliveries.failed",
                kind=delivery.kind,
                key=delivery.key,
                attempts=delivery.attempts,
                error=describe_error(error),
                retry_seconds=pause,
            )
            metrics.DELIVERIES.labels(self._service, "failed").inc()
            await self._pool.execute(_FAILED, delivery.id, describe_error(error), pause)
        else:
            metrics.DELIVERIES.labels(self._service, "delivered").inc()
            self._delivered.append(delivery.id)
