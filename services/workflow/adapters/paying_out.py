"""How a payout ends, and what follows from it: a part of a refund is paid through the one way of all refunds, anything else is booked for itself."""

from datetime import datetime
from uuid import UUID, uuid5

from contracts.identifiers import SubmissionId, derived_event_id
from contracts.refund_v1 import PayoutKind, PayoutPaid
from services.kit import outbox
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection
from services.workflow.adapters import ledger, payouts
from services.workflow.adapters.bookkeeping import Bookkeeper
from services.workflow.adapters.ledger import Entry, EntryKind
from services.workflow.adapters.payouts import PayoutRow, PayoutState, load_payout
from services.workflow.adapters.settlements import Settlements
from services.workflow.money.journal import payout_journal
from services.workflow.ports import ProviderRefund, ProviderState


class PayoutOrderError(Exception):
    """The payout cannot be ended so; ``code`` is ``ended``, ``own_request`` or ``part_of_refund``."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code = code


async def pay(
    conn: Connection, settlements: Settlements, bookkeeper: Bookkeeper, payout_id: UUID, document: str, paid_by: str, at: datetime
) -> PayoutRow:
    """Finance has paid it; ``document`` proves it (R-RFD-15). Raises :class:`PayoutOrderError` or ``PayoutNotFoundError``."""
    payout = await _open(conn, payout_id)
    if payout.row["requested_by"] == paid_by:
        raise PayoutOrderError("own_request", "somebody else in finance must pay what you asked for yourself (R-AUTH-05)")
    await payouts.end(conn, payout, PayoutState.PAID, paid_by, at, document=document)
    if payout.kind is PayoutKind.REFUND:
        await settlements.record(conn, _word(payout, ProviderState.SUCCEEDED, document=document), told_by=paid_by)
    else:
        await _book(conn, bookkeeper, payout, document, paid_by, at)
    return await load_payout(conn, payout_id)


async def fail(conn: Connection, settlements: Settlements, payout_id: UUID, code: str, said_by: str, at: datetime) -> PayoutRow:
    """The bank did not take it. A part of a refund goes back to finance's orders. Raises :class:`PayoutOrderError` or ``PayoutNotFoundError``."""
    payout = await _open(conn, payout_id)
    await payouts.end(conn, payout, PayoutState.FAILED, said_by, at, code=code)
    if payout.kind is PayoutKind.REFUND:
        await settlements.record(conn, _word(payout, ProviderState.FAILED, code=code), told_by=said_by)
    return await load_payout(conn, payout_id)


async def cancel(conn: Connection, payout_id: UUID, code: str, said_by: str, at: datetime) -> PayoutRow:
    """It is not wanted any more. A part of a refund cannot be cancelled, only fail. Raises :class:`PayoutOrderError` or ``PayoutNotFoundError``."""
    payout = await _open(conn, payout_id)
    if payout.kind is PayoutKind.REFUND:
        raise PayoutOrderError(
            "part_of_refund", "the customer is owed this refund: say that the payout failed, then order another way or give it up"
        )
    await payouts.end(conn, payout, PayoutState.CANCELLED, said_by, at, code=code)
    return await load_payout(conn, payout_id)


async def _open(conn: Connection, payout_id: UUID) -> PayoutRow:
    """The payout, locked. The refund it is a part of is locked before it, as wherever both are needed."""
    found = await load_payout(conn, payout_id)
    if found.refund_id is not None:
        await conn.execute("SELECT FROM refunds WHERE refund_id = $1 FOR UPDATE", found.refund_id)
    payout = await load_payout(conn, payout_id, lock=True)
    if payout.state is not PayoutState.REQUESTED:
        raise PayoutOrderError("ended", f"the payout is {payout.state.value} already, by {payout.row['ended_by']}")
    return payout


def _word(payout: PayoutRow, state: ProviderState, *, document: str = "", code: str = "") -> ProviderRefund:
    return ProviderRefund(
        submission_id=SubmissionId(payout.payout_id),
        state=state,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        provider_refund_id=document or None,
        settlement_reference=document or None,
        failure_code=code or None,
    )


async def _book(conn: Connection, bookkeeper: Bookkeeper, payout: PayoutRow, document: str, paid_by: str, at: datetime) -> None:
    row = payout.row
    entry = Entry(
        entry_id=uuid5(payout.payout_id, "ledger/payout_paid"),
        kind=EntryKind.PAYOUT_PAID,
        merchant_id=payout.merchant_id,
        test=row["test"],
        case_id=payout.case_id,
        case_number=row["case_number"],
        order_id=payout.order_id,
        order_number=row["order_number"],
        currency=payout.currency,
        posted_at=at,
        accounting_date=bookkeeper.accounting_date(payout.merchant_id, at),
        journal=payout_journal(payout.kind, payout.amount_minor, row["rule"]),
        payout_id=payout.payout_id,
        document=document,
        reason=row["reason"],
        posted_by=paid_by,
    )
    await ledger.post(conn, entry)
    body = PayoutPaid(
        merchant_id=payout.merchant_id,
        order_id=payout.order_id,
        payout_id=payout.payout_id,
        kind=payout.kind,
        case_id=payout.case_id,
        case_number=row["case_number"],
        order_number=row["order_number"],
        customer_ref=row["customer_ref"],
        currency=payout.currency,
        amount_minor=payout.amount_minor,
        reason=row["reason"],
        rule=row["rule"],
        document=document,
        requested_by=row["requested_by"],
        paid_by=paid_by,
        journal=tuple(entry.journal),
        ledger_entry_id=entry.entry_id,
        accounting_date=entry.accounting_date,
        paid_at=at,
    )
    event_id = derived_event_id(payout.payout_id, body.event_type)
    await outbox.append(conn, OutgoingEvent(body=body, event_id=event_id, occurred_at=at, test=row["test"]))
