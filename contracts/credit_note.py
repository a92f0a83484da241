"""The credit note of a refund: what is credited line by line, net, tax by rate and gross, and what was kept back (R-RFD-12)."""

from typing import Literal

from contracts.base import CurrencyCode, Model
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
