"""An exchange with its price difference: what comes back, what goes out instead, and who owes whom how much (R-EXC-03, R-STK-06)."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import AmountMinor, CurrencyCode, Model, Quantity
from contracts.fees import Fee, FeeTax
from contracts.quote import Quote, QuoteStep, RefundRequest, TaxPortion


class ExchangedUnits(Model):
    """Units of a line that are exchanged. They count with what was paid for them, less what was given back on them before (R-RFD-04)."""

    line_id: str
    quantity: Quantity
    shipment_id: str | None = None


class Replacement(Model):
    """New goods. ``unit_amount_minor`` is a unit's list price on the order's own basis: tax included or on top, as the order has it.

    ``percent_off`` is taken off the unit's price first, ``price * (100 - percent_off) // 100`` (R-STK-06), then ``discount_minor`` off the whole.
    """

    sku: Annotated[str, Field(min_length=1, max_length=120)]
    quantity: Quantity
    unit_amount_minor: AmountMinor
    percent_off: Annotated[int, Field(ge=0, le=100)] = 0
    discount_minor: AmountMinor = 0
    taxes: tuple[FeeTax, ...] = ()


class ExchangeRequest(Model):
    """What is exchanged for what, in the order's currency. ``fees`` are charges on top, such as freight the customer bears (R-FRT-08).

    ``tax_rounding`` says how the tax of new goods is rounded to whole minor units, per replacement and rate.
    """

    currency: CurrencyCode
    returned: Annotated[tuple[ExchangedUnits, ...], Field(min_length=1)]
    replacements: Annotated[tuple[Replacement, ...], Field(min_length=1)]
    fees: tuple[Fee, ...] = ()
    tax_rounding: Literal["down", "half_up", "up"] = "half_up"


class ReplacementPrice(Model):
    """What new goods cost: ``gross_minor`` with ``taxes`` in it, and the steps that sum to it."""

    sku: str
    quantity: int
    gross_minor: AmountMinor
    taxes: tuple[TaxPortion, ...] = ()
    steps: tuple[QuoteStep, ...] = ()


class ExchangeQuote(Model):
    """What an exchange comes to.

    ``difference_minor`` = new goods + fees - value of the returned units. Where it is above zero, ``to_collect_minor`` is paid before shipping; where
    it is below, the customer gets ``to_refund_minor``. Zero is an even exchange: no money moves. Where the new goods are cheaper, ``request`` and
    ``quote`` book that as a lower price of the units, which the new goods replace on the order, with the fees held back. ``steps`` sum to
    ``difference_minor``; ``taxes`` is the tax in the goods' difference by code, signed alike.
    """

    currency: CurrencyCode
    returned_minor: AmountMinor
    replacements: tuple[ReplacementPrice, ...]
    fees_minor: AmountMinor = 0
    difference_minor: int
    to_collect_minor: AmountMinor = 0
    to_refund_minor: AmountMinor = 0
    taxes: tuple[TaxPortion, ...] = ()
    steps: tuple[QuoteStep, ...] = ()
    request: RefundRequest | None = None
    quote: Quote | None = None
