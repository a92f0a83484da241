"""Amounts as people read them: the exponent of the currency decides where the point goes, and nothing is ever converted to a float."""

from iso4217 import Currency

USUAL_EXPONENT = 2


def exponent_of(currency: str) -> int:
    """How many decimal places a currency has: 0 for JPY, 2 for GBP, 3 for KWD (ISO 4217). Two where the standard does not know the code."""
    try:
        exponent = Currency(currency).exponent
    except ValueError:
        return USUAL_EXPONENT
    return 0 if exponent is None else int(exponent)


def in_words(amount_minor: int, currency: str) -> str:
    """Such as ``GBP 12.75``, ``-JPY 300``, ``KWD 1.250``."""
    exponent = exponent_of(currency)
    whole, rest = divmod(abs(amount_minor), 10**exponent)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{currency} {whole:,}" + (f".{rest:0{exponent}d}" if exponent else "")
