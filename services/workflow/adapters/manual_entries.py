"""Entries that finance posts itself: corrections, carrier claims, differences written off. Booked and told like any other."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from contracts.identifiers import derived_event_id, merchant_namespace
from contracts.quote import JournalLine
from contracts.refund_v1 import EntryPosted
from services.kit import outbox
from services.kit.outbox import OutgoingEvent
from services.kit.postgres import Connection
from services.workflow.adapters import ledger
from services.workflow.adapters.bookkeeping import Bookkeeper
from services.workflow.adapters.ledger import Entry, EntryKind
from services.workflow.money.accounts import account_of
from services.workflow.money.journal import balance_minor
from services.workflow.ports import CaseHeader


class EntryRefusedError(ValueError):
    """The entry cannot be booked; ``code`` is ``unbalanced``, ``empty_line`` or ``document_used``."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code = code


async def post_manual(
    conn: Connection,
    bookkeeper: Bookkeeper,
    header: CaseHeader,
    journal: Sequence[JournalLine],
    *,
    document: str,
    reason: str,
    posted_by: str,
    at: datetime,
) -> UUID:
    """Post an entry about a case. A document of a merchant is booked once, whoever sends it. Returns the id of the entry.

    Raises :class:`EntryRefusedError`, or ``UnknownAccountError`` for an account that the chart does not have.
    """
    for line in journal:
        account_of(line.account)
        if not line.amount_minor:
            raise EntryRefusedError("empty_line", f"the line of {line.account} moves nothing: leave it out")
    if rest := balance_minor(journal):
        raise EntryRefusedError("unbalanced", f"debits and credits differ by {rest} minor units: they must sum to zero")
    entry_id = uuid5(merchant_namespace(header.merchant_id), f"entry/{document}")
    if await conn.fetchval("SELECT true FROM ledger_entries WHERE entry_id = $1", entry_id):
        raise EntryRefusedError("document_used", f"document {document} was booked before, as entry {entry_id}")
    entry = Entry(
        entry_id=entry_id,
        kind=EntryKind.MANUAL,
        merchant_id=header.merchant_id,
        test=header.test,
        case_id=header.case_id,
        case_number=header.case_number,
        order_id=header.order_id,
        order_number=header.order_number,
        currency=header.currency,
        posted_at=at,
        accounting_date=bookkeeper.accounting_date(header.merchant_id, at),
        journal=journal,
        document=document,
        reason=reason,
        posted_by=posted_by,
    )
    await ledger.post(conn, entry)
    body = EntryPosted(
        merchant_id=header.merchant_id,
        order_id=header.order_id,
        case_id=header.case_id,
        case_number=header.case_number,
        order_number=header.order_number,
        currency=header.currency,
        reason=reason,
        document=document,
        posted_by=posted_by,
        journal=tuple(journal),
        ledger_entry_id=entry_id,
        accounting_date=entry.accounting_date,
        posted_at=at,
    )
    event = OutgoingEvent(body=body, event_id=derived_event_id(entry_id, body.event_type), occurred_at=at, test=header.test)
    await outbox.append(conn, event)
    return entry_id
