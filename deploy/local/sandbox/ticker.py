"""Work that comes due by the clock: a step that is run when it is due, and at once when it is woken."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

_log = logging.getLogger(__name__)
_AFTER_FAILURE_SECONDS = 1.0


class Ticker:
    """Runs ``step`` on the event loop. The step returns the seconds to its next due time, or None if only `wake` can bring work."""

    def __init__(self, name: str, step: Callable[[], float | None]) -> None:
        self._name = name
        self._step = step
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There may be work now. What the caller commits before it next awaits is seen by the step."""
        self._woken.set()

    def start(self) -> None:
        """Begin, on the running event loop."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Stop between two steps."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            wait_seconds = self._attempt()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), wait_seconds)

    def _attempt(self) -> float | None:
        try:
            return self._step()
        except Exception:  # noqa: BLE001 (a fault in one step must not end all later ones; it is logged)
            _log.exception("%s failed; trying again in %s s", self._name, _AFTER_FAILURE_SECONDS)
            return _AFTER_FAILURE_SECONDS
