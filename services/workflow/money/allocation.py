"""Which payments a refund goes back to (R-RFD-02, R-RFD-07)."""

from collections.abc import Sequence

from contracts.order_v1 import Order, Payment
from contracts.quote import Allocation, PriorRefunds
from services.workflow.money.errors import CapExceededError, PaymentCurrencyError, PriorMoneyError, UnknownItemError


def payments_left(order: Order, prior: PriorRefunds) -> list[tuple[Payment, int]]:
    """Every payment with what may still go back to it, earliest first.

    Raises ``UnknownItemError`` or ``PriorMoneyError`` where ``prior`` names another payment, or more than was captured, and ``PaymentCurrencyError``
    where a payment is in another currency than the order.
    """
    given: dict[str, int] = {}
    for each in prior.payments:
        given[each.payment_id] = given.get(each.payment_id, 0) + each.refunded_minor
    payments = sorted(order.payments, key=lambda payment: (payment.captured_at, payment.payment_id))
    for payment_id in given.keys() - {payment.payment_id for payment in payments}:
        raise UnknownItemError("payment", payment_id, "prior.payments")
    for payment in payments:
        if payment.currency not in (None, order.currency):
            raise PaymentCurrencyError(payment.payment_id, payment.currency or "", order.currency)
    left = [(each, each.captured_minor - each.refunded_elsewhere_minor - given.get(each.payment_id, 0)) for each in payments]
    for payment, rest in left:
        if rest < 0:
            raise PriorMoneyError(f"payment {payment.payment_id}: {-rest} minor units more were given back than were captured")
    return left


def allocate(amount_minor: int, left: Sequence[tuple[Payment, int]]) -> tuple[Allocation, ...]:
    """Divide a refund over the payments, in proportion to what is left on each (R-RFD-07).

    Each gets the floor; the left-over units go to the payment with the most left (ties: the earliest), and on to the next where it is full.
    Raises ``CapExceededError`` where the payments together have less left than ``amount_minor``.
    """
    total = sum(rest for _, rest in left)
    if amount_minor > total:
        raise CapExceededError("payments", "R-RFD-03", amount_minor, total)
    if amount_minor == 0:
        return ()
    parts = [amount_minor * rest // total for _, rest in left]
    over = amount_minor - sum(parts)
    for place in sorted(range(len(left)), key=lambda each: -left[each][1]):
        more = min(over, left[place][1] - parts[place])
        parts[place] += more
        over -= more
    return tuple(
        Allocation(
            payment_id=payment.payment_id,
            provider=payment.provider,
            provider_reference=payment.provider_reference,
            method=payment.method,
            amount_minor=part,
        )
        for (payment, _), part in zip(left, parts, strict=True)
        if part
    )
