"""The ledger: double entries of refunds, payouts and what finance posts itself. Append only, each entry balanced, both kept by the database itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from contracts.identifiers import CaseId, MerchantId, OrderId, RefundId
from contracts.quote import JournalLine
from services.kit.postgres import Connection, Pool
from services.kit.writing import sent_together, write


class EntryKind(StrEnum):
    """What an entry books."""

    REFUND_SETTLED = "refund_settled"
    REFUND_REVERSED = "refund_reversed"
    REFUND_REPAID = "refund_repaid"
    REFUND_GIVEN_UP = "refund_given_up"
    PAYOUT_PAID = "payout_paid"
    PAYOUT_RETURNED = "payout_returned"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry and its lines, which sum to zero. ``accounting_date`` is the date in the merchant's time zone; ``document`` what proves it."""

    entry_id: UUID
    kind: EntryKind
    merchant_id: MerchantId
    test: bool
    case_id: CaseId
    case_number: str
    order_id: OrderId
    order_number: str
    currency: str
    posted_at: datetime
    accounting_date: date
    journal: Sequence[JournalLine]
    refund_id: RefundId | None = None
    payout_id: UUID | None = None
    document: str = ""
    reason: str = ""
    posted_by: str = "system"


@dataclass(frozen=True, slots=True)
class Balance:
    """The sum of one account (of one rate, where it is an account of tax): debit positive, credit negative, minor units of ``currency``."""

    merchant_id: str
    test: bool
    currency: str
    account: str
    tax_rate_ppm: int | None
    lines: int
    amount_minor: int


async def post(conn: Connection, entry: Entry) -> None:
    """Book an entry; the transaction cannot commit if its lines do not sum to zero. An entry of that id cannot be booked twice."""
    lines = entry.journal
    async with sent_together(conn):
        await write(
            conn,
            _ENTRY,
            *(entry.entry_id, entry.kind.value, entry.refund_id, entry.payout_id, entry.merchant_id, entry.test),
            *(entry.case_id, entry.case_number, entry.order_id, entry.order_number, entry.currency),
            *(entry.posted_at, entry.accounting_date, entry.document, entry.reason, entry.posted_by, len(lines)),
        )
        await write(
            conn,
            _LINES,
            *(entry.entry_id, list(range(1, len(lines) + 1)), [line.account for line in lines]),
            *([line.amount_minor for line in lines], [line.memo for line in lines], [line.tax_rate_ppm for line in lines]),
        )


async def balances(
    pool: Pool, merchants: Sequence[str] | None, since: date | None = None, until: date | None = None, *, test: bool | None = None
) -> list[Balance]:
    """The accounts of the merchants (None: of all) by accounting date, both days included; per merchant and currency they sum to zero."""
    rows = await pool.fetch(_BALANCES, merchants, since, until, test)
    return [Balance(**dict(row)) for row in rows]


_ENTRY = """
INSERT INTO ledger_entries (entry_id, kind, refund_id, payout_id, merchant_id, test, case_id, case_number, order_id, order_number, currency,
    posted_at, accounting_date, document, reason, posted_by, line_count)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""
_LINES = """
INSERT INTO ledger_lines (entry_id, line_number, account, amount_minor, memo, tax_rate_ppm)
SELECT $1, * FROM unnest($2::integer[], $3::text[], $4::bigint[], $5::text[], $6::integer[])
"""

_BALANCES = """
SELECT merchant_id, test, currency, account, tax_rate_ppm, count(*)::integer AS lines, sum(amount_minor)::bigint AS amount_minor
FROM ledger_entries JOIN ledger_lines USING (entry_id)
WHERE ($1::text[] IS NULL OR merchant_id = ANY($1)) AND ($2::date IS NULL OR accounting_date >= $2) AND ($3::date IS NULL OR accounting_date <= $3)
    AND ($4::boolean IS NULL OR test = $4)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
