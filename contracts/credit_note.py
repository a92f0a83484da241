"""The credit note of a refund: what is credited line by line, net, tax by rate and gross, and what was kept back (R-RFD-12)."""

from datetime import date
from typing import Literal

from contracts.base import AmountMinor, CurrencyCode, Model, Moment
from contracts.identifiers import CustomerRef, MerchantId, RefundId
from contracts.quote import TaxPortion


class CreditNoteLine(Model):
    """One line: ``net_minor`` plus ``taxes`` make ``gross_minor``. Fees that were kept back are lines with negative amounts."""

    kind: Literal["goods", "compensation", "freight", "fee"]
    reference: str
    """The line id, the freight id, or the code of the fee."""
    text: str
    quantity: int = 0
    net_minor: int
    taxes: tuple[TaxPortion, ...] = ()
    gross_minor: int


class CreditNote(Model):
    """All lines, with the totals by tax code and rate; ``gross_minor`` is what the customer gets: the quote's amount."""

    currency: CurrencyCode
    lines: tuple[CreditNoteLine, ...]
    net_minor: int
    taxes: tuple[TaxPortion, ...]
    gross_minor: int


class CreditedPayment(Model):
    """Where the money of a credit note went: the payment, and the provider's or bank's reference."""

    payment_id: str
    provider: str
    method: str
    reference: str
    amount_minor: AmountMinor


class IssuedCreditNote(Model):
    """A credit note as it was issued. It never changes; what is wrong with one is taken back by a ``cancellation``, which has a number of its own.

    ``number`` is what is printed; ``sequence`` counts from 1 without gaps for each merchant, test and live apart. ``issued_on`` is the date in the
    merchant's time zone. ``cancels`` is the number of the note that a cancellation takes back; its amounts are those of that note.
    """

    kind: Literal["credit_note", "cancellation"] = "credit_note"
    number: str
    sequence: int
    cancels: str | None = None
    merchant_id: MerchantId
    merchant_name: str
    merchant_address: tuple[str, ...] = ()
    test: bool
    refund_id: RefundId
    case_number: str
    order_number: str
    customer_ref: CustomerRef
    reason: str
    locale: str
    issued_on: date
    issued_at: Moment
    note: CreditNote
    payments: tuple[CreditedPayment, ...] = ()
