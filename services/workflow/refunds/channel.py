"""Which way money goes back: to the payment it came from (R-RFD-02), or by the payout channel where that payment cannot take it (R-RFD-15)."""

from contracts.quote import Allocation
from services.workflow.money.accounts import PAYOUT

CASH_METHODS = frozenset({"cash_on_delivery", "cod", "cash"})
"""Methods of payment that nothing can be paid back to: the customer gave cash."""


def channel_of(allocation: Allocation) -> str:
    """The provider that pays a part of a refund back."""
    return PAYOUT if allocation.method in CASH_METHODS else allocation.provider
