"""Nothing that the platform itself said ends in quarantine, and nothing is held back there."""

from collections.abc import Iterator

from deploy.local.chaos.checks.finding import Finding, rows
from deploy.local.chaos.traces import Traces


def nothing_is_held_back(traces: Traces) -> Iterator[Finding]:
    """Each row has a reason, and was replayed or dropped."""
    for row in traces.quarantine:
        look = rows(f"{row.schema}.quarantine", "id", row.row_id)
        if not row.reason.strip():
            yield Finding(f"{row.schema} put a record of {row.topic} aside without a reason", row.key or "no key", look)
        if not row.resolved:
            yield Finding(f"{row.schema} holds back a record of {row.topic} ({row.kind}): {row.reason}", row.key or "no key", look)
