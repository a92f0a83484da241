"""What new goods cost: price per unit, percentage off, discount, and the tax inside or on top."""

from contracts.exchange import Replacement, ReplacementPrice
from contracts.quote import QuoteStep, TaxPortion
from services.workflow.money.errors import OrderMoneyError
from services.workflow.money.rounding import Rounding, percent, rounded

MILLION = 1_000_000


def substitute_price_minor(price_minor: int, percent_off: int) -> int:
    """The price of a substitute, rounded down to the minor unit: ``price * (100 - percent_off) // 100`` (R-STK-06)."""
    if not 0 <= percent_off <= 100:  # noqa: PLR2004 - a percentage ends at 100
        raise ValueError(f"{percent_off} % off is impossible: between 0 and 100")
    return price_minor * (100 - percent_off) // 100


def replacement_price(new: Replacement, *, tax_included: bool, rounding: Rounding) -> ReplacementPrice:
    """The price of one kind of new goods in minor units, each step explained.

    Tax is worked out per rate on the whole: inside the price, ``price * rate / (1 + all rates)``, or on top of it. Raises ``OrderMoneyError`` where
    the discount is more than the goods cost.
    """
    unit = substitute_price_minor(new.unit_amount_minor, new.percent_off)
    price = unit * new.quantity - new.discount_minor
    if price < 0:
        raise OrderMoneyError(
            f"request.replacements {new.sku}: discount_minor is more than the goods cost ({unit * new.quantity}): lower it"
        )
    rates = sum(tax.rate_ppm for tax in new.taxes)
    base = MILLION + rates if tax_included else MILLION
    open_tax = price
    taxes = []
    for tax in new.taxes:
        part = rounded(price * tax.rate_ppm, base, rounding)
        part = min(part, open_tax) if tax_included else part
        open_tax -= part
        taxes.append(TaxPortion(code=tax.code, rate_ppm=tax.rate_ppm, amount_minor=part))
    listed = new.unit_amount_minor * new.quantity
    steps = [
        ("list price", "R-EXC-03", listed),
        (f"{new.percent_off} % off each unit, rounded down", "R-STK-06", unit * new.quantity - listed),
        ("discount", "R-EXC-03", -new.discount_minor),
        *((f"tax on top: {tax.code} {percent(tax.rate_ppm)}", "R-EXC-03", 0 if tax_included else tax.amount_minor) for tax in taxes),
    ]
    return ReplacementPrice(
        sku=new.sku,
        quantity=new.quantity,
        gross_minor=sum(amount for _, _, amount in steps),
        taxes=tuple(taxes),
        steps=tuple(QuoteStep(label=label, rule=rule, amount_minor=amount) for label, rule, amount in steps if amount),
    )
