"""Credit notes: issued in the transaction that settles a refund, with a number that has no gap (R-RFD-12).

The merchant's row of the last number stays locked until that transaction ends, so that a number is given only with its note, in the order of commit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from contracts.credit_note import CreditedPayment, IssuedCreditNote
from contracts.identifiers import MerchantId
from contracts.merchant import Merchant
from services.kit.clock import utc_now
from services.kit.postgres import Connection
from services.kit.writing import write
from services.workflow.adapters.packing import PACKING
from services.workflow.adapters.refund_rows import RefundRow
from services.workflow.money.credit_note import credit_note_of


@dataclass(frozen=True, slots=True)
class Issuer:
    """What a merchant's notes are headed with, kept with each note since it may change. A merchant that is no longer configured has its id only."""

    merchant_id: MerchantId
    name: str
    address: tuple[str, ...]
    prefix: str

    @classmethod
    def of(cls, merchant_id: MerchantId, merchant: Merchant | None) -> "Issuer":
        """The issuer of a merchant's notes."""
        if merchant is None:
            return cls(merchant_id, merchant_id, (), "C")
        place = merchant.return_address
        return cls(merchant_id, merchant.name, (*place.lines, place.postcode, place.country), merchant.case_number_prefix)


async def issue(
    conn: Connection, refund: RefundRow, issuer: Issuer, payments: Sequence[CreditedPayment], dated: Callable[[datetime], date]
) -> IssuedCreditNote:
    """Issue the credit note of a refund that is settled for the first time. ``dated`` gives a moment's date in the merchant's time zone."""
    numbered = await _numbered(conn, refund, issuer, "CN")
    issued_at = utc_now()  # with the number in hand: dates follow numbers
    note = IssuedCreditNote(
        **numbered,
        merchant_name=issuer.name,
        merchant_address=issuer.address,
        refund_id=refund.refund_id,
        case_number=refund.row["case_number"],
        order_number=refund.row["order_number"],
        customer_ref=refund.row["customer_ref"],
        reason=refund.reason,
        locale=refund.row["locale"],
        issued_on=dated(issued_at),
        issued_at=issued_at,
        note=credit_note_of(refund.quote()),
        payments=tuple(payments),
    )
    await _keep(conn, note)
    return note


async def cancel(conn: Connection, refund: RefundRow, issuer: Issuer, dated: Callable[[datetime], date]) -> IssuedCreditNote | None:
    """Take a refund's credit note back, by a document with a number of its own. None where it had none."""
    document = await conn.fetchval("SELECT document FROM credit_notes WHERE refund_id = $1 AND kind = 'credit_note'", refund.refund_id)
    if document is None:
        return None
    cancelled = IssuedCreditNote.model_validate(PACKING.unpack(document))
    numbered = await _numbered(conn, refund, issuer, "CX")
    issued_at = utc_now()
    note = cancelled.model_copy(
        update={**numbered, "kind": "cancellation", "cancels": cancelled.number, "issued_on": dated(issued_at), "issued_at": issued_at}
    )
    await _keep(conn, note)
    return note


async def _numbered(conn: Connection, refund: RefundRow, issuer: Issuer, series: str) -> dict[str, Any]:
    sequence = await conn.fetchval(_NEXT, issuer.merchant_id, refund.test)
    number = f"{'TEST-' if refund.test else ''}{issuer.prefix}{series}-{sequence:06d}"
    return {"number": number, "sequence": sequence, "merchant_id": issuer.merchant_id, "test": refund.test}


async def _keep(conn: Connection, note: IssuedCreditNote) -> None:
    await write(
        conn,
        _KEEP,
        note.merchant_id,
        note.test,
        note.sequence,
        note.number,
        note.kind,
        note.refund_id,
        note.issued_on,
        note.issued_at,
        PACKING.pack(note),
    )


_NEXT = """
INSERT INTO credit_note_numbers AS n (merchant_id, test, last_sequence) VALUES ($1, $2, 1)
ON CONFLICT (merchant_id, test) DO UPDATE SET last_sequence = n.last_sequence + 1 RETURNING last_sequence
"""

_KEEP = """
INSERT INTO credit_notes (merchant_id, test, sequence, number, kind, refund_id, issued_on, issued_at, document)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
