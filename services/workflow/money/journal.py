"""The double entry that books a refund: debits positive, credits negative, in sum zero.

Accounts, net of tax: ``returns.goods`` for goods given back (order discounts that a return moves included), ``returns.compensation``,
``returns.price_differences`` for units that now cost less, ``returns.freight``; ``returns.tax:<code>`` for the tax in all of them. What was held back
is ``withheld:<code>``, with ``withheld.tax:<code>`` where a fee is taxed; ``clearing:<provider>`` is what the payment provider pays out. Freight that
the merchant pays beside the refund (R-FRT-14) is ``freight.topup`` against ``clearing.payout``.
"""

from collections.abc import Iterable

from contracts.quote import Allocation, Deduction, JournalLine, QuoteLine

ACCOUNTS = {"units": "returns.goods", "compensation": "returns.compensation", "freight": "returns.freight"}
BY_CAUSE = {"price_difference": "returns.price_differences", "discount_moved": "returns.goods", "discount_restored": "returns.goods"}
MEMOS = {
    "price_difference": ": now costs less",
    "discount_moved": ": order discount moved onto kept units",
    "discount_restored": ": order discount no longer held back",
}


def journal_of(lines: Iterable[QuoteLine], deductions: Iterable[Deduction], allocations: Iterable[Allocation]) -> tuple[JournalLine, ...]:
    """The entry of a refund of ``lines``, with ``deductions`` held back, paid by ``allocations``."""
    entry: list[tuple[str, int, str]] = []
    for line in lines:
        memo = f"freight {line.freight_id}" if line.kind == "freight" else f"line {line.line_id}{MEMOS.get(line.cause, '')}"
        net = line.amount_minor - sum(tax.amount_minor for tax in line.taxes)
        entry.append((BY_CAUSE.get(line.cause) or ACCOUNTS[line.kind], net, memo))
        entry.extend((f"returns.tax:{tax.code}", tax.amount_minor, memo) for tax in line.taxes)
    for each in deductions:
        tax = sum(portion.amount_minor for portion in each.taxes)
        entry.append((f"withheld:{each.code}", tax - each.amount_minor, each.rule))
        entry.extend((f"withheld.tax:{portion.code}", -portion.amount_minor, f"{each.rule} {each.code}") for portion in each.taxes)
    entry.extend((f"clearing:{each.provider}", -each.amount_minor, f"payment {each.payment_id}") for each in allocations)
    return tuple(JournalLine(account=account, amount_minor=amount, memo=memo) for account, amount, memo in entry if amount)


def topup_journal(amount_minor: int, waybill: str) -> tuple[JournalLine, ...]:
    """The entry of the merchant's share of return freight: a payout of its own, which counts against no cap of the order (R-FRT-14, R-RFD-15)."""
    memo = f"return parcel {waybill}"
    entry = (("freight.topup", amount_minor), ("clearing.payout", -amount_minor))
    return tuple(JournalLine(account=account, amount_minor=amount, memo=memo) for account, amount in entry if amount)


def reversal_of(entry: Iterable[JournalLine]) -> tuple[JournalLine, ...]:
    """The entry that takes another back, for a refund the provider returned after it was settled."""
    return tuple(line.model_copy(update={"amount_minor": -line.amount_minor}) for line in entry)


def balance_minor(entry: Iterable[JournalLine]) -> int:
    """The sum of an entry: zero, or it is wrong."""
    return sum(line.amount_minor for line in entry)
