"""The double entry that books a refund: debits positive, credits negative, in sum zero.

Accounts: ``returns.goods``, ``returns.compensation``, ``returns.freight`` (net of tax), ``returns.tax:<code>``, ``withheld:<code>`` for what was held
back, ``clearing:<provider>`` for what the payment provider pays out.
"""

from collections.abc import Iterable

from contracts.quote import Allocation, Deduction, JournalLine, QuoteLine

ACCOUNTS = {"units": "returns.goods", "compensation": "returns.compensation", "freight": "returns.freight"}


def journal_of(lines: Iterable[QuoteLine], deductions: Iterable[Deduction], allocations: Iterable[Allocation]) -> tuple[JournalLine, ...]:
    """The entry of a refund of ``lines``, with ``deductions`` held back, paid by ``allocations``."""
    entry: list[JournalLine] = []
    for line in lines:
        memo = f"freight {line.freight_id}" if line.kind == "freight" else f"line {line.line_id}"
        net = line.amount_minor - sum(tax.amount_minor for tax in line.taxes)
        entry.append(JournalLine(account=ACCOUNTS[line.kind], amount_minor=net, memo=memo))
        entry.extend(JournalLine(account=f"returns.tax:{tax.code}", amount_minor=tax.amount_minor, memo=memo) for tax in line.taxes)
    entry.extend(JournalLine(account=f"withheld:{each.code}", amount_minor=-each.amount_minor, memo=each.rule) for each in deductions)
    entry.extend(
        JournalLine(account=f"clearing:{each.provider}", amount_minor=-each.amount_minor, memo=f"payment {each.payment_id}")
        for each in allocations
    )
    return tuple(line for line in entry if line.amount_minor)


def reversal_of(entry: Iterable[JournalLine]) -> tuple[JournalLine, ...]:
    """The entry that takes another back, for a refund the provider returned after it was settled."""
    return tuple(line.model_copy(update={"amount_minor": -line.amount_minor}) for line in entry)


def balance_minor(entry: Iterable[JournalLine]) -> int:
    """The sum of an entry: zero, or it is wrong."""
    return sum(line.amount_minor for line in entry)
