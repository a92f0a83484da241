"""Health: alive (``/healthz``) as long as the process answers, ready (``/readyz``) when everything it needs answers, too."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from services.kit.redaction import describe_error

Check = Callable[[], Awaitable[None]]

CHECK_SECONDS = 5.0


class Health:
    """The named readiness checks of a process. A check raises where its part is not ready."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self.draining = False
        """Set on SIGTERM: the process still answers, but wants no new work."""

    def add(self, name: str, check: Check) -> None:
        """Add a check under a name that tells an operator what to look at."""
        self._checks[name] = check

    async def ready(self) -> tuple[bool, dict[str, Any]]:
        """Run all checks at once. Returns whether all hold, and what to answer."""
        results = await asyncio.gather(*(self._run(check) for check in self._checks.values()))
        checks = dict(zip(self._checks, results, strict=True))
        if self.draining:
            return False, {"status": "stopping", "checks": checks}
        ready = all(result == "ok" for result in results)
        return ready, {"status": "ready" if ready else "not ready", "checks": checks}

    async def _run(self, check: Check) -> str:
        try:
            await asyncio.wait_for(check(), CHECK_SECONDS)
        except Exception as error:  # noqa: BLE001 - any error means not ready, and its words are the answer
            return describe_error(error)
        return "ok"
