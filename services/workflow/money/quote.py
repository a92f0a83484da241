"""``quote``: what a refund comes to, how it follows from what was paid, where it goes back to, and how it is booked."""

from collections.abc import Sequence

from contracts.order_v1 import Order, Payment
from contracts.quote import Allocation, AppliedCap, Deduction, PriorRefunds, Quote, QuoteLine, RefundRequest
from services.workflow.money.allocation import allocate, payments_left
from services.workflow.money.discount_shift import settle_discounts
from services.workflow.money.draft import Draft
from services.workflow.money.errors import CapExceededError, NoPaymentError, RequestCurrencyError
from services.workflow.money.fees import fees_due, held_back
from services.workflow.money.journal import journal_of
from services.workflow.money.overlaps import check_overlaps
from services.workflow.money.worksheet import Worksheet, worksheet

NOTHING_BEFORE = PriorRefunds()


def quote(order: Order, request: RefundRequest, prior: PriorRefunds = NOTHING_BEFORE) -> Quote:
    """What ``request`` comes to, after everything in ``prior`` (reserved refunds included), in minor units of the order's currency.

    What is due by the rules is reduced to what is left on line, freight and payments, and the quote says so; an amount that the request names is
    refused where it is too much. Deductions and fees are held back from the whole, which never falls below zero (R-FRT-09).

    Raises the errors of :mod:`services.workflow.money.errors`.
    """
    if request.currency != order.currency:
        raise RequestCurrencyError(request.currency, order.currency)
    if not order.payments:
        raise NoPaymentError(order.number)
    left = payments_left(order, prior)
    order_left = sum(rest for _, rest in left)
    sheet = worksheet(order, prior)
    check_overlaps(order, request.items)
    for item in request.items:
        sheet.take(item)
    plain = (each.model_copy(update={"steps": ()}) if each.steps else each for each in request.deductions)
    asked = (*plain, *fees_due(request.fees, sheet.drafts, sheet.lines))
    settle_discounts(sheet, request.discount_rule, order_left + min(sum(each.amount_minor for each in asked), sheet.gross_minor))
    deductions, cap = _held_to_order(sheet, asked, order_left)
    allocations = allocate(sheet.gross_minor - sum(each.amount_minor for each in deductions), left)
    lines = _lines(sheet.drafts)
    return Quote(
        currency=order.currency,
        amount_minor=sheet.gross_minor - sum(each.amount_minor for each in deductions),
        lines=lines,
        deductions=deductions,
        allocations=allocations,
        caps=(*(each for draft in sheet.drafts for each in draft.caps), cap, *_payment_caps(left, allocations)),
        journal=journal_of(lines, deductions, allocations),
        discount_rule=request.discount_rule,
    )


def _lines(drafts: Sequence[Draft]) -> tuple[QuoteLine, ...]:
    """The lines as quoted. Each takes its share of tax where the one before it on the same line or charge ended, after all reductions."""
    ends: dict[tuple[bool, str], int] = {}
    for draft in drafts:
        place = (draft.kind == "freight", draft.item_id)
        draft.before_minor = ends.get(place, draft.before_minor)
        ends[place] = draft.before_minor + draft.amount_minor
    return tuple(draft.line() for draft in drafts)


def _held_to_order(sheet: Worksheet, asked: Sequence[Deduction], left_minor: int) -> tuple[tuple[Deduction, ...], AppliedCap]:
    """Hold the whole to what is left on the payments (R-RFD-03), and work out what is held back of it."""
    deducted = min(sum(each.amount_minor for each in asked), sheet.gross_minor)
    cap = _limit_to_order(sheet.drafts, deducted, left_minor)
    return held_back(asked, sheet.gross_minor), cap


def _limit_to_order(drafts: list[Draft], deducted_minor: int, left_minor: int) -> AppliedCap:
    asked = sum(draft.amount_minor for draft in drafts) - deducted_minor
    over = max(0, asked - left_minor)
    for draft in reversed(drafts):
        if over and not draft.named:
            by = min(over, draft.amount_minor)
            draft.reduce(by, "limited by what is left on the order's payments", "R-RFD-03")
            over -= by
    if over:
        raise CapExceededError("the order's payments", "R-RFD-03", asked, left_minor)
    return AppliedCap(name="order", rule="R-RFD-03", limit_minor=left_minor, asked_minor=asked, reduced=asked > left_minor)


def _payment_caps(left: Sequence[tuple[Payment, int]], allocations: Sequence[Allocation]) -> list[AppliedCap]:
    given = {each.payment_id: each.amount_minor for each in allocations}
    return [
        AppliedCap(
            name=f"payment {payment.payment_id}",
            rule="R-RFD-07",
            limit_minor=rest,
            asked_minor=given.get(payment.payment_id, 0),
            reduced=False,
        )
        for payment, rest in left
    ]
