"""What the accounts are called here. A finance system has a chart of its own: this table is the place to map the platform's codes to it."""

from typing import Final

NAMES: Final = {
    "clearing": "Payment provider clearing",
    "clearing.payout": "Payout channel",
    "carrier.claims": "Carrier claims receivable",
    "refunds.payable": "Refunds owed to customers",
    "returns.tax": "Tax credited",
    "withheld.tax": "Tax on fees kept",
    "returns.goods": "Goods given back",
    "returns.price_differences": "Price differences",
    "returns.freight": "Freight given back",
    "returns.compensation": "Compensation",
    "withheld": "Fees kept",
    "carrier.recoveries": "Carrier recoveries",
    "freight.topup": "Return freight borne",
    "compensation.ceiling": "Compensation beyond the order",
    "legal.settlements": "Legal settlements",
    "reconciliation.differences": "Reconciliation differences",
}


def name_of(account: str) -> str:
    """The name of an account; ``clearing:sandbox`` is a member of ``clearing``. A code that is not known here yet is its own name."""
    family, _, member = account.partition(":")
    name = NAMES.get(family)
    if name is None:
        return account
    return f"{name}: {member}" if member else name
