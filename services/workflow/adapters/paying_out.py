"""How a payout ends, and what follows from it: a part of a refund is paid through the one way of all refunds, anything else is booked for itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from contracts.identifiers import SubmissionId, derived_event_id
from contracts.quote import JournalLine
from contracts.refund_v1 import PayoutKind, PayoutPaid, PayoutReturned
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
    """The payout cannot be ended so; ``code`` is ``ended``, ``not_paid``, ``own_request`` or ``part_of_refund``."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code = code


async def pay(
    conn: Connection, settlements: Settlements, bookkeeper: Bookkeeper, payout_id: UUID, document: str, paid_by: str, at: datetime
) -> PayoutRow:
    """Finance has paid it; ``document`` proves it (R-RFD-15). Raises :class:`PayoutOrderError` or ``PayoutNotFoundError``."""
    payout = await _open(conn, payout_id)
    if payout.row["requested_by"] == paid_by:
        raise PayoutOrderError(
            "own_request", "You asked for it yourself: somebody else in finance, with a token of their own, must pay it (R-AUTH-05)"
        )
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


async def take_back(
    conn: Connection, settlements: Settlements, bookkeeper: Bookkeeper, payout_id: UUID, code: str, said_by: str, at: datetime
) -> PayoutRow:
    """The bank sent the money back. A part of a refund is owed again. Raises :class:`PayoutOrderError` or ``PayoutNotFoundError``."""
    payout = await _locked(conn, payout_id)
    if payout.state is not PayoutState.PAID:
        raise PayoutOrderError("not_paid", f"the payout is {payout.state.value}: only what was paid can come back")
    await payouts.mark_returned(conn, payout, code, said_by, at)
    if payout.kind is PayoutKind.REFUND:
        await settlements.record(conn, _word(payout, ProviderState.FAILED, code=code), told_by=said_by)
    else:
        await _book_returned(conn, bookkeeper, payout, code, said_by, at)
    return await load_payout(conn, payout_id)


async def _locked(conn: Connection, payout_id: UUID) -> PayoutRow:
    """The payout, locked. The refund it is a part of is locked before it, as wherever both are needed."""
    found = await load_payout(conn, payout_id)
    if found.refund_id is not None:
        await conn.execute("SELECT FROM refunds WHERE refund_id = $1 FOR UPDATE", found.refund_id)
    return await load_payout(conn, payout_id, lock=True)


async def _open(conn: Connection, payout_id: UUID) -> PayoutRow:
    payout = await _locked(conn, payout_id)
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
    journal = payout_journal(payout.kind, payout.amount_minor, payout.row["rule"])
    entry = _entry(bookkeeper, payout, EntryKind.PAYOUT_PAID, journal, document, paid_by, at)
    await ledger.post(conn, entry)
    body = PayoutPaid(
        **_common(payout, entry),
        rule=payout.row["rule"],
        requested_by=payout.row["requested_by"],
        paid_by=paid_by,
        paid_at=at,
    )
    await outbox.append(conn, _outgoing(payout, body, at))


async def _book_returned(conn: Connection, bookkeeper: Bookkeeper, payout: PayoutRow, code: str, said_by: str, at: datetime) -> None:
    paid = payout_journal(payout.kind, payout.amount_minor, f"came back: {code}")
    journal = tuple(line.model_copy(update={"amount_minor": -line.amount_minor}) for line in paid)
    entry = _entry(bookkeeper, payout, EntryKind.PAYOUT_RETURNED, journal, payout.row["document"], said_by, at)
    await ledger.post(conn, entry)
    body = PayoutReturned(**{**_common(payout, entry), "reason": code}, returned_by=said_by, returned_at=at)
    await outbox.append(conn, _outgoing(payout, body, at))


def _entry(
    bookkeeper: Bookkeeper, payout: PayoutRow, kind: EntryKind, journal: Sequence[JournalLine], document: str, by: str, at: datetime
) -> Entry:
    return Entry(
        entry_id=uuid5(payout.payout_id, f"ledger/{kind.value}"),
        kind=kind,
        merchant_id=payout.merchant_id,
        test=payout.row["test"],
        case_id=payout.case_id,
        case_number=payout.row["case_number"],
        order_id=payout.order_id,
        order_number=payout.row["order_number"],
        currency=payout.currency,
        posted_at=at,
        accounting_date=bookkeeper.accounting_date(payout.merchant_id, at),
        journal=journal,
        payout_id=payout.payout_id,
        document=document,
        reason=payout.row["reason"],
        posted_by=by,
    )


def _common(payout: PayoutRow, entry: Entry) -> dict[str, Any]:
    """What the events of a payout have in common."""
    return {
        "merchant_id": payout.merchant_id,
        "order_id": payout.order_id,
        "payout_id": payout.payout_id,
        "kind": payout.kind,
        "case_id": payout.case_id,
        "case_number": entry.case_number,
        "order_number": entry.order_number,
        "customer_ref": payout.row["customer_ref"],
        "currency": payout.currency,
        "amount_minor": payout.amount_minor,
        "reason": entry.reason,
        "document": entry.document,
        "journal": tuple(entry.journal),
        "ledger_entry_id": entry.entry_id,
        "accounting_date": entry.accounting_date,
    }


def _outgoing(payout: PayoutRow, body: PayoutPaid | PayoutReturned, at: datetime) -> OutgoingEvent:
    event_id = derived_event_id(payout.payout_id, body.event_type)
    return OutgoingEvent(body=body, event_id=event_id, occurred_at=at, test=payout.row["test"])
