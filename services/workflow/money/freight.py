"""Outbound freight given back: each charge once, up to what was paid for it (R-FRT-12)."""

from dataclasses import dataclass

from contracts.order_v1 import FreightCharge, Order
from contracts.quote import PriorRefunds, RefundFreight
from services.workflow.money.draft import Draft
from services.workflow.money.errors import PriorMoneyError, UnknownItemError
from services.workflow.money.paid import freight_paid_minor


@dataclass(slots=True)
class FreightState:
    """A charge while a request is worked through: what was paid for it and given back of it, in minor units."""

    charge: FreightCharge
    paid_minor: int
    given_minor: int

    @property
    def left_minor(self) -> int:
        """What may still be given back of it."""
        return self.paid_minor - self.given_minor


def freight_given(order: Order, prior: PriorRefunds) -> dict[str, int]:
    """What was given back of each freight charge. Raises ``UnknownItemError``, ``PriorMoneyError``, ``OrderMoneyError``."""
    return {freight_id: state.given_minor for freight_id, state in freight_states(order, prior).items()}


def freight_states(order: Order, prior: PriorRefunds) -> dict[str, FreightState]:
    """Every charge before a quote. Raises ``UnknownItemError``, ``PriorMoneyError``, ``OrderMoneyError``."""
    states = {charge.freight_id: FreightState(charge, freight_paid_minor(order, charge), 0) for charge in order.freight}
    for before in prior.freight:
        if before.freight_id not in states:
            raise UnknownItemError("freight", before.freight_id, "prior.freight")
        states[before.freight_id].given_minor += before.refunded_minor
    for freight_id, state in states.items():
        if state.left_minor < 0:
            raise PriorMoneyError(f"prior freight {freight_id}: {state.given_minor} given back is more than was paid for it")
    return states


def refund_freight(states: dict[str, FreightState], item: RefundFreight) -> Draft:
    """Give back all that is left of a charge, or the amount that was named; the state becomes what it is afterwards.

    Raises ``UnknownItemError``, or ``CapExceededError`` where a named amount is more than is left.
    """
    if item.freight_id not in states:
        raise UnknownItemError("freight", item.freight_id)
    state = states[item.freight_id]
    if item.amount_minor is not None:
        return give_freight(state, item.amount_minor, "agreed part of the freight", "R-FRT-12")
    draft = _draft(state, state.left_minor, named=False)
    draft.step("freight paid", "R-FRT-12", state.paid_minor)
    draft.step("freight given back before", "R-FRT-12", -state.given_minor)
    return _given(state, draft)


def give_freight(state: FreightState, amount_minor: int, label: str, rule: str) -> Draft:
    """Give back a named part of a charge. Raises ``CapExceededError`` where it is more than is left."""
    draft = _draft(state, amount_minor, named=True)
    draft.step(label, rule, amount_minor)
    return _given(state, draft)


def _draft(state: FreightState, amount_minor: int, *, named: bool) -> Draft:
    return Draft(
        kind="freight",
        item_id=state.charge.freight_id,
        amount_minor=amount_minor,
        paid_minor=state.paid_minor,
        before_minor=state.given_minor,
        taxes=state.charge.taxes,
        named=named,
    )


def _given(state: FreightState, draft: Draft) -> Draft:
    draft.limit(f"freight {draft.item_id}", "R-FRT-12", state.left_minor)
    state.given_minor += draft.amount_minor
    return draft
