"""Payouts: money that finance itself pays to the verified payer, with a document, because no payment provider can (R-RFD-15).

A payout names the customer by reference only; where their money goes is known to finance's own bank records, never to this platform.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from contracts.identifiers import CaseId, MerchantId, OrderId, RefundId
from contracts.refund_v1 import PayoutKind
from contracts.roles import Role
from services.kit.postgres import Connection, Pool, Record
from services.kit.writing import send
from services.workflow.adapters.refund_rows import RefundRow, SubmissionRow
from services.workflow.ports import CaseHeader, WorkItems

DUE = "finance_payout_due"
"""The kind of the task that a payout is."""


class PayoutState(StrEnum):
    """Where a payout stands.

    ``failed``: the bank did not take it; ``returned``: it was paid and came back; ``cancelled``: it is not wanted any more.
    """

    REQUESTED = "requested"
    PAID = "paid"
    RETURNED = "returned"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A payout: amounts in minor units of ``currency``; ``row`` is the whole row."""

    payout_id: UUID
    kind: PayoutKind
    refund_id: RefundId | None
    case_id: CaseId
    merchant_id: MerchantId
    order_id: OrderId
    state: PayoutState
    currency: str
    amount_minor: int
    row: Record


class PayoutNotFoundError(LookupError):
    """There is no payout of that id."""

    def __init__(self, payout_id: UUID) -> None:
        super().__init__(f"there is no payout {payout_id}")


async def request_for_refund(
    conn: Connection, work_items: WorkItems, refund: RefundRow, submission: SubmissionRow, ordered_by: str
) -> None:
    """Ask finance to pay a part of a refund; its id is that of the submission."""
    await send(conn)
    await conn.execute(
        _REQUEST,
        *(submission.submission_id, PayoutKind.REFUND.value, refund.refund_id, refund.case_id, refund.row["case_number"]),
        *(refund.merchant_id, refund.order_id, refund.row["order_number"], refund.row["customer_ref"], refund.test, refund.currency),
        *(submission.amount_minor, refund.reason, "R-RFD-15", ordered_by, submission.created_at),
    )
    await _open_task(conn, work_items, await load_payout(conn, submission.submission_id))


async def request(
    conn: Connection,
    work_items: WorkItems,
    header: CaseHeader,
    *,
    payout_id: UUID,
    kind: PayoutKind,
    amount_minor: int,
    reason: str,
    rule: str,
    requested_by: str,
    at: datetime,
) -> None:
    """Ask finance to pay out what is no refund of the order, in its currency."""
    await conn.execute(
        _REQUEST,
        *(payout_id, kind.value, None, header.case_id, header.case_number, header.merchant_id, header.order_id, header.order_number),
        *(header.customer_ref, header.test, header.currency, amount_minor, reason, rule, requested_by, at),
    )
    await _open_task(conn, work_items, await load_payout(conn, payout_id))


async def load_payout(conn: Connection | Pool, payout_id: UUID, *, lock: bool = False) -> PayoutRow:
    """A payout; with ``lock`` its row stays locked until the transaction ends. Raises :class:`PayoutNotFoundError`."""
    row = await conn.fetchrow(_LOAD + (" FOR UPDATE" if lock else ""), payout_id)
    if row is None:
        raise PayoutNotFoundError(payout_id)
    plain = {name: row[name] for name in PayoutRow.__dataclass_fields__ if name not in {"row", "kind", "state"}}
    return PayoutRow(**plain, kind=PayoutKind(row["kind"]), state=PayoutState(row["state"]), row=row)


async def end(
    conn: Connection, payout: PayoutRow, state: PayoutState, by: str, at: datetime, *, document: str = "", code: str = ""
) -> None:
    """A payout came to its end; its task is done."""
    await conn.execute(_END, payout.payout_id, state.value, document, code, by, at)
    await conn.execute(_TASK_DONE, task_id_of(payout.payout_id), at, by, f"payout_{state.value}")


async def mark_returned(conn: Connection, payout: PayoutRow, code: str, by: str, at: datetime) -> None:
    """What was paid came back."""
    await conn.execute(_RETURNED, payout.payout_id, code, by, at)


def task_id_of(payout_id: UUID) -> UUID:
    """The id of a payout's task."""
    return uuid5(payout_id, "task")


async def _open_task(conn: Connection, work_items: WorkItems, payout: PayoutRow) -> None:
    detail = {
        "payout_id": str(payout.payout_id),
        "kind": payout.kind.value,
        "amount_minor": payout.amount_minor,
        "currency": payout.currency,
        "test": payout.row["test"],
    }
    await work_items.open(
        conn, task_id_of(payout.payout_id), payout.case_id, DUE, Role.FINANCE, detail, holds_refund=payout.refund_id is not None
    )


async def listed(
    pool: Pool,
    merchants: Sequence[str] | None,
    state: str | None,
    case_number: str | None,
    after: tuple[datetime | None, UUID | None],
    limit: int,
    *,
    test: bool | None = None,
) -> list[Record]:
    """Payouts of the merchants (None: of all; ``test`` None: in either mode), oldest first, after a position."""
    return await pool.fetch(_LIST, merchants, state, case_number, *after, limit, test)


_REQUEST = """
INSERT INTO payouts (payout_id, kind, refund_id, case_id, case_number, merchant_id, order_id, order_number, customer_ref, test, currency,
    amount_minor, reason, rule, requested_by, requested_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (payout_id) DO NOTHING
"""

_LOAD = "SELECT * FROM payouts WHERE payout_id = $1"

_END = "UPDATE payouts SET state = $2, document = $3, code = $4, ended_by = $5, ended_at = $6 WHERE payout_id = $1"

_RETURNED = "UPDATE payouts SET state = 'returned', code = $2, returned_by = $3, returned_at = $4 WHERE payout_id = $1"

_TASK_DONE = """
UPDATE work_items SET state = 'done', resolved_at = $2, resolved_by = $3, resolution = $4 WHERE work_item_id = $1 AND state = 'open'
"""

_LIST = """
SELECT * FROM payouts
WHERE ($1::text[] IS NULL OR merchant_id = ANY($1)) AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR case_number = $3)
    AND ($4::timestamptz IS NULL OR (requested_at, payout_id) > ($4, $5::uuid)) AND ($7::boolean IS NULL OR test = $7)
ORDER BY requested_at, payout_id LIMIT $6
"""
