"""Whatever an order is made of, and however it is given back: not a minor unit is lost or gained (R-RFD-03 to R-RFD-07).

The number of examples is the profile's: ``MONEY_EXAMPLES=10000`` runs many more of each property than the usual few hundred.
"""

import os

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contracts.order_v1 import Order
from contracts.quote import DiscountRule, PriorRefunds, Quote, RefundEverything, RefundRequest, RefundUnits
from services.workflow.money.allocation import payments_left
from services.workflow.money.credit_note import credit_note_of
from services.workflow.money.errors import CapExceededError
from services.workflow.money.freight import freight_states
from services.workflow.money.journal import balance_minor, reversal_of
from services.workflow.money.line_state import line_states
from services.workflow.money.paid import freight_paid_minor, lines_paid
from services.workflow.money.prior import after, everything_left
from services.workflow.money.quote import quote
from tests.unit.workflow.money.orders import RULES, orders, requests

EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "200"))
often = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def captured(order: Order) -> int:
    return sum(payment.captured_minor for payment in order.payments)


def everything(order: Order, rule: DiscountRule = "stays") -> RefundRequest:
    return RefundRequest(currency=order.currency, items=(RefundEverything(),), discount_rule=rule)


def explains_itself(quoted: Quote) -> None:
    for line in quoted.lines:
        assert sum(step.amount_minor for step in line.steps) == line.amount_minor
        assert all(tax.amount_minor >= 0 for tax in line.taxes)
        assert sum(tax.amount_minor for tax in line.taxes) <= line.amount_minor
    for each in quoted.deductions:
        assert not each.steps or sum(step.amount_minor for step in each.steps) == each.amount_minor
        assert 0 <= sum(tax.amount_minor for tax in each.taxes) <= each.amount_minor
    held = sum(each.amount_minor for each in quoted.deductions)
    assert sum(line.amount_minor for line in quoted.lines) - held == quoted.amount_minor >= 0
    assert sum(each.amount_minor for each in quoted.allocations) == quoted.amount_minor
    assert all(cap.asked_minor <= cap.limit_minor or cap.reduced for cap in quoted.caps)
    assert balance_minor(quoted.journal) == 0
    assert balance_minor(reversal_of(quoted.journal)) == 0
    note = credit_note_of(quoted)
    assert note.gross_minor == quoted.amount_minor == note.net_minor + sum(tax.amount_minor for tax in note.taxes)


def keeps_every_cap(order: Order, prior: PriorRefunds) -> None:
    """R-RFD-03: per unit, line, charge, payment and order."""
    for state in line_states(order, prior).values():
        assert 0 <= state.given_minor <= state.paid.paid_minor
        assert all(0 <= run.moved_minor <= run.compensated_minor <= state.paid.unit_minor for run in state.runs)
        assert state.held_minor >= 0
    assert all(state.left_minor >= 0 for state in freight_states(order, prior).values())
    assert all(rest >= 0 for _, rest in payments_left(order, prior))


def goods_and_freight(quoted: Quote) -> int:
    return sum(line.amount_minor for line in quoted.lines)


def in_turn(order: Order, data: st.DataObject, *, charges: bool) -> tuple[PriorRefunds, list[Quote]]:
    """Random requests, then everything that is left."""
    prior, quotes = PriorRefunds(), []
    for _ in range(data.draw(st.integers(0, 4))):
        request = data.draw(requests(order, prior, charges=charges))
        if request is None:
            break
        quotes.append(quote(order, request, prior))
        explains_itself(quotes[-1])
        prior = after(prior, quotes[-1])
        keeps_every_cap(order, prior)
    if everything_left(order, prior):
        quotes.append(quote(order, everything(order, data.draw(st.sampled_from(RULES))), prior))
        explains_itself(quotes[-1])
        prior = after(prior, quotes[-1])
    return prior, quotes


@often
@given(orders(), st.data())
def test_any_sequence_of_refunds_of_everything_sums_to_exactly_what_was_paid(order: Order, data: st.DataObject) -> None:
    """Every kind of item, every discount rule, mixed as they come."""
    prior, quotes = in_turn(order, data, charges=False)
    assert sum(each.amount_minor for each in quotes) == captured(order)
    assert all(rest == 0 for _, rest in payments_left(order, prior))
    paid = {
        **{key: each.paid_minor for key, each in lines_paid(order).items()},
        **{c.freight_id: freight_paid_minor(order, c) for c in order.freight},
    }
    charged = [(line.line_id, line.taxes) for line in order.lines] + [(charge.freight_id, charge.taxes) for charge in order.freight]
    tax = sum(portion.amount_minor for each in quotes for line in each.lines for portion in line.taxes)
    assert tax == sum(each.amount_minor for item_id, taxes in charged if paid[item_id] for each in taxes)
    assert all(state.held_minor == 0 for state in line_states(order, prior).values())


@often
@given(orders(), st.data())
def test_with_charges_held_back_the_refunds_and_the_charges_sum_to_what_was_paid(order: Order, data: st.DataObject) -> None:
    prior, quotes = in_turn(order, data, charges=True)
    held = sum(each.amount_minor for quoted in quotes for each in quoted.deductions)
    assert sum(each.amount_minor for each in quotes) + held == captured(order)
    keeps_every_cap(order, prior)


@often
@given(orders(), st.data())
def test_money_refunded_elsewhere_is_never_given_again(order: Order, data: st.DataObject) -> None:
    elsewhere = data.draw(st.tuples(*(st.integers(0, payment.captured_minor) for payment in order.payments)))
    gone = (p.model_copy(update={"refunded_elsewhere_minor": e}) for p, e in zip(order.payments, elsewhere, strict=True))
    order = order.model_copy(update={"payments": tuple(gone)})
    prior, given_back = PriorRefunds(), 0
    for _ in range(data.draw(st.integers(1, 4))):
        request = data.draw(requests(order, prior))
        if request is None:
            break
        try:
            quoted = quote(order, request, prior)
        except CapExceededError:  # an amount that the request names is refused, not reduced
            continue
        explains_itself(quoted)
        prior = after(prior, quoted)
        keeps_every_cap(order, prior)
        given_back += quoted.amount_minor
    if everything_left(order, prior):
        given_back += quote(order, everything(order), prior).amount_minor
    assert given_back <= captured(order) - sum(elsewhere)


@often
@given(orders(), st.data())
def test_a_released_refund_leaves_room_for_exactly_itself(order: Order, data: st.DataObject) -> None:
    _, quotes = in_turn(order, data, charges=False)
    assume(quotes)
    gone = quotes.pop(data.draw(st.integers(0, len(quotes) - 1)))
    prior = PriorRefunds()
    for kept in data.draw(st.permutations(quotes)):
        prior = after(prior, kept)
    rest = everything_left(order, prior)
    again = goods_and_freight(quote(order, rest, prior)) if rest else 0
    assert again + sum(goods_and_freight(each) for each in quotes) <= captured(order)
    assert again or not gone.amount_minor or rest is None


@often
@given(orders(), st.data())
def test_order_and_split_of_unit_refunds_do_not_matter_for_the_total(order: Order, data: st.DataObject) -> None:
    """For any part of the goods, where discounts stay with their units (R-RFD-05, R-RFD-06)."""
    wanted = {line.line_id: data.draw(st.integers(0, line.quantity)) for line in order.lines}
    assume(any(wanted.values()))
    whole = tuple(RefundUnits(line_id=line_id, quantity=units) for line_id, units in wanted.items() if units)
    at_once = quote(order, RefundRequest(currency=order.currency, items=whole)).amount_minor
    one_by_one = [RefundUnits(line_id=line_id, quantity=1) for line_id, units in wanted.items() for _ in range(units)]
    prior, total = PriorRefunds(), 0
    for item in data.draw(st.permutations(one_by_one)):
        quoted = quote(order, RefundRequest(currency=order.currency, items=(item,)), prior)
        prior, total = after(prior, quoted), total + quoted.amount_minor
    assert total == at_once


@often
@given(orders(), st.data())
def test_more_units_are_never_worth_less(order: Order, data: st.DataObject) -> None:
    """Not so where a discount is recomputed: one more unit may break its condition, which is what that rule is for."""
    rule: DiscountRule = data.draw(st.sampled_from(("stays", "moves_to_kept")))
    request = data.draw(requests(order, PriorRefunds(), charges=False))
    prior = PriorRefunds() if request is None else after(PriorRefunds(), quote(order, request))
    states = {key: state for key, state in line_states(order, prior).items() if state.units_left}
    assume(states)
    line_id = data.draw(st.sampled_from(sorted(states)))
    amounts = [
        goods_and_freight(
            quote(
                order,
                RefundRequest(currency=order.currency, items=(RefundUnits(line_id=line_id, quantity=count),), discount_rule=rule),
                prior,
            )
        )
        for count in range(1, states[line_id].units_left + 1)
    ]
    assert amounts == sorted(amounts)


@often
@given(orders())
def test_everything_is_what_was_paid_by_every_rule(order: Order) -> None:
    assert {quote(order, everything(order, rule)).amount_minor for rule in RULES} == {captured(order)}
