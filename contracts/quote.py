"""What a refund comes to, and why: request, what went before, and the quote that explains each cent."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import AmountMinor, CurrencyCode, Model, Quantity
from contracts.fees import Fee

DiscountRule = Literal["stays", "moves_to_kept", "recomputed"]
"""What becomes of the order's discounts where a part of the goods is given back; shops rightly differ.

- ``stays``: the share of a discount stays with each unit, returned or kept (R-RFD-05).
- ``moves_to_kept``: the whole discount moves onto the units that are kept, as far as their price can bear it: returned units come back at their
  price before the discount.
- ``recomputed``: the discount is what it would have been on the kept goods alone. Where its condition no longer holds it falls to a lower tier or
  is lost, and the lost part is held back from the refund, never below zero; it is given back once those goods come back, too.
"""


class RefundUnits(Model):
    """Give back what was paid for some units of a line. Their ordinals follow from how many went before (R-RFD-06).

    ``amount_minor`` is a part of it that was agreed for all ``quantity`` units together, such as a supervisor's partial refund (R-RTN-05); never
    more than the whole. The units are settled by it: what was not agreed stays on the line, for an item that names it.
    """

    kind: Literal["units"] = "units"
    line_id: str
    quantity: Quantity
    amount_minor: AmountMinor | None = None
    shipment_id: str | None = None
    """Take the units of this shipment only; left out, any units of the line."""


class CompensateUnits(Model):
    """Money for units the customer keeps (R-COMP-07): ``amount_minor`` for all ``quantity`` units together.

    ``reason`` ``price_difference`` says that the units now cost less, as after an exchange for something cheaper (R-EXC-03): it is booked as a lower
    price, and divided by what is left on the units instead of evenly.
    """

    kind: Literal["compensation"] = "compensation"
    line_id: str
    quantity: Quantity
    amount_minor: AmountMinor
    shipment_id: str | None = None
    """Units of this shipment only; left out, any units of the line."""
    reason: Literal["compensation", "price_difference"] = "compensation"


class CompensateShipment(Model):
    """Money for a shipment that is kept, such as one that came late: divided over what is left on its units, and on its freight if asked.

    Never more than what is left of them (R-RFD-03). Divided by largest remainder, in proportion to what is left (R-COMP-13).
    """

    kind: Literal["shipment"] = "shipment"
    shipment_id: str
    amount_minor: AmountMinor
    with_freight: bool = False


class CompensateOrder(Model):
    """Goodwill on the whole order: divided over what is left on the kept units of every line, and on all freight if asked (R-COMP-07, R-RFD-03)."""

    kind: Literal["order"] = "order"
    amount_minor: AmountMinor
    with_freight: bool = False


class RefundFreight(Model):
    """Give back outbound freight of one charge: all that is left of it, or ``amount_minor`` (R-FRT-12)."""

    kind: Literal["freight"] = "freight"
    freight_id: str
    amount_minor: AmountMinor | None = None


class RefundShipmentFreight(Model):
    """Give back all that is left of the outbound freight of one shipment, whatever charges it has (R-FRT-12)."""

    kind: Literal["shipment_freight"] = "shipment_freight"
    shipment_id: str


class RefundEverything(Model):
    """Give back every kept unit and all that is left of the freight. Stands alone: every other item would ask for a part of it twice.

    What an agreed partial refund left on units that are settled is not part of it (R-RTN-05).
    """

    kind: Literal["everything"] = "everything"


RefundItem = Annotated[
    RefundUnits | CompensateUnits | RefundFreight | CompensateShipment | CompensateOrder | RefundShipmentFreight | RefundEverything,
    Field(discriminator="kind"),
]


class QuoteStep(Model):
    """One step of an explanation: what was added or taken away, by which rule. Amounts are signed."""

    label: str
    rule: str
    amount_minor: int


class TaxPortion(Model):
    """The tax inside (or on top of) a quoted line, by rate."""

    code: str
    rate_ppm: int
    amount_minor: int


class Deduction(Model):
    """Something held back from a refund, such as return freight the customer bears (R-FRT-09), with the rule that allows it.

    In a quote ``amount_minor`` is what was held back in fact, ``steps`` (which sum to it) how a fee came to that, and ``taxes`` the tax inside it
    where the fee is taxed on its own. In a request ``steps`` are left out, and ``taxes`` say the rates only: what they come to is worked out.
    """

    code: str
    rule: str
    amount_minor: AmountMinor
    steps: tuple[QuoteStep, ...] = ()
    taxes: tuple[TaxPortion, ...] = ()


class RefundRequest(Model):
    """What to refund of an order, in the order's currency.

    Items are worked through in their order. ``deductions`` are amounts to hold back; ``fees`` are charges that the policy lets the merchant keep,
    worked out on the goods of this request. Both come off the whole, in that order, and never push it below zero (R-FRT-09).
    """

    currency: CurrencyCode
    items: Annotated[tuple[RefundItem, ...], Field(min_length=1)]
    deductions: tuple[Deduction, ...] = ()
    fees: tuple[Fee, ...] = ()
    discount_rule: DiscountRule = "stays"


class UnitRun(Model):
    """Consecutive units of a line, numbered from 1, that were treated alike. ``amount_minor`` is what each of them got."""

    first: Annotated[int, Field(ge=1)]
    count: Quantity
    amount_minor: AmountMinor


class PriorUnits(Model):
    """Consecutive units of a line that were treated alike: given back or not, and the compensation that each of them got (R-COMP-13).

    ``discount_moved_minor`` is the part of ``compensated_minor`` that is an order discount moved onto them.
    """

    first: Annotated[int, Field(ge=1)]
    count: Quantity
    refunded: bool = False
    compensated_minor: AmountMinor = 0
    discount_moved_minor: AmountMinor = 0


class PriorLine(Model):
    """What was already given back on a line, reserved refunds included.

    ``units`` says which units got what. It may be left out for a line that had refunds only or compensation only; once it had both, nobody could
    tell what a compensated unit is still worth (R-RFD-04). ``discount_held_minor`` is what was held back from its refunds because an order discount
    was lost, less what was given back of that since.
    """

    line_id: str
    units_refunded: Annotated[int, Field(ge=0)] = 0
    refunded_minor: AmountMinor = 0
    units_compensated: Annotated[int, Field(ge=0)] = 0
    compensated_minor: AmountMinor = 0
    units: tuple[PriorUnits, ...] = ()
    discount_held_minor: int = 0


class PriorFreight(Model):
    """What was already given back of a freight charge."""

    freight_id: str
    refunded_minor: AmountMinor = 0


class PriorPayment(Model):
    """What was already given back, or is reserved, on a payment (what was refunded elsewhere is in the order)."""

    payment_id: str
    refunded_minor: AmountMinor = 0


class PriorRefunds(Model):
    """Everything given back or reserved on an order before this quote."""

    lines: tuple[PriorLine, ...] = ()
    freight: tuple[PriorFreight, ...] = ()
    payments: tuple[PriorPayment, ...] = ()

    def line(self, line_id: str) -> PriorLine:
        """What went before on a line."""
        return next((line for line in self.lines if line.line_id == line_id), PriorLine(line_id=line_id))


class QuoteLine(Model):
    """What is refunded for one item, with the steps that lead to it; the steps sum to ``amount_minor``.

    ``units`` says which units of the line it is for, and what each got before a limit of the line or the order was applied to the whole.
    ``cause`` says why a line is there: because the request asked for it, because units now cost less (R-EXC-03), or because an order discount moved
    onto kept units or was given back after it had been held back. ``discount_held_minor`` is what of a lost order discount was held back from this
    line; negative where that is given back.
    """

    kind: Literal["units", "compensation", "freight"]
    line_id: str | None = None
    freight_id: str | None = None
    quantity: int = 0
    amount_minor: AmountMinor
    taxes: tuple[TaxPortion, ...] = ()
    steps: tuple[QuoteStep, ...] = ()
    units: tuple[UnitRun, ...] = ()
    cause: Literal["asked", "price_difference", "discount_moved", "discount_restored"] = "asked"
    discount_held_minor: int = 0


class AppliedCap(Model):
    """A limit that was looked at: what it allows and what was asked against it."""

    name: str
    rule: str
    limit_minor: int
    asked_minor: int
    reduced: bool


class Allocation(Model):
    """The part of a refund that goes back to one payment (R-RFD-07)."""

    payment_id: str
    provider: str
    provider_reference: str
    method: str
    amount_minor: AmountMinor


class JournalLine(Model):
    """One line of a balanced entry: debit positive, credit negative; the lines of an entry sum to zero.

    ``account`` is a code of the chart of accounts (docs/finance.md). ``tax_rate_ppm`` is the rate on lines of tax, parts per million.
    """

    account: str
    amount_minor: int
    memo: str = ""
    tax_rate_ppm: int | None = None


class Quote(Model):
    """What a refund comes to.

    ``amount_minor`` = sum of the lines minus the deductions = sum of the allocations. ``journal`` is the entry that books it once settled.
    """

    currency: CurrencyCode
    amount_minor: AmountMinor
    lines: tuple[QuoteLine, ...]
    deductions: tuple[Deduction, ...] = ()
    allocations: tuple[Allocation, ...]
    caps: tuple[AppliedCap, ...] = ()
    journal: tuple[JournalLine, ...]
    discount_rule: DiscountRule = "stays"
