"""The checks of a run. Each that fails is named with what is wrong; a run holds only if none does."""

from collections import defaultdict

from deploy.local.demo.records import paid_twice
from deploy.local.demo.report import Run

_SHOWN = 10
"""Of a long list of findings, so many are named."""


def broken_checks(run: Run) -> list[str]:
    """What does not hold, each as one line that begins with the name of the check."""
    findings = {
        "every order is on record": _orders(run),
        "every credit line is accounted for": _credit_lines(run),
        "every case has ended": [play.told() for play in run.plays if not play.ended],
        "refund events, settled refunds and the provider's records agree": _three_sides(run),
        "reconciliation finds no break": run.records.breaks,
        "the ledger sums to zero": [f"{amount} in {currency}" for currency, amount in run.records.ledger.items() if amount],
        "nothing was paid twice": paid_twice(run.records) + _over_payment(run),
        "nothing was refunded beyond its price": _over_price(run),
    }
    return [f"{name}: {_named(found)}" for name, found in findings.items() if found]


def _named(found: list[str]) -> str:
    rest = len(found) - _SHOWN
    return "; ".join(found[:_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


def _orders(run: Run) -> list[str]:
    refused = [f"order {number} was refused ({words})" for number, words in run.refused.items()]
    missing = len(run.scope.orders) - run.orders - len(refused)
    return refused + ([f"{missing} orders are missing"] if missing > 0 else [])


def _credit_lines(run: Run) -> list[str]:
    """Rejected with a reason, or matched whole with every match in an opened case."""
    units: dict[int, int] = defaultdict(int)
    for play, result in run.results():
        if play.case_id is not None:
            units[result.part.credit.index] += result.part.quantity
    return [
        f"row {line.row.index} ({line.row.invoice}): {units[line.row.index]} of {line.quantity} units are in a case"
        for line in run.scope.credit_lines
        if line.rejection is None and units[line.row.index] != line.quantity
    ]


def _three_sides(run: Run) -> list[str]:
    records = run.records
    found = []
    if not records.settled == records.event_total == records.provider_total:
        found.append(f"settled {records.settled}, events {records.event_total}, provider {records.provider_total}")
    ours = {str(event.refund_id): event.amount_minor for event in records.events.settled if event.amount_minor}
    theirs: dict[str, int] = defaultdict(int)
    for line in records.provider:
        theirs[line["merchant_reference"]] += line["amount_minor"]
    return found + [
        f"refund {refund}: event {ours.get(refund)}, provider {theirs.get(refund)}"
        for refund in sorted(ours.keys() | theirs.keys())
        if ours.get(refund) != theirs.get(refund)
    ]


def _over_payment(run: Run) -> list[str]:
    """More paid back than a card was charged."""
    paid_back: dict[str, int] = defaultdict(int)
    for line in run.records.provider:
        paid_back[line["payment_id"]] += line["amount_minor"]
    return [
        f"payment {payment}: {amount} paid back of {run.payments[payment][1]}"
        for payment, amount in paid_back.items()
        if amount > run.payments[payment][1]
    ]


def _over_price(run: Run) -> list[str]:
    """More units or pence given back for a row than were bought."""
    units: dict[int, int] = defaultdict(int)
    minor: dict[int, int] = defaultdict(int)
    rows = {}
    for _play, result in run.results():
        row = result.part.purchase
        rows[row.index] = row
        units[row.index] += result.quantity_refunded
        minor[row.index] += result.refund_minor
    return [
        f"row {row.index} ({row.invoice}): {units[index]} of {row.quantity} units, {minor[index]} of {row.total_minor} pence"
        for index, row in rows.items()
        if units[index] > row.quantity or minor[index] > row.total_minor
    ]
