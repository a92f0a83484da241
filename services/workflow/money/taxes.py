"""The tax inside an amount given back, by code, so that the parts of a whole line sum to exactly the tax that was charged."""

from collections.abc import Sequence

from contracts.order_v1 import Tax
from contracts.quote import TaxPortion


def tax_portions(taxes: Sequence[Tax], paid_minor: int, before_minor: int, after_minor: int) -> tuple[TaxPortion, ...]:
    """The tax in what was given back between ``before_minor`` and ``after_minor`` of the ``paid_minor`` that a line or freight cost.

    What has been given back so far carries the floor of its share, so a portion is a difference of two floors: never negative, never more than
    the amount, and exact once everything is given back. Several taxes share the sum of their portions in the same way, one after the other.
    """
    if not taxes or paid_minor == 0:
        return ()
    upper = _by_code(taxes, paid_minor, after_minor)
    lower = _by_code(taxes, paid_minor, before_minor)
    return tuple(
        TaxPortion(code=tax.code, rate_ppm=tax.rate_ppm, amount_minor=high - low)
        for tax, high, low in zip(taxes, upper, lower, strict=True)
    )


def _by_code(taxes: Sequence[Tax], paid_minor: int, given_minor: int) -> list[int]:
    open_tax = sum(tax.amount_minor for tax in taxes)
    open_share = open_tax * given_minor // paid_minor
    shares = []
    for tax in taxes:
        share = tax.amount_minor * open_share // open_tax if open_tax else 0
        shares.append(share)
        open_tax -= tax.amount_minor
        open_share -= share
    return shares
