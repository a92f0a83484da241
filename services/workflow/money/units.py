"""Money for units: the paid price of units that come back or never came, and compensation for units that are kept."""

from contracts.quote import CompensateUnits, RefundUnits, UnitRun
from services.workflow.money.draft import Draft
from services.workflow.money.errors import CapExceededError, QuantityExceededError
from services.workflow.money.line_state import LineState
from services.workflow.money.paid import LinePaid
from services.workflow.money.proration import split_evenly
from services.workflow.money.runs import Run, kept, put, raised, take, within
from services.workflow.money.shipments import Windows
from services.workflow.money.spread import PRICE_DIFFERENCE, compensate_runs


def refund_units(state: LineState, item: RefundUnits, windows: Windows | None = None) -> Draft:
    """Give back the paid price of units, less the compensation they had (R-RFD-04, R-RFD-06). ``state`` becomes what it is afterwards.

    ``windows`` are the units of the shipment that the item names. Raises ``QuantityExceededError``, or ``CapExceededError`` where a named part is
    more than the whole.
    """
    chosen = take(_at_hand(state, item, windows), item.quantity, compensated_first=True)
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
    state.runs = put(state.runs, [run.given_back() for run in chosen])
    state.refunded_minor += draft.amount_minor
    return draft


def compensate_units(state: LineState, item: CompensateUnits, windows: Windows | None = None) -> Draft:
    """Give money for kept units, evenly, left-over minor units to the lowest numbers (R-COMP-07, R-COMP-13).

    A price difference is divided by what is left on the units instead (R-EXC-03). ``windows`` are the units of the shipment that the item names.
    Raises ``QuantityExceededError``, or ``CapExceededError`` where a unit would get more than its paid price (R-RFD-03).
    """
    chosen = take(_at_hand(state, item, windows), item.quantity, compensated_first=False)
    if item.reason == "price_difference":
        room = state.room_minor(chosen)
        if item.amount_minor > room:
            raise CapExceededError(f"kept units of line {item.line_id}", "R-RFD-03", item.amount_minor, room)
        return compensate_runs(state, chosen, item.amount_minor, PRICE_DIFFERENCE)
    draft = _draft(state, item, "compensation", item.amount_minor, named=True)
    draft.step("compensation for kept units", "R-COMP-07", item.amount_minor)
    room = sum(run.count * max(0, state.paid.unit_minor - run.compensated_minor) for run in chosen)
    draft.limit(f"kept units of line {item.line_id}", "R-RFD-03", room)
    draft.limit(f"line {item.line_id}", "R-RFD-03", state.left_minor)
    higher = raised(chosen, *split_evenly(item.amount_minor, item.quantity))
    for run in higher:
        if run.compensated_minor > state.paid.unit_minor:
            raise CapExceededError(f"unit {run.first} of line {item.line_id}", "R-RFD-03", run.compensated_minor, state.paid.unit_minor)
    before = [next(old for old in chosen if old.first <= new.first < old.first + old.count) for new in higher]
    draft.units = [
        UnitRun(first=new.first, count=new.count, amount_minor=new.compensated_minor - old.compensated_minor)
        for new, old in zip(higher, before, strict=True)
    ]
    state.runs = put(state.runs, higher)
    state.compensated_minor += item.amount_minor
    return draft


def _at_hand(state: LineState, item: RefundUnits | CompensateUnits, windows: Windows | None) -> list[Run]:
    """The units that the item can be about. Raises ``QuantityExceededError`` where it asks for more."""
    runs = within(state.runs, windows)
    left = kept(runs)
    if item.quantity > left:
        raise QuantityExceededError(item.line_id, item.quantity, left, item.shipment_id)
    return runs


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
        if not whole:
            continue
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
