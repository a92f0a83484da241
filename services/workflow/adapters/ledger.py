"""The ledger: double entries of settled refunds. Append only, each entry balanced, both kept by the database itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from contracts.quote import JournalLine
from services.kit.postgres import Connection, Pool
from services.workflow.adapters.refund_rows import RefundRow


@dataclass(frozen=True, slots=True)
class Balance:
    """The sum of one account: debit positive, credit negative, minor units of ``currency``."""

    merchant_id: str
    currency: str
    account: str
    lines: int
    amount_minor: int


def settled_entry_id(refund: RefundRow) -> UUID:
    """The id of the entry that books a settled refund."""
    return uuid5(refund.refund_id, "ledger/refund_settled")


async def post_settled(conn: Connection, refund: RefundRow, journal: Sequence[JournalLine], at: datetime) -> None:
    """Book a settled refund, once; the transaction cannot commit if the lines do not sum to zero."""
    entry_id = settled_entry_id(refund)
    await conn.execute(_ENTRY, entry_id, refund.refund_id, refund.order_id, refund.merchant_id, refund.currency, at)
    accounts = [line.account for line in journal]
    amounts = [line.amount_minor for line in journal]
    await conn.execute(_LINES, entry_id, list(range(1, len(journal) + 1)), accounts, amounts, [line.memo for line in journal])


async def balances(pool: Pool, merchants: Sequence[str] | None) -> list[Balance]:
    """The accounts of the merchants (None: of all); over all accounts of a merchant and currency they sum to zero."""
    rows = await pool.fetch(_BALANCES, merchants)
    return [Balance(**dict(row)) for row in rows]


_ENTRY = """
INSERT INTO ledger_entries (entry_id, kind, refund_id, order_id, merchant_id, currency, posted_at) VALUES ($1, 'refund_settled', $2, $3, $4, $5, $6)
"""

_LINES = """
INSERT INTO ledger_lines (entry_id, line_number, account, amount_minor, memo)
SELECT $1, * FROM unnest($2::integer[], $3::text[], $4::bigint[], $5::text[])
"""

_BALANCES = """
SELECT merchant_id, currency, account, count(*)::integer AS lines, sum(amount_minor)::bigint AS amount_minor
FROM ledger_entries JOIN ledger_lines USING (entry_id)
WHERE $1::text[] IS NULL OR merchant_id = ANY($1) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
