"""Money for units: the paid price of units that come back or never came, and compensation for units that are kept."""

from dataclasses import replace

from contracts.quote import CompensateUnits, RefundUnits, UnitRun
from services.workflow.money.draft import Draft
from services.workflow.money.errors import CapExceededError, QuantityExceededError
from services.workflow.money.line_state import LineState
from services.workflow.money.paid import LinePaid
from services.workflow.money.proration import split_evenly
from services.workflow.money.runs import Run, put, take


def refund_units(state: LineState, item: RefundUnits) -> Draft:
    """Give back the paid price of units, less the compensation they had (R-RFD-04, R-RFD-06). ``state`` becomes what it is afterwards.

    Raises ``QuantityExceededError``, or ``CapExceededError`` where a named part is more than the whole.
    """
    if item.quantity > state.units_left:
        raise QuantityExceededError(item.line_id, item.quantity, state.units_left)
    chosen = take(state.runs, item.quantity, compensated_first=True)
    given_back = state.paid.line.quantity - state.units_left
    due = state.paid.due_minor(given_back + item.quantity) - state.paid.due_minor(given_back)
    already = sum(run.count * run.compensated_minor for run in chosen)
    draft = _draft(state, item, "units", max(0, due - already), named=False)
    _price_steps(draft, state.paid, item.quantity, due)
    draft.step("compensation already paid for these units", "R-RFD-04", draft.amount_minor - due)
    draft.limit(f"line {item.line_id}", "R-RFD-03", state.left_minor)
    if item.amount_minor is not None:
        whole, draft.named, draft.amount_minor = draft.amount_minor, True, item.amount_minor
        draft.limit(f"units of line {item.line_id}", "R-RTN-05", whole)
        draft.step("part that was not agreed", "R-RTN-05", item.amount_minor - whole)
    draft.units = _refunded_runs(chosen, state.paid, last=given_back + item.quantity == state.paid.line.quantity)
    state.runs = put(state.runs, [replace(run, refunded=True) for run in chosen])
    state.refunded_minor += draft.amount_minor
    return draft


def compensate_units(state: LineState, item: CompensateUnits) -> Draft:
    """Give money for kept units, evenly, left-over minor units to the lowest numbers (R-COMP-07, R-COMP-13).

    Raises ``QuantityExceededError``, or ``CapExceededError`` where a unit would get more than its paid price (R-RFD-03).
    """
    if item.quantity > state.units_left:
        raise QuantityExceededError(item.line_id, item.quantity, state.units_left)
    chosen = take(state.runs, item.quantity, compensated_first=False)
    draft = _draft(state, item, "compensation", item.amount_minor, named=True)
    draft.step("compensation for kept units", "R-COMP-07", item.amount_minor)
    room = sum(run.count * max(0, state.paid.unit_minor - run.compensated_minor) for run in chosen)
    draft.limit(f"kept units of line {item.line_id}", "R-RFD-03", room)
    draft.limit(f"line {item.line_id}", "R-RFD-03", state.left_minor)
    raised = _raised(chosen, *split_evenly(item.amount_minor, item.quantity))
    for run in raised:
        if run.compensated_minor > state.paid.unit_minor:
            raise CapExceededError(f"unit {run.first} of line {item.line_id}", "R-RFD-03", run.compensated_minor, state.paid.unit_minor)
    before = {run.first: run.compensated_minor for run in _cut_alike(chosen, raised)}
    draft.units = [UnitRun(first=run.first, count=run.count, amount_minor=run.compensated_minor - before[run.first]) for run in raised]
    state.runs = put(state.runs, raised)
    state.compensated_minor += item.amount_minor
    return draft


def _draft(state: LineState, item: RefundUnits | CompensateUnits, kind: str, amount_minor: int, *, named: bool) -> Draft:
    return Draft(
        kind="units" if kind == "units" else "compensation",
        item_id=item.line_id,
        amount_minor=amount_minor,
        paid_minor=state.paid.paid_minor,
        before_minor=state.given_minor,
        taxes=state.paid.line.taxes,
        named=named,
        quantity=item.quantity,
    )


def _price_steps(draft: Draft, paid: LinePaid, quantity: int, due_minor: int) -> None:
    line = paid.line
    parts = [
        ("list price", "R-RFD-06", line.amount_minor),
        ("share of the line discount", "R-RFD-06", -line.discount_minor),
        ("share of the order discounts", "R-RFD-05", -paid.order_discount_minor),
        ("tax on top", "R-RFD-06", paid.on_top_minor),
    ]
    explained = 0
    for label, rule, whole in parts:
        share = abs(whole) * quantity // line.quantity * (1 if whole > 0 else -1)
        draft.step(label, rule, share)
        explained += share
    draft.step("rounding: each unit down to whole minor units, the last one gets the rest", "R-RFD-06", due_minor - explained)


def _refunded_runs(chosen: list[Run], paid: LinePaid, *, last: bool) -> list[UnitRun]:
    runs = [(run.first, run.count, max(0, paid.unit_minor - run.compensated_minor)) for run in chosen]
    rest = paid.paid_minor - paid.line.quantity * paid.unit_minor
    if last and rest:
        first, count, each = runs.pop()
        if count > 1:
            runs.append((first, count - 1, each))
        runs.append((first + count - 1, 1, each + rest))
    return [UnitRun(first=first, count=count, amount_minor=each) for first, count, each in runs]


def _raised(chosen: list[Run], each: int, more: int) -> list[Run]:
    raised: list[Run] = []
    for run in chosen:
        upper = min(more, run.count)
        more -= upper
        if upper:
            raised.append(replace(run, count=upper, compensated_minor=run.compensated_minor + each + 1))
        if run.count > upper:
            raised.append(replace(run, first=run.first + upper, count=run.count - upper, compensated_minor=run.compensated_minor + each))
    return raised


def _cut_alike(chosen: list[Run], raised: list[Run]) -> list[Run]:
    return [next(replace(old, first=new.first) for old in chosen if old.first <= new.first < old.first + old.count) for new in raised]
