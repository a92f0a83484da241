"""Sums by currency of what the provider took and gave back, for who reconciles."""

from typing import Any

from deploy.local.sandbox.store import Store

_NAMES = {
    "captured": "payments",
    "succeeded": "refunds",
    "pending": "refunds_pending",
    "failed": "refunds_failed",
    "reversed": "refunds_reversed",
}


def totals(store: Store) -> dict[str, Any]:
    """Number and sum by currency of payments and of refunds by status."""
    found: dict[str, dict[str, Any]] = {name: {"count": 0, "sum_minor": {}} for name in _NAMES.values()}
    rows = store.all(
        "SELECT status, currency, count(*) AS count, sum(amount_minor) AS sum_minor FROM refund GROUP BY status, currency"
        " UNION ALL SELECT 'captured', currency, count(*), sum(amount_minor) FROM payment GROUP BY currency"
    )
    for row in rows:
        total = found[_NAMES[row["status"]]]
        total["count"] += row["count"]
        total["sum_minor"][row["currency"]] = row["sum_minor"]
    return found
