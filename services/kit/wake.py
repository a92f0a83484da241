"""Bells: a commit in this process wakes the loop that waits for its rows, so that polling is only the fallback.

``NOTIFY`` would do it across processes, but takes a global lock at commit; the others find the rows at their next poll.
"""

import asyncio
from contextlib import suppress
from contextvars import ContextVar
from weakref import WeakSet

_rung_by_transaction: ContextVar[set["Bell"] | None] = ContextVar("bells", default=None)


class Bell:
    """Wakes every loop of this process that waits for one kind of row."""

    def __init__(self) -> None:
        self._waiting: WeakSet[asyncio.Event] = WeakSet()

    def listener(self) -> asyncio.Event:
        """An event that is set whenever the bell rings; the listener clears it. It lives as long as the caller keeps it."""
        event = asyncio.Event()
        self._waiting.add(event)
        return event

    def ring(self) -> None:
        """Wake the listeners now."""
        for event in self._waiting:
            event.set()

    def ring_after_commit(self) -> None:
        """Wake the listeners when the caller's transaction has committed; on a connection got otherwise, leave it to polling."""
        bells = _rung_by_transaction.get()
        if bells is not None:
            bells.add(self)


OUTBOX = Bell()
DELIVERIES = Bell()


def collect_bells() -> tuple[set[Bell], set[Bell] | None]:
    """Begin to collect the bells of what is written; returns the collection and the enclosing one, for :func:`restore_bells`."""
    enclosing = _rung_by_transaction.get()
    bells: set[Bell] = set()
    _rung_by_transaction.set(bells)
    return bells, enclosing


def restore_bells(enclosing: set[Bell] | None) -> None:
    """End the collection begun by :func:`collect_bells`."""
    _rung_by_transaction.set(enclosing)


async def wait_any(*events: asyncio.Event, timeout_seconds: float | None = None) -> None:
    """Return when one of ``events`` is set, at the latest after ``timeout_seconds`` (None: for ever)."""
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
