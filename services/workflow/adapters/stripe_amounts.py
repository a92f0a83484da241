"""Amounts as Stripe writes them (docs.stripe.com/currencies): mostly ISO 4217 minor units, but not in every currency.

Whatever is not listed here has two decimals at Stripe: also ISK and UGX, which have none in ISO 4217 and whose two must then be 0; also HUF and TWD, whose
whole-unit rule is about payouts only.
"""

from iso4217 import Currency

_NO_DECIMALS = frozenset(["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"])
"""Stripe counts these in whole units. The ariary (MGA) has minor units in ISO 4217, which Stripe cannot pay."""
_THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
"""Their last digit must be 0."""


class NotExpressibleError(ValueError):
    """An amount that Stripe cannot pay, or one of Stripe's that has no counterpart in our units."""


def to_stripe(amount_minor: int, currency: str) -> int:
    """The amount for Stripe. ``amount_minor`` in minor units of ``currency`` (ISO 4217). Raises :class:`NotExpressibleError`."""
    amount = _shifted(amount_minor, _stripe_exponent(currency) - _exponent(currency), currency)
    if currency in _THREE_DECIMALS and amount % 10:
        raise NotExpressibleError(f"Stripe takes {currency} in tens of its minor unit, not {amount_minor}")
    return amount


def from_stripe(amount: int, currency: str) -> int:
    """Our minor units of an amount in Stripe's. ``currency`` in capitals. Raises :class:`NotExpressibleError`."""
    return _shifted(amount, _exponent(currency) - _stripe_exponent(currency), currency)


def _stripe_exponent(currency: str) -> int:
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def _exponent(currency: str) -> int:
    try:
        exponent: int | None = Currency(currency).exponent
    except ValueError:
        exponent = None
    if exponent is None:
        raise NotExpressibleError(f"{currency} is no currency of ISO 4217 with minor units")
    return exponent


def _shifted(amount: int, places: int, currency: str) -> int:
    if places >= 0:
        return amount * int(10**places)
    whole, rest = divmod(amount, int(10**-places))
    if rest:
        raise NotExpressibleError(f"{amount} {currency} is not whole in the other side's units")
    return whole
