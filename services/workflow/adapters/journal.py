"""The journal: the ledger as a list, one row a line, in the order of the books, for bookkeepers and their programs."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.kit.postgres import Pool
from services.workflow.money.accounts import account_name, account_number

COLUMNS = (
    "accounting_date",
    "posted_at",
    "entry_id",
    "kind",
    "merchant_id",
    "test",
    "case_number",
    "order_number",
    "refund_id",
    "payout_id",
    "document",
    "reason",
    "posted_by",
    "currency",
    "line_number",
    "account_number",
    "account",
    "account_name",
    "tax_rate_percent",
    "debit_minor",
    "credit_minor",
    "memo",
)
"""The columns of the journal. Of a line either ``debit_minor`` or ``credit_minor`` is filled; both are minor units of ``currency``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalQuery:
    """Which entries: of which merchants (None: all), dated between two days (both included), of test or of live merchants (None: both)."""

    merchants: Sequence[str] | None
    since: date | None = None
    until: date | None = None
    test: bool | None = None
    account: str | None = None
    """An account, or a whole family of them, such as ``returns.tax``."""


async def journal_rows(
    pool: Pool, wanted: JournalQuery, after: tuple[datetime | None, UUID | None] = (None, None), entries: int | None = None
) -> AsyncIterator[dict[str, Any]]:
    """The lines in order of date, posting and entry; at most so many ``entries`` after a position where given."""
    async with pool.acquire() as conn, conn.transaction(readonly=True):
        cursor = conn.cursor(
            _LINES, wanted.merchants, wanted.since, wanted.until, wanted.test, wanted.account, *after, entries, prefetch=_AT_ONCE
        )
        async for row in cursor:
            yield _shown(dict(row))


def _shown(line: dict[str, Any]) -> dict[str, Any]:
    amount, rate = line.pop("amount_minor"), line.pop("tax_rate_ppm")
    return line | {
        "account_number": account_number(line["account"]),
        "account_name": account_name(line["account"]),
        "tax_rate_percent": None if rate is None else f"{rate / 10_000:g}",
        "debit_minor": amount if amount > 0 else None,
        "credit_minor": -amount if amount < 0 else None,
    }


_AT_ONCE = 500

_LINES = """
WITH wanted AS (
    SELECT * FROM ledger_entries
    WHERE ($1::text[] IS NULL OR merchant_id = ANY($1)) AND ($2::date IS NULL OR accounting_date >= $2)
        AND ($3::date IS NULL OR accounting_date <= $3) AND ($4::boolean IS NULL OR test = $4)
        AND ($6::timestamptz IS NULL OR (posted_at, entry_id) > ($6, $7::uuid))
        AND ($5::text IS NULL OR EXISTS (
            SELECT FROM ledger_lines AS line WHERE line.entry_id = ledger_entries.entry_id AND ($5 IN (line.account, split_part(line.account, ':', 1)))))
    ORDER BY posted_at, entry_id LIMIT $8
)
SELECT accounting_date, posted_at, entry_id, kind, merchant_id, test, case_number, order_number, refund_id, payout_id, document, reason, posted_by,
    currency, line_number, account, amount_minor, tax_rate_ppm, memo
FROM wanted JOIN ledger_lines USING (entry_id)
WHERE $5::text IS NULL OR $5 IN (account, split_part(account, ':', 1))
ORDER BY posted_at, entry_id, line_number
"""
