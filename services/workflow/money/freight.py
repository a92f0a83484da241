"""Outbound freight given back: each charge once, up to what was paid for it (R-FRT-12)."""

from contracts.order_v1 import Order
from contracts.quote import PriorRefunds, RefundFreight
from services.workflow.money.draft import Draft
from services.workflow.money.errors import PriorMoneyError, UnknownItemError
from services.workflow.money.paid import freight_paid_minor


def freight_given(order: Order, prior: PriorRefunds) -> dict[str, int]:
    """What was given back of each freight charge. Raises ``UnknownItemError``, ``PriorMoneyError``."""
    given = {charge.freight_id: 0 for charge in order.freight}
    for before in prior.freight:
        if before.freight_id not in given:
            raise UnknownItemError("freight", before.freight_id)
        given[before.freight_id] += before.refunded_minor
    for charge in order.freight:
        if given[charge.freight_id] > freight_paid_minor(order, charge):
            raise PriorMoneyError(f"prior freight {charge.freight_id}: {given[charge.freight_id]} given back is more than was paid for it")
    return given


def refund_freight(order: Order, given: dict[str, int], item: RefundFreight) -> Draft:
    """Give back all that is left of a charge, or the amount that was named. ``given`` becomes what it is afterwards.

    Raises ``UnknownItemError``, or ``CapExceededError`` where a named amount is more than is left.
    """
    charge = next((each for each in order.freight if each.freight_id == item.freight_id), None)
    if charge is None:
        raise UnknownItemError("freight", item.freight_id)
    paid = freight_paid_minor(order, charge)
    left = paid - given[item.freight_id]
    draft = Draft(
        kind="freight",
        item_id=item.freight_id,
        amount_minor=left if item.amount_minor is None else item.amount_minor,
        paid_minor=paid,
        before_minor=given[item.freight_id],
        taxes=charge.taxes,
        named=item.amount_minor is not None,
    )
    if item.amount_minor is None:
        draft.step("freight paid", "R-FRT-12", paid)
        draft.step("freight given back before", "R-FRT-12", -given[item.freight_id])
    else:
        draft.step("agreed part of the freight", "R-FRT-12", item.amount_minor)
    draft.limit(f"freight {item.freight_id}", "R-FRT-12", left)
    given[item.freight_id] += draft.amount_minor
    return draft
