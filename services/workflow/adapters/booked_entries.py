"""The ledger as reconciliation reads it: each entry with its lines and with what by our payments it should be, and refunds that lack one."""

from datetime import datetime

from services.kit.postgres import Pool, Record
from services.workflow.reconciliation.books import BookedEntry, UnbookedRefund


async def booked_entries(pool: Pool, since: datetime, until: datetime) -> list[BookedEntry]:
    """The entries posted in ``[since, until)``."""
    return [_entry(row) for row in await pool.fetch(_ENTRIES, since, until)]


async def unbooked_refunds(pool: Pool, since: datetime, until: datetime) -> list[UnbookedRefund]:
    """The refunds settled in ``[since, until)`` that have no entry though money moved."""
    return [UnbookedRefund(**dict(row)) for row in await pool.fetch(_UNBOOKED, since, until)]


def _entry(row: Record) -> BookedEntry:
    fields = dict(row)
    accounts, amounts = fields.pop("accounts"), fields.pop("amounts")
    return BookedEntry(**fields, lines=tuple(zip(accounts, amounts, strict=True)))


_ENTRIES = """
SELECT entry.entry_id, entry.refund_id, entry.case_id, entry.merchant_id, entry.currency, entry.posted_at, line.accounts, line.amounts,
    CASE WHEN entry.kind IN ('refund_settled', 'refund_repaid') THEN coalesce(paid.minor, 0) END AS paid_minor
FROM ledger_entries AS entry
CROSS JOIN LATERAL (
    SELECT array_agg(account ORDER BY line_number) AS accounts, array_agg(amount_minor ORDER BY line_number) AS amounts
    FROM ledger_lines WHERE entry_id = entry.entry_id
) AS line
LEFT JOIN LATERAL (
    SELECT sum(amount_minor)::bigint AS minor FROM refund_submissions WHERE refund_id = entry.refund_id AND entry_id = entry.entry_id
) AS paid ON true
WHERE entry.posted_at >= $1 AND entry.posted_at < $2
"""

_UNBOOKED = """
SELECT refund_id, case_id, merchant_id, currency, amount_minor, settled_at FROM refunds
WHERE state = 'settled' AND amount_minor > 0 AND settled_at >= $1 AND settled_at < $2
    AND NOT EXISTS (SELECT FROM ledger_entries WHERE refund_id = refunds.refund_id AND kind = 'refund_settled')
"""
