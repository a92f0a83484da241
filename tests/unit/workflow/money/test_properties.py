"""Whatever an order is made of, and however it is given back: not a minor unit is lost or gained (R-RFD-03 to R-RFD-07)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.order_v1 import Order
from contracts.quote import CompensateUnits, Deduction, PriorRefunds, Quote, RefundFreight, RefundRequest, RefundUnits
from services.workflow.money.allocation import payments_left
from services.workflow.money.journal import balance_minor, reversal_of
from services.workflow.money.line_state import line_states
from services.workflow.money.paid import freight_paid_minor, lines_paid
from services.workflow.money.prior import after, everything_left
from services.workflow.money.quote import quote
from tests.unit.workflow.money.orders import orders


def captured(order: Order) -> int:
    return sum(payment.captured_minor for payment in order.payments)


def explains_itself(quoted: Quote) -> None:
    for line in quoted.lines:
        assert sum(step.amount_minor for step in line.steps) == line.amount_minor
        assert all(tax.amount_minor >= 0 for tax in line.taxes)
        assert sum(tax.amount_minor for tax in line.taxes) <= line.amount_minor
    held = sum(each.amount_minor for each in quoted.deductions)
    assert sum(line.amount_minor for line in quoted.lines) - held == quoted.amount_minor
    assert sum(each.amount_minor for each in quoted.allocations) == quoted.amount_minor
    assert balance_minor(quoted.journal) == 0
    assert balance_minor(reversal_of(quoted.journal)) == 0


def refunds_something(data: st.DataObject, order: Order, prior: PriorRefunds) -> RefundRequest | None:
    left = everything_left(order, prior)
    if left is None:
        return None
    item = data.draw(st.sampled_from(left.items))
    if isinstance(item, RefundUnits):
        item = item.model_copy(update={"quantity": data.draw(st.integers(1, item.quantity))})
    elif isinstance(item, RefundFreight) and data.draw(st.booleans()):
        whole = quote(order, RefundRequest(currency=order.currency, items=(item,)), prior).amount_minor
        item = item.model_copy(update={"amount_minor": data.draw(st.integers(1, whole))})
    return RefundRequest(currency=order.currency, items=(item,))


@settings(max_examples=300, deadline=None)
@given(orders(), st.data())
def test_any_sequence_of_refunds_of_everything_sums_to_exactly_what_was_paid(order: Order, data: st.DataObject) -> None:
    prior, given_back, tax = PriorRefunds(), 0, 0
    while (request := refunds_something(data, order, prior)) is not None:
        quoted = quote(order, request, prior)
        explains_itself(quoted)
        prior = after(prior, quoted)
        given_back += quoted.amount_minor
        tax += sum(portion.amount_minor for line in quoted.lines for portion in line.taxes)
    assert given_back == captured(order)
    assert all(rest == 0 for _, rest in payments_left(order, prior))
    paid = {
        **{key: each.paid_minor for key, each in lines_paid(order).items()},
        **{c.freight_id: freight_paid_minor(order, c) for c in order.freight},
    }
    charged = [(line.line_id, line.taxes) for line in order.lines] + [(charge.freight_id, charge.taxes) for charge in order.freight]
    assert tax == sum(each.amount_minor for item_id, taxes in charged if paid[item_id] for each in taxes)


@settings(max_examples=200, deadline=None)
@given(orders(), st.data())
def test_compensation_before_and_between_refunds_never_exceeds_what_was_paid(order: Order, data: st.DataObject) -> None:
    prior, given_back = PriorRefunds(), 0
    for _ in range(data.draw(st.integers(1, 6))):
        states = {key: state for key, state in line_states(order, prior).items() if state.units_left}
        if not states:
            break
        line_id = data.draw(st.sampled_from(sorted(states)))
        quantity = data.draw(st.integers(1, states[line_id].units_left))
        highest = max(run.compensated_minor for run in states[line_id].runs)
        room = quantity * max(0, states[line_id].paid.unit_minor - highest)
        item: RefundUnits | CompensateUnits = RefundUnits(line_id=line_id, quantity=quantity)
        if data.draw(st.booleans()):
            item = CompensateUnits(line_id=line_id, quantity=quantity, amount_minor=data.draw(st.integers(0, room)))
        quoted = quote(order, RefundRequest(currency=order.currency, items=(item,)), prior)
        explains_itself(quoted)
        prior = after(prior, quoted)
        given_back += quoted.amount_minor
        for state in line_states(order, prior).values():
            assert 0 <= state.given_minor <= state.paid.paid_minor
            assert all(run.compensated_minor <= state.paid.unit_minor for run in state.runs)
    rest = everything_left(order, prior)
    given_back += quote(order, rest, prior).amount_minor if rest else 0
    assert given_back == captured(order)


@settings(max_examples=200, deadline=None)
@given(orders(), st.data())
def test_a_released_refund_leaves_room_for_exactly_itself(order: Order, data: st.DataObject) -> None:
    quotes: list[Quote] = []
    prior = PriorRefunds()
    while (request := refunds_something(data, order, prior)) is not None:
        quotes.append(quote(order, request, prior))
        prior = after(prior, quotes[-1])
    if not quotes:
        return
    quotes.pop(data.draw(st.integers(0, len(quotes) - 1)))
    prior = PriorRefunds()
    for kept in quotes:
        prior = after(prior, kept)
    rest = everything_left(order, prior)
    again = quote(order, rest, prior).amount_minor if rest else 0
    assert again + sum(each.amount_minor for each in quotes) <= captured(order)


@settings(max_examples=200, deadline=None)
@given(orders(), st.integers(0, 20_000), st.integers(1, 4000))
def test_deductions_and_money_given_elsewhere_never_push_a_refund_out_of_its_bounds(order: Order, held: int, elsewhere: int) -> None:
    first = order.payments[0]
    less = first.model_copy(update={"refunded_elsewhere_minor": min(elsewhere, first.captured_minor)})
    order = order.model_copy(update={"payments": (less, *order.payments[1:])})
    request = everything_left(order, PriorRefunds())
    assert request is not None
    deduction = Deduction(code="return_freight", rule="R-FRT-09", amount_minor=held)
    quoted = quote(order, request.model_copy(update={"deductions": (deduction,)}), PriorRefunds())
    explains_itself(quoted)
    assert 0 <= quoted.amount_minor <= captured(order) - less.refunded_elsewhere_minor


@settings(max_examples=200, deadline=None)
@given(orders(), st.data())
def test_more_units_are_never_worth_less(order: Order, data: st.DataObject) -> None:
    line = data.draw(st.sampled_from(order.lines))
    amounts = [
        quote(order, RefundRequest(currency=order.currency, items=(RefundUnits(line_id=line.line_id, quantity=count),))).amount_minor
        for count in range(1, line.quantity + 1)
    ]
    assert amounts == sorted(amounts)
    assert amounts[-1] == lines_paid(order)[line.line_id].paid_minor
