"""What finance reads from the provider: settled refunds one by one, and sums by currency."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from deploy.local.sandbox.clock import to_ms
from deploy.local.sandbox.payments.models import show_settlement
from deploy.local.sandbox.store import Store

_PAGE = 500


def settlement_lines(store: Store, day: date | None) -> Iterator[bytes]:
    """The refunds settled on a day (UTC; all days if None), in order of settlement, as JSON lines."""
    first_ms, end_ms = 0, 2**62
    if day is not None:
        first_ms = to_ms(datetime.combine(day, time.min, UTC))
        end_ms = to_ms(datetime.combine(day + timedelta(days=1), time.min, UTC))
    after = (first_ms, 0)
    while rows := store.all(
        "SELECT * FROM refund WHERE (settled_ms, row_number) > (?, ?) AND settled_ms < ? ORDER BY settled_ms, row_number LIMIT ?",
        (*after, end_ms, _PAGE),
    ):
        after = (rows[-1]["settled_ms"], rows[-1]["row_number"])
        for row in rows:
            yield json.dumps(show_settlement(row), ensure_ascii=False).encode() + b"\n"


def totals(store: Store) -> dict[str, Any]:
    """Number and sum by currency of payments and of refunds by status."""
    names = {"succeeded": "refunds", "pending": "refunds_pending", "failed": "refunds_failed", "captured": "payments"}
    found: dict[str, dict[str, Any]] = {
        name: {"count": 0, "sum_minor": {}} for name in ("payments", "refunds", "refunds_pending", "refunds_failed")
    }
    rows = store.all(
        "SELECT status, currency, count(*) AS count, sum(amount_minor) AS sum_minor FROM refund GROUP BY status, currency"
        " UNION ALL SELECT 'captured', currency, count(*), sum(amount_minor) FROM payment GROUP BY currency"
    )
    for row in rows:
        total = found[names[row["status"]]]
        total["count"] += row["count"]
        total["sum_minor"][row["currency"]] = row["sum_minor"]
    return found
