"""The double entries of refunds and payouts: debits positive, credits negative, in sum zero.

The accounts are those of :mod:`services.workflow.money.accounts`. Goods, freight and compensation are booked net, the tax in them by code and rate.
What was held back is ``withheld:<code>``; ``clearing:<provider>`` is what the payment provider pays out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.quote import Allocation, Deduction, JournalLine, QuoteLine, TaxPortion
from contracts.refund_v1 import PayoutKind
from services.workflow.money.accounts import clearing_account

ACCOUNTS = {"units": "returns.goods", "compensation": "returns.compensation", "freight": "returns.freight"}
BY_CAUSE = {"price_difference": "returns.price_differences", "discount_moved": "returns.goods", "discount_restored": "returns.goods"}
MEMOS = {
    "price_difference": ": now costs less",
    "discount_moved": ": order discount moved onto kept units",
    "discount_restored": ": order discount no longer held back",
}


PAYOUT_ACCOUNTS = {
    PayoutKind.FREIGHT_TOPUP: "freight.topup",
    PayoutKind.CEILING_COMPENSATION: "compensation.ceiling",
    PayoutKind.LEGAL_SETTLEMENT: "legal.settlements",
}


@dataclass(frozen=True, slots=True)
class PaidPart:
    """The part of a refund that went to one payment, and who paid it: a provider, or the payout channel."""

    payment_id: str
    provider: str
    amount_minor: int


def journal_of(lines: Iterable[QuoteLine], deductions: Iterable[Deduction], allocations: Iterable[Allocation]) -> tuple[JournalLine, ...]:
    """The entry of a refund of ``lines``, with ``deductions`` held back, paid by ``allocations``."""
    entry: list[JournalLine] = []
    for line in lines:
        memo = f"freight {line.freight_id}" if line.kind == "freight" else f"line {line.line_id}{MEMOS.get(line.cause, '')}"
        net = line.amount_minor - sum(tax.amount_minor for tax in line.taxes)
        entry.append(_line(BY_CAUSE.get(line.cause) or ACCOUNTS[line.kind], net, memo))
        entry.extend(_tax("returns.tax", tax, tax.amount_minor, memo) for tax in line.taxes)
    for each in deductions:
        tax_minor = sum(portion.amount_minor for portion in each.taxes)
        entry.append(_line(f"withheld:{each.code}", tax_minor - each.amount_minor, each.rule))
        entry.extend(_tax("withheld.tax", portion, -portion.amount_minor, f"{each.rule} {each.code}") for portion in each.taxes)
    entry.extend(_paid(PaidPart(each.payment_id, each.provider, each.amount_minor)) for each in allocations)
    return tuple(line for line in entry if line.amount_minor)


def settled_journal(entry: Iterable[JournalLine], paid: Iterable[PaidPart]) -> tuple[JournalLine, ...]:
    """The entry of a refund as it was paid in fact: a part may have gone through the payout channel instead (R-RFD-15)."""
    return (*(line for line in entry if not _is_clearing(line)), *(_paid(part) for part in paid))


def reversed_journal(part: PaidPart) -> tuple[JournalLine, ...]:
    """The entry of money that came back after it was paid: it is owed to the customer again."""
    memo = f"payment {part.payment_id} came back"
    return _line(clearing_account(part.provider), part.amount_minor, memo), _line("refunds.payable", -part.amount_minor, memo)


def repaid_journal(paid: Iterable[PaidPart]) -> tuple[JournalLine, ...]:
    """The entry of what came back and is paid now."""
    parts = tuple(paid)
    owed = (_line("refunds.payable", part.amount_minor, f"payment {part.payment_id}") for part in parts)
    return (*owed, *(_paid(part) for part in parts))


def given_up_journal(entry: Iterable[JournalLine]) -> tuple[JournalLine, ...]:
    """The entry that takes a refund out of the books after all of it came back: nothing is owed any more."""
    kept = tuple(line for line in entry if not _is_clearing(line))
    undone = tuple(line.model_copy(update={"amount_minor": -line.amount_minor}) for line in kept)
    return (*undone, _line("refunds.payable", balance_minor(kept), "refund given up"))


def payout_journal(kind: PayoutKind, amount_minor: int, memo: str) -> tuple[JournalLine, ...]:
    """The entry of a payout that is no refund of the order and counts against no cap of it (R-FRT-14, R-RFD-15)."""
    return _line(PAYOUT_ACCOUNTS[kind], amount_minor, memo), _line("clearing.payout", -amount_minor, memo)


def balance_minor(entry: Iterable[JournalLine]) -> int:
    """The sum of an entry: zero, or it is wrong."""
    return sum(line.amount_minor for line in entry)


def _line(account: str, amount_minor: int, memo: str) -> JournalLine:
    return JournalLine(account=account, amount_minor=amount_minor, memo=memo)


def _tax(account: str, tax: TaxPortion, amount_minor: int, memo: str) -> JournalLine:
    return JournalLine(account=f"{account}:{tax.code}", amount_minor=amount_minor, memo=memo, tax_rate_ppm=tax.rate_ppm)


def _paid(part: PaidPart) -> JournalLine:
    return _line(clearing_account(part.provider), -part.amount_minor, f"payment {part.payment_id}")


def _is_clearing(line: JournalLine) -> bool:
    return line.account.partition(":")[0] in {"clearing", "clearing.payout"}
