"""The books: balanced, complete, and the same as what left the bank."""

from collections import defaultdict
from collections.abc import Iterator

from deploy.local.chaos.checks.finding import Finding, rows
from deploy.local.chaos.traces import LedgerLine, Traces

_CLEARING = "clearing"
_SETTLED = "refund_settled"


def books_balance(traces: Traces) -> Iterator[Finding]:
    """Each entry sums to zero over two lines or more, and so does each merchant's ledger in each currency."""
    entries: dict[str, list[LedgerLine]] = defaultdict(list)
    merchants: dict[tuple[str, str], int] = defaultdict(int)
    for line in traces.ledger:
        entries[line.entry_id].append(line)
        merchants[line.merchant_id, line.currency] += line.amount_minor
    for entry_id, lines in entries.items():
        total = sum(line.amount_minor for line in lines)
        if total or len(lines) < 2:  # noqa: PLR2004 - double entry
            look = rows("workflow.ledger_lines", "entry_id", entry_id)
            yield Finding(f"entry {entry_id} has {len(lines)} lines that sum to {total}", lines[0].refund_id or entry_id, look)
    for (merchant, currency), total in merchants.items():
        if total:
            yield Finding(f"the ledger sums to {total} {currency}", merchant, "table workflow.ledger_lines")


def every_settled_refund_is_booked(traces: Traces) -> Iterator[Finding]:
    """A settled refund of any money has its entry."""
    booked = {line.refund_id for line in traces.ledger if line.kind == _SETTLED}
    for refund in traces.refunds:
        if refund.state == "settled" and refund.amount_minor and refund.refund_id not in booked:
            look = rows("workflow.ledger_entries", "refund_id", refund.refund_id)
            yield Finding(f"refund {refund.refund_id} over {refund.amount_minor} is settled and not booked", refund.number, look)


def books_say_what_the_provider_paid(traces: Traces) -> Iterator[Finding]:
    """What the clearing accounts gave out for a refund, less what came back, is what stands paid at the provider."""
    given: dict[str, int] = defaultdict(int)
    for line in traces.ledger:
        if line.refund_id is not None and line.account.startswith(_CLEARING):
            given[line.refund_id] -= line.amount_minor
    paid: dict[str, int] = defaultdict(int)
    for one in traces.provider:
        if one.status == "succeeded":
            paid[one.refund_id] += one.amount_minor
    numbers = {refund.refund_id: refund.number for refund in traces.refunds}
    for refund_id in sorted(given.keys() | paid.keys()):
        if given[refund_id] != paid[refund_id]:
            words = f"the books gave out {given[refund_id]} for refund {refund_id}, the provider paid {paid[refund_id]}"
            look = rows("workflow.ledger_entries", "refund_id", refund_id)
            yield Finding(words, numbers.get(refund_id, refund_id), look)
