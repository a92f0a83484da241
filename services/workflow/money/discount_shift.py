"""A partial return settles the order's discounts: what moves onto kept units, what is held back, and what held back money comes back."""

from contracts.quote import DiscountRule
from services.workflow.money.discounts import standing_minor, target_minor
from services.workflow.money.draft import Draft
from services.workflow.money.line_state import LineState
from services.workflow.money.spread import DISCOUNT_MOVED, spread
from services.workflow.money.worksheet import Worksheet


def settle_discounts(sheet: Worksheet, rule: DiscountRule, room_minor: int) -> None:
    """Bring the order's discounts to where ``rule`` wants them for the units that are kept now; nothing where no unit comes back.

    Money is only moved onto kept units as far as ``room_minor``, which is left on the payments, and their own price allow; and held back only from
    units of this request, never below zero. What could not be done now is done with the next refund, and when nothing is kept all of it is.
    """
    returned = [draft for draft in sheet.drafts if draft.kind == "units"]
    if not returned or (rule == "stays" and not any(state.held_minor for state in sheet.lines.values())):
        return
    kept = any(state.units_left for state in sheet.lines.values())
    if rule == "stays" and kept:
        return
    due = (target_minor(sheet.order, sheet.lines, rule) if kept else 0) - standing_minor(sheet.lines)
    if due > 0:
        due -= _restore(sheet, due)
        _move(sheet, min(due, max(0, room_minor - sheet.gross_minor)))
    elif rule == "recomputed":
        _hold_back(returned, -due)


def _restore(sheet: Worksheet, due_minor: int) -> int:
    """Give held back discounts back, line by line. Returns how much that is."""
    restored = 0
    for state in sheet.lines.values():
        part = min(state.held_minor, state.left_minor, due_minor - restored)
        if part > 0:
            sheet.drafts.append(_restored(state, part))
            restored += part
    return restored


def _restored(state: LineState, amount_minor: int) -> Draft:
    draft = Draft(
        kind="units",
        item_id=state.paid.line.line_id,
        amount_minor=amount_minor,
        paid_minor=state.paid.paid_minor,
        before_minor=state.given_minor,
        taxes=state.paid.line.taxes,
        named=False,
        cause="discount_restored",
    )
    draft.step("order discount that was held back before", "R-RFD-05", amount_minor)
    draft.limit(f"line {draft.item_id}", "R-RFD-03", state.left_minor)
    state.refunded_minor += amount_minor
    state.held_minor -= amount_minor
    return draft


def _move(sheet: Worksheet, amount_minor: int) -> None:
    lines = [(state, state.runs) for state in sheet.lines.values() if state.units_left]
    room = sum(state.room_minor(runs) for state, runs in lines)
    if min(amount_minor, room) > 0:
        sheet.drafts.extend(spread(min(amount_minor, room), lines, (), "the price of the kept units", DISCOUNT_MOVED))


def _hold_back(returned: list[Draft], amount_minor: int) -> None:
    for draft in reversed(returned):
        part = 0 if draft.named else min(amount_minor, draft.amount_minor)
        if part:
            draft.reduce(part, "order discount lost on what is kept", "R-RFD-05")
            draft.held_minor += part
            amount_minor -= part
