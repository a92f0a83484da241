"""A service or third party whose clock is wrong: ``python -m deploy.local.chaos.shifted SECONDS MODULE [ARGUMENTS]``.

The operating system has one clock for all processes. But services read the time in one place, and so do the sandbox's servers: there it is moved,
before anything else is loaded. The time of PostgreSQL, of Kafka and of Temporal stays as it is, which is what makes the clocks differ.
"""

import importlib
import runpy
import sys
from datetime import UTC, datetime, timedelta

from deploy.local.sandbox import clock as sandbox_clock
from services.kit import clock as service_clock

_MS_PER_SECOND = 1000


def shift_clocks(seconds: float) -> None:
    """From now on the time of this process is later by so many seconds (negative: earlier)."""
    shift = timedelta(seconds=seconds)
    true_ms = sandbox_clock.now_ms

    def utc_now() -> datetime:
        return datetime.now(UTC) + shift

    def now_ms() -> int:
        return true_ms() + int(seconds * _MS_PER_SECOND)

    service_clock.utc_now = utc_now
    sandbox_clock.now_ms = now_ms


def main() -> None:
    """Run the module as ``python -m`` would."""
    _, seconds, module, *arguments = sys.argv
    shift_clocks(float(seconds))
    if module.startswith("services."):
        service = importlib.import_module(f"{module}.__main__")
        sys.exit(service.run(*arguments))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
