"""The system comes to rest: once all is healed, everything that is on its way arrives."""

from collections.abc import Iterator

from deploy.local.chaos.checks.finding import Finding
from deploy.local.chaos.traces import Traces


def comes_to_rest(traces: Traces) -> Iterator[Finding]:
    """What was still on its way when patience ended."""
    for words in traces.unrest:
        yield Finding(f"still on its way: {words}", "the system", "the service's log, and the tables outbox, delivery, messages, jobs")
