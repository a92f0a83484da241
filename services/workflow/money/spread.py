"""One amount over many units: in proportion to what is left on them, so that no unit, line or charge gets more than it can (R-COMP-13, R-RFD-03)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.quote import AppliedCap, UnitRun
from services.workflow.money.draft import Cause, Draft
from services.workflow.money.errors import CapExceededError
from services.workflow.money.freight import FreightState, give_freight
from services.workflow.money.line_state import LineState
from services.workflow.money.proration import prorate, split_evenly
from services.workflow.money.runs import Run, put, raised


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an amount is given, as the steps of its lines say it."""

    label: str
    rule: str
    cause: Cause = "asked"


PRICE_DIFFERENCE = Reason("the units now cost less", "R-EXC-03", "price_difference")
DISCOUNT_MOVED = Reason("order discount moved onto kept units", "R-RFD-05", "discount_moved")


def spread(
    amount_minor: int,
    lines: Sequence[tuple[LineState, list[Run]]],
    charges: Sequence[FreightState],
    name: str,
    reason: Reason,
) -> list[Draft]:
    """Divide ``amount_minor`` over units of lines and over freight charges by largest remainder; the states become what they are afterwards.

    Raises ``CapExceededError`` under ``name`` where it is more than is left on all of them together (R-RFD-03).
    """
    rooms = [*(state.room_minor(runs) for state, runs in lines), *(charge.left_minor for charge in charges)]
    if amount_minor > sum(rooms):
        raise CapExceededError(name, "R-RFD-03", amount_minor, sum(rooms))
    parts = prorate(amount_minor, rooms)
    drafts = [compensate_runs(state, runs, part, reason) for (state, runs), part in zip(lines, parts, strict=False) if part]
    drafts += [
        give_freight(charge, part, reason.label, reason.rule) for charge, part in zip(charges, parts[len(lines) :], strict=True) if part
    ]
    if drafts:
        drafts[0].caps.insert(0, AppliedCap(name=name, rule="R-RFD-03", limit_minor=sum(rooms), asked_minor=amount_minor, reduced=False))
    return drafts


def compensate_runs(state: LineState, chosen: Iterable[Run], amount_minor: int, reason: Reason) -> Draft:
    """Give ``amount_minor`` for kept units in proportion to what is left on each; the caller has checked that it fits (R-RFD-03)."""
    unit = state.paid.unit_minor
    runs = [run for run in chosen if not run.refunded]
    parts = prorate(amount_minor, [run.count * max(0, unit - run.compensated_minor) for run in runs])
    draft = Draft(
        kind="compensation",
        item_id=state.paid.line.line_id,
        amount_minor=amount_minor,
        paid_minor=state.paid.paid_minor,
        before_minor=state.given_minor,
        taxes=state.paid.line.taxes,
        named=True,
        cause=reason.cause,
    )
    draft.step(reason.label, reason.rule, amount_minor)
    draft.limit(f"line {draft.item_id}", "R-RFD-03", state.left_minor)
    moved = reason.cause == "discount_moved"
    for run, part in zip(runs, parts, strict=True):
        higher = [
            new for new in raised([run], *split_evenly(part, run.count), moved=moved) if new.compensated_minor > run.compensated_minor
        ]
        draft.units += [
            UnitRun(first=new.first, count=new.count, amount_minor=new.compensated_minor - run.compensated_minor) for new in higher
        ]
        draft.quantity += sum(new.count for new in higher)
        state.runs = put(state.runs, higher)
    state.compensated_minor += amount_minor
    return draft
