"""The chart of accounts: what each account is for, in a bookkeeper's words, with a number to map to the shop's own chart.

An account code is what journal lines carry. Codes with a colon are families: ``clearing:sandbox`` is the account of one provider within ``clearing``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

PAYOUT = "payout"
"""The name of the payout channel where a provider's name stands (R-RFD-15)."""


class AccountKind(StrEnum):
    """Where an account stands in the accounts of a shop. Credit accounts are those whose usual balance is negative."""

    ASSET = "asset"
    LIABILITY = "liability"
    REVENUE_REDUCTION = "revenue reduction"
    INCOME = "income"
    EXPENSE = "expense"


@dataclass(frozen=True, slots=True)
class Account:
    """One account, or a family of them (``member`` is then what stands after the colon)."""

    number: int
    code: str
    name: str
    kind: AccountKind
    meaning: str
    member: str = ""


CHART = (
    Account(1200, "clearing", "Payment provider clearing", AccountKind.ASSET, "What a payment provider has paid back and settles with the shop", "provider"),
    Account(1210, "clearing.payout", "Payout channel", AccountKind.ASSET, "What finance paid out itself (R-RFD-15)"),
    Account(1300, "carrier.claims", "Carrier claims receivable", AccountKind.ASSET, "Claimed from carriers and not paid yet (R-CLM-03)"),
    Account(2100, "refunds.payable", "Refunds owed to customers", AccountKind.LIABILITY, "Refunds that came back and are to be paid again"),
    Account(2200, "returns.tax", "Tax credited", AccountKind.LIABILITY, "Tax in what was given back, by code and rate", "tax code"),
    Account(2210, "withheld.tax", "Tax on fees kept", AccountKind.LIABILITY, "Tax in fees that were kept back, by code and rate", "tax code"),
    Account(4100, "returns.goods", "Goods given back", AccountKind.REVENUE_REDUCTION, "Price of returned or missing units, net of tax"),
    Account(4110, "returns.price_differences", "Price differences", AccountKind.REVENUE_REDUCTION, "Units that now cost less (R-EXC-03), net of tax"),
    Account(4120, "returns.freight", "Freight given back", AccountKind.REVENUE_REDUCTION, "Outbound freight refunded (R-FRT-12), net of tax"),
    Account(4130, "returns.compensation", "Compensation", AccountKind.REVENUE_REDUCTION, "Money for units the customer keeps (R-COMP-07), net of tax"),
    Account(4300, "withheld", "Fees kept", AccountKind.INCOME, "What was kept back from refunds, net of tax", "fee"),
    Account(4400, "carrier.recoveries", "Carrier recoveries", AccountKind.INCOME, "What carriers owe for lost or damaged goods (R-CLM-03)"),
    Account(6200, "freight.topup", "Return freight borne", AccountKind.EXPENSE, "The shop's share of return freight (R-FRT-14)"),
    Account(6300, "compensation.ceiling", "Compensation beyond the order", AccountKind.EXPENSE, "Compensation up to the ceiling (R-COMP-10)"),
    Account(6310, "legal.settlements", "Legal settlements", AccountKind.EXPENSE, "Settlements outside the order (R-DEC-39)"),
    Account(6900, "reconciliation.differences", "Reconciliation differences", AccountKind.EXPENSE, "Differences that were looked into and written off"),
)  # fmt: skip

_BY_CODE = {account.code: account for account in CHART}


class UnknownAccountError(ValueError):
    """The chart has no such account."""

    def __init__(self, code: str, known: Iterable[str]) -> None:
        super().__init__(f"the chart of accounts has no {code!r}; it has: {', '.join(known)}")
        self.code = code


def account_of(code: str) -> Account:
    """The account, or the family, that a code belongs to. Raises :class:`UnknownAccountError`."""
    family, colon, member = code.partition(":")
    account = _BY_CODE.get(family)
    if account is None or bool(colon) != bool(account.member) or bool(colon) != bool(member):
        raise UnknownAccountError(code, (f"{each.code}:<{each.member}>" if each.member else each.code for each in CHART))
    return account


def account_name(code: str) -> str:
    """The name to print: that of the account, with the member of a family behind it. Codes the chart does not have are printed as they are."""
    try:
        account = account_of(code)
    except UnknownAccountError:
        return code
    _, _, member = code.partition(":")
    return f"{account.name}: {member}" if member else account.name


def account_number(code: str) -> str:
    """The number to print before the name, empty for a code the chart does not have."""
    try:
        return str(account_of(code).number)
    except UnknownAccountError:
        return ""


def clearing_account(provider: str) -> str:
    """The clearing account of a payment provider, or of the payout channel."""
    return "clearing.payout" if provider == PAYOUT else f"clearing:{provider}"
