"""What went before, carried forward: whoever keeps the quotes of an order's refunds can always say what is left."""

from contracts.order_v1 import Order
from contracts.quote import (
    PriorFreight,
    PriorLine,
    PriorPayment,
    PriorRefunds,
    Quote,
    QuoteLine,
    RefundFreight,
    RefundItem,
    RefundRequest,
    RefundUnits,
)
from services.workflow.money.freight import freight_given
from services.workflow.money.line_state import line_states
from services.workflow.money.paid import freight_paid_minor
from services.workflow.money.runs import Run, as_prior, known_runs, put


def after(prior: PriorRefunds, quoted: Quote) -> PriorRefunds:
    """``prior`` with one more refund, reserved or settled, as ``quoted`` has it: fold this over an order's quotes, in any order."""
    lines = {line.line_id: line for line in prior.lines}
    freight = {each.freight_id: each.refunded_minor for each in prior.freight}
    payments = {each.payment_id: each.refunded_minor for each in prior.payments}
    for line in quoted.lines:
        if line.freight_id is not None:
            freight[line.freight_id] = freight.get(line.freight_id, 0) + line.amount_minor
        elif line.line_id is not None:
            lines[line.line_id] = _with(lines.get(line.line_id, PriorLine(line_id=line.line_id)), line)
    for each in quoted.allocations:
        payments[each.payment_id] = payments.get(each.payment_id, 0) + each.amount_minor
    return PriorRefunds(
        lines=tuple(lines.values()),
        freight=tuple(PriorFreight(freight_id=key, refunded_minor=value) for key, value in freight.items()),
        payments=tuple(PriorPayment(payment_id=key, refunded_minor=value) for key, value in payments.items()),
    )


def _with(before: PriorLine, line: QuoteLine) -> PriorLine:
    runs = known_runs(before)
    for part in line.units:
        runs = _apply(runs, part.first, part.count, refunded=line.kind == "units", compensated_minor=part.amount_minor)
    is_refund = line.kind == "units"
    return PriorLine(
        line_id=before.line_id,
        units_refunded=before.units_refunded + (line.quantity if is_refund else 0),
        refunded_minor=before.refunded_minor + (line.amount_minor if is_refund else 0),
        units_compensated=sum(run.count for run in runs if run.compensated_minor),
        compensated_minor=before.compensated_minor + (0 if is_refund else line.amount_minor),
        units=as_prior(runs),
    )


def _apply(runs: list[Run], first: int, count: int, *, refunded: bool, compensated_minor: int) -> list[Run]:
    """Change the units ``first`` to ``first + count - 1``, known or not yet."""
    end = first + count
    changed: list[Run] = []
    start = first
    for run in sorted(runs, key=lambda each: each.first):
        low, high = max(start, run.first), min(end, run.first + run.count)
        if low >= high:
            continue
        if low > start:
            changed.append(Run(start, low - start))
        changed.append(Run(low, high - low, run.refunded, run.compensated_minor))
        start = high
    if start < end:
        changed.append(Run(start, end - start))
    more = 0 if refunded else compensated_minor
    return put(runs, [Run(run.first, run.count, run.refunded or refunded, run.compensated_minor + more) for run in changed])


def everything_left(order: Order, prior: PriorRefunds) -> RefundRequest | None:
    """The request that gives back every kept unit and all freight, None where nothing is left."""
    given = freight_given(order, prior)
    items: list[RefundItem] = [
        RefundUnits(line_id=line_id, quantity=state.units_left) for line_id, state in line_states(order, prior).items() if state.units_left
    ]
    items.extend(
        RefundFreight(freight_id=charge.freight_id)
        for charge in order.freight
        if freight_paid_minor(order, charge) > given[charge.freight_id]
    )
    return RefundRequest(currency=order.currency, items=tuple(items)) if items else None
