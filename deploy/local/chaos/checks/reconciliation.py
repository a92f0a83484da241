"""Reconciliation agrees: published events, ledger, our payments and the provider's file."""

from collections.abc import Iterator

from deploy.local.chaos.checks.finding import Finding
from deploy.local.chaos.traces import Traces


def nothing_is_left_to_reconcile(traces: Traces) -> Iterator[Finding]:
    """No break at all: what the run did on purpose (failures, reversals, lost webhooks) is to be found out and booked, not left as a difference."""
    for one in traces.breaks:
        amounts = f"ours {one.get('ours_minor')}, theirs {one.get('theirs_minor')} {one.get('currency')}"
        case = str(one.get("case_id") or one.get("refund_id") or one.get("key"))
        yield Finding(f"{one.get('kind')} in {one.get('subject')}: {amounts}", case, f"GET /v1/reconciliations; {one.get('key')}")
