"""The credit note of a refund, from its quote: net, tax by rate, gross (R-RFD-12)."""

from collections.abc import Iterable
from typing import Literal

from contracts.credit_note import CreditNote, CreditNoteLine
from contracts.quote import Deduction, Quote, QuoteLine, TaxPortion

KINDS: dict[str, Literal["goods", "compensation", "freight"]] = {"units": "goods", "compensation": "compensation", "freight": "freight"}
TEXTS = {
    "price_difference": "units that now cost less",
    "discount_moved": "order discount moved onto kept units",
    "discount_restored": "order discount no longer held back",
}
BY_KIND = {"units": "goods given back", "compensation": "compensation for kept goods", "freight": "outbound freight"}


def credit_note_of(quoted: Quote) -> CreditNote:
    """The credit note lines of a quote, in minor units of its currency; ``gross_minor`` is the quote's amount.

    Whether prices include tax does not matter here: every line is net plus tax. A fee that was kept back is a line with negative amounts. Without
    a tax of its own it is outside the scope of tax, as damages are: the goods are credited in full, with all their tax. With one it is a service of
    the shop, and its tax comes off the tax that is credited. Lines that come to nothing are left out.
    """
    lines = [_line(line) for line in quoted.lines if line.amount_minor]
    lines.extend(_fee(each) for each in quoted.deductions if each.amount_minor)
    return CreditNote(
        currency=quoted.currency,
        lines=tuple(lines),
        net_minor=sum(line.net_minor for line in lines),
        taxes=_totals(tax for line in lines for tax in line.taxes),
        gross_minor=sum(line.gross_minor for line in lines),
    )


def _line(line: QuoteLine) -> CreditNoteLine:
    return CreditNoteLine(
        kind=KINDS[line.kind],
        reference=line.freight_id or line.line_id or "",
        text=TEXTS.get(line.cause) or BY_KIND[line.kind],
        quantity=line.quantity,
        net_minor=line.amount_minor - sum(tax.amount_minor for tax in line.taxes),
        taxes=line.taxes,
        gross_minor=line.amount_minor,
    )


def _fee(held: Deduction) -> CreditNoteLine:
    taxes = tuple(tax.model_copy(update={"amount_minor": -tax.amount_minor}) for tax in held.taxes)
    return CreditNoteLine(
        kind="fee",
        reference=held.code,
        text=f"kept back ({held.rule})",
        net_minor=-held.amount_minor - sum(tax.amount_minor for tax in taxes),
        taxes=taxes,
        gross_minor=-held.amount_minor,
    )


def _totals(portions: Iterable[TaxPortion]) -> tuple[TaxPortion, ...]:
    sums: dict[tuple[str, int], int] = {}
    for tax in portions:
        sums[tax.code, tax.rate_ppm] = sums.get((tax.code, tax.rate_ppm), 0) + tax.amount_minor
    return tuple(TaxPortion(code=code, rate_ppm=rate, amount_minor=amount) for (code, rate), amount in sums.items())
