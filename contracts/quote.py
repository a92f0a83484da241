"""What a refund comes to, and why: request, what went before, and the quote that explains each cent."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import AmountMinor, CurrencyCode, Model, Quantity


class RefundUnits(Model):
    """Give back what was paid for some units of a line. Their ordinals follow from how many went before (R-RFD-06).

    ``amount_minor`` is a part of it that was agreed for all ``quantity`` units together, such as a supervisor's partial refund (R-RTN-05); never
    more than the whole. The units are settled by it: what was not agreed stays on the line, for an item that names it.
    """

    kind: Literal["units"] = "units"
    line_id: str
    quantity: Quantity
    amount_minor: AmountMinor | None = None


class CompensateUnits(Model):
    """Money for units the customer keeps (R-COMP-07): ``amount_minor`` for all ``quantity`` units together."""

    kind: Literal["compensation"] = "compensation"
    line_id: str
    quantity: Quantity
    amount_minor: AmountMinor


class RefundFreight(Model):
    """Give back outbound freight of one charge: all that is left of it, or ``amount_minor`` (R-FRT-12)."""

    kind: Literal["freight"] = "freight"
    freight_id: str
    amount_minor: AmountMinor | None = None


RefundItem = Annotated[RefundUnits | CompensateUnits | RefundFreight, Field(discriminator="kind")]


class Deduction(Model):
    """Something held back from a refund, such as return freight the customer bears (R-FRT-09), with the rule that allows it."""

    code: str
    rule: str
    amount_minor: AmountMinor


class RefundRequest(Model):
    """What to refund of an order, in the order's currency."""

    currency: CurrencyCode
    items: Annotated[tuple[RefundItem, ...], Field(min_length=1)]
    deductions: tuple[Deduction, ...] = ()


class UnitRun(Model):
    """Consecutive units of a line, numbered from 1, that were treated alike. ``amount_minor`` is what each of them got."""

    first: Annotated[int, Field(ge=1)]
    count: Quantity
    amount_minor: AmountMinor


class PriorUnits(Model):
    """Consecutive units of a line that were treated alike: given back or not, and the compensation that each of them got (R-COMP-13)."""

    first: Annotated[int, Field(ge=1)]
    count: Quantity
    refunded: bool = False
    compensated_minor: AmountMinor = 0


class PriorLine(Model):
    """What was already given back on a line, reserved refunds included.

    ``units`` says which units got what. It may be left out for a line that had refunds only or compensation only; once it had both, nobody could
    tell what a compensated unit is still worth (R-RFD-04).
    """

    line_id: str
    units_refunded: Annotated[int, Field(ge=0)] = 0
    refunded_minor: AmountMinor = 0
    units_compensated: Annotated[int, Field(ge=0)] = 0
    compensated_minor: AmountMinor = 0
    units: tuple[PriorUnits, ...] = ()


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


class QuoteLine(Model):
    """What is refunded for one item, with the steps that lead to it; the steps sum to ``amount_minor``.

    ``units`` says which units of the line it is for, and what each got before a limit of the line or the order was applied to the whole.
    """

    kind: Literal["units", "compensation", "freight"]
    line_id: str | None = None
    freight_id: str | None = None
    quantity: int = 0
    amount_minor: AmountMinor
    taxes: tuple[TaxPortion, ...] = ()
    steps: tuple[QuoteStep, ...] = ()
    units: tuple[UnitRun, ...] = ()


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
    """One line of a balanced entry: debit positive, credit negative; the lines of an entry sum to zero."""

    account: str
    amount_minor: int
    memo: str = ""


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
