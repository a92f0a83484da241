"""Runs of the demo as they look when everybody has done their part, for tests of its report and checks: no stack needed."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.case_state import CaseOutcome, CaseStatus
from contracts.identifiers import CaseId, RefundId
from contracts.progress import WaitingFor
from contracts.quote import QuoteLine
from contracts.refund_v1 import RefundSettled
from deploy.local.demo.cases import DemoCase
from deploy.local.demo.events import RunEvents
from deploy.local.demo.play import Play, Standing
from deploy.local.demo.records import Records
from deploy.local.demo.report import Run
from deploy.local.demo.scope import Scope
from deploy.local.demo.scripts import AGREED_AHEAD
from tests.support.sample_events import sample_events

_SETTLED = next(event for event in sample_events() if isinstance(event, RefundSettled))

Paid = dict[int, tuple[int, int]]
"""Units and pence by purchase row."""


def an_id(name: str) -> UUID:
    """The id of that name, the same every time."""
    return uuid5(NAMESPACE_URL, name)


def a_settled_refund(case_id: str, paid: Paid, name: str = "refund") -> RefundSettled:
    """A settled refund of some lines."""
    lines = tuple(QuoteLine(kind="units", line_id=str(row), quantity=units, amount_minor=pence) for row, (units, pence) in paid.items())
    changes = {
        "refund_id": RefundId(an_id(f"{case_id}/{name}")),
        "case_id": CaseId(UUID(case_id)),
        "amount_minor": sum(pence for _, pence in paid.values()),
        "lines": lines,
    }
    return _SETTLED.model_copy(update=changes)


def paid_in_full(case: DemoCase) -> Paid:
    """Every unit at the purchase's own price."""
    rows = {part.purchase.index: part.purchase for part in case.parts}
    return {row: (units, rows[row].total_minor * units // rows[row].quantity) for row, units in case.lines.items()}


def an_ended_play(case: DemoCase, outcome: CaseOutcome | None = CaseOutcome.REFUNDED) -> Play:
    """A case that ended so; None: it is still waiting."""
    number = f"D26-{case.position:06d}"
    status, waits = (CaseStatus.CLOSED, WaitingFor.NOTHING) if outcome else (CaseStatus.OFFER_PENDING, WaitingFor.CHOICE)
    return Play(
        case=case,
        script=AGREED_AHEAD,
        merchant="demo-shop",
        order_number=case.order.number,
        key=number,
        case_id=str(an_id(number)),
        case_number=number,
        standing=Standing(status, waits, None, None, outcome),
    )


def a_run(
    scope: Scope,
    outcomes: Sequence[CaseOutcome | None] | None = None,
    paid: Callable[[DemoCase], Paid] = paid_in_full,
) -> Run:
    """A run whose records agree: each case that ended refunded, wholly or partly, was paid what ``paid`` says."""
    plays = [an_ended_play(case, outcomes[case.position] if outcomes is not None else CaseOutcome.REFUNDED) for case in scope.cases]
    events = RunEvents()
    records = Records(events, ledger={"GBP": 0})
    payments = {f"pay_{order.number}": (order.number, order.total_minor) for order in scope.orders if order.total_minor}
    for play in plays:
        if play.standing is not None and play.standing.outcome in {CaseOutcome.REFUNDED, CaseOutcome.PARTLY_REFUNDED}:
            event = a_settled_refund(str(play.case_id), paid(play.case))
            events.settled.append(event)
            records.refunds.append(a_refund(event))
            if event.amount_minor:  # a refund of nothing is settled without the provider
                records.provider.append(a_provider_line(event, f"pay_{play.case.order.number}"))
    return Run(
        scope=scope,
        plays=plays,
        records=records,
        orders=len(scope.orders),
        refused={},
        payments=payments,
        seed=1,
        file="file.csv.gz",
        run=1,
        seconds=12.34,
    )


def a_refund(event: RefundSettled) -> dict[str, Any]:
    """The refund of an event, as the platform's own list has it."""
    return {"refund_id": str(event.refund_id), "case_id": str(event.case_id), "state": "settled", "amount_minor": event.amount_minor}


def a_provider_line(event: RefundSettled, payment_id: str) -> dict[str, Any]:
    """The refund of an event, as the provider's settlement list has it."""
    return {"merchant_reference": str(event.refund_id), "payment_id": payment_id, "amount_minor": event.amount_minor}
