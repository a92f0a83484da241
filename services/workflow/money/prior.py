"""What went before, carried forward: whoever keeps the quotes of an order's refunds can always say what is left."""

from contracts.order_v1 import Order
from contracts.quote import (
    PriorFreight,
    PriorLine,
    PriorPayment,
    PriorRefunds,
    Quote,
    QuoteLine,
    RefundRequest,
    UnitRun,
)
from services.workflow.money.runs import Run, as_prior, known_runs, put
from services.workflow.money.worksheet import everything, worksheet


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
    moved = line.cause == "discount_moved"
    for part in line.units:
        runs = _apply(runs, part, refunded=line.kind == "units", moved=moved)
    is_refund = line.kind == "units"
    return PriorLine(
        line_id=before.line_id,
        units_refunded=before.units_refunded + (line.quantity if is_refund else 0),
        refunded_minor=before.refunded_minor + (line.amount_minor if is_refund else 0),
        units_compensated=sum(run.count for run in runs if run.compensated_minor),
        compensated_minor=before.compensated_minor + (0 if is_refund else line.amount_minor),
        units=as_prior(runs),
        discount_held_minor=before.discount_held_minor + line.discount_held_minor,
    )


def _apply(runs: list[Run], part: UnitRun, *, refunded: bool, moved: bool) -> list[Run]:
    """Change the units of ``part``, known or not yet."""
    start, end = part.first, part.first + part.count
    changed: list[Run] = []
    for run in sorted(runs, key=lambda each: each.first):
        low, high = max(start, run.first), min(end, run.first + run.count)
        if low >= high:
            continue
        if low > start:
            changed.append(Run(start, low - start))
        changed.append(run.part(low, high - low))
        start = high
    if start < end:
        changed.append(Run(start, end - start))
    return put(runs, [run.given_back() if refunded else run.with_more(part.amount_minor, moved=moved) for run in changed])


def everything_left(order: Order, prior: PriorRefunds) -> RefundRequest | None:
    """The request that gives back every kept unit and all freight, None where nothing is left."""
    items = everything(worksheet(order, prior))
    return RefundRequest(currency=order.currency, items=tuple(items)) if items else None
