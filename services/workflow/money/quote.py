"""``quote``: what a refund comes to, how it follows from what was paid, where it goes back to, and how it is booked."""

from collections.abc import Sequence

from contracts.order_v1 import Order
from contracts.quote import AppliedCap, CompensateUnits, Deduction, PriorRefunds, Quote, RefundFreight, RefundRequest
from services.workflow.money.allocation import allocate, payments_left
from services.workflow.money.draft import Draft
from services.workflow.money.errors import CapExceededError, NoPaymentError, RequestCurrencyError, UnknownItemError
from services.workflow.money.freight import freight_given, refund_freight
from services.workflow.money.journal import journal_of
from services.workflow.money.line_state import line_states
from services.workflow.money.units import compensate_units, refund_units

NOTHING_BEFORE = PriorRefunds()


def quote(order: Order, request: RefundRequest, prior: PriorRefunds = NOTHING_BEFORE) -> Quote:
    """What ``request`` comes to, after everything in ``prior`` (reserved refunds included), in minor units of the order's currency.

    What is due by the rules is reduced to what is left on line, freight and payments, and the quote says so; an amount that the request names is
    refused where it is too much. Deductions are held back from the whole, which never falls below zero (R-FRT-09).

    Raises the errors of :mod:`services.workflow.money.errors`.
    """
    if request.currency != order.currency:
        raise RequestCurrencyError(request.currency, order.currency)
    if not order.payments:
        raise NoPaymentError(order.number)
    left = payments_left(order, prior)
    drafts = _drafts(order, request, prior)
    order_left = sum(rest for _, rest in left)
    deductions = _held_back(request.deductions, sum(draft.amount_minor for draft in drafts))
    cap = _limit_to_order(drafts, sum(each.amount_minor for each in deductions), order_left)
    deductions = _held_back(request.deductions, sum(draft.amount_minor for draft in drafts))
    amount = sum(draft.amount_minor for draft in drafts) - sum(each.amount_minor for each in deductions)
    lines = tuple(draft.line() for draft in drafts)
    allocations = allocate(amount, left)
    by_payment = {each.payment_id: each.amount_minor for each in allocations}
    payment_caps = tuple(
        AppliedCap(
            name=f"payment {payment.payment_id}",
            rule="R-RFD-07",
            limit_minor=rest,
            asked_minor=by_payment.get(payment.payment_id, 0),
            reduced=False,
        )
        for payment, rest in left
    )
    return Quote(
        currency=order.currency,
        amount_minor=amount,
        lines=lines,
        deductions=deductions,
        allocations=allocations,
        caps=(*(each for draft in drafts for each in draft.caps), cap, *payment_caps),
        journal=journal_of(lines, deductions, allocations),
    )


def _drafts(order: Order, request: RefundRequest, prior: PriorRefunds) -> list[Draft]:
    states = line_states(order, prior)
    freight = freight_given(order, prior)
    drafts = []
    for item in request.items:
        if isinstance(item, RefundFreight):
            drafts.append(refund_freight(order, freight, item))
            continue
        if item.line_id not in states:
            raise UnknownItemError("line", item.line_id)
        state = states[item.line_id]
        drafts.append(compensate_units(state, item) if isinstance(item, CompensateUnits) else refund_units(state, item))
    return drafts


def _held_back(asked: Sequence[Deduction], gross_minor: int) -> tuple[Deduction, ...]:
    held = []
    for deduction in asked:
        part = min(deduction.amount_minor, gross_minor)
        gross_minor -= part
        held.append(deduction.model_copy(update={"amount_minor": part}))
    return tuple(held)


def _limit_to_order(drafts: list[Draft], deducted_minor: int, left_minor: int) -> AppliedCap:
    asked = sum(draft.amount_minor for draft in drafts) - deducted_minor
    over = max(0, asked - left_minor)
    for draft in reversed(drafts):
        if over and not draft.named:
            by = min(over, draft.amount_minor)
            draft.reduce(by, "the order's payments", "R-RFD-03")
            over -= by
    if over:
        raise CapExceededError("the order's payments", "R-RFD-03", asked, left_minor)
    return AppliedCap(name="order", rule="R-RFD-03", limit_minor=left_minor, asked_minor=asked, reduced=asked > left_minor)
