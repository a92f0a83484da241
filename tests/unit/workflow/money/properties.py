"""What must hold for every order and every sequence of requests. Each property takes somebody who chooses them."""

from collections import Counter
from collections.abc import Callable

from contracts.exchange import ExchangedUnits, ExchangeRequest, Replacement
from contracts.fees import Fee, FeeTax
from contracts.order_v1 import Order
from contracts.quote import DiscountRule, PriorRefunds, Quote, RefundEverything, RefundRequest, RefundUnits
from services.workflow.money.allocation import payments_left
from services.workflow.money.credit_note import credit_note_of
from services.workflow.money.errors import CapExceededError
from services.workflow.money.exchange import quote_exchange
from services.workflow.money.freight import freight_states
from services.workflow.money.journal import balance_minor, given_up_journal
from services.workflow.money.line_state import line_states
from services.workflow.money.paid import freight_paid_minor, lines_paid
from services.workflow.money.prior import after, everything_left
from services.workflow.money.quote import quote
from tests.unit.workflow.money.choices import Choices, one_of, shuffled
from tests.unit.workflow.money.orders import an_order_of, refunded_elsewhere
from tests.unit.workflow.money.requests import RULES, a_request


def captured(order: Order) -> int:
    return sum(payment.captured_minor for payment in order.payments)


def all_of(order: Order, rule: DiscountRule = "stays") -> RefundRequest:
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
    assert balance_minor(given_up_journal(quoted.journal)) == 0
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


def gross(quoted: Quote) -> int:
    """Before anything is held back."""
    return sum(line.amount_minor for line in quoted.lines)


def taxes_given_back(quotes: list[Quote]) -> Counter[tuple[str | None, str]]:
    """By line or charge, and tax code."""
    given: Counter[tuple[str | None, str]] = Counter()
    for line in (line for each in quotes for line in each.lines):
        for tax in line.taxes:
            given[line.line_id or line.freight_id, tax.code] += tax.amount_minor
    return +given


def taxes_charged(order: Order) -> Counter[tuple[str | None, str]]:
    """The same, of everything that was paid for."""
    paid = lines_paid(order)
    charged: Counter[tuple[str | None, str]] = Counter()
    for line in order.lines:
        charged.update({(line.line_id, tax.code): tax.amount_minor for tax in line.taxes if paid[line.line_id].paid_minor})
    for charge in order.freight:
        charged.update({(charge.freight_id, tax.code): tax.amount_minor for tax in charge.taxes if freight_paid_minor(order, charge)})
    return +charged


def in_turn(choose: Choices, order: Order, *, charges: bool) -> tuple[PriorRefunds, list[Quote]]:
    """Random requests, then everything that is left."""
    prior, quotes = PriorRefunds(), []
    for _ in range(choose.integer(0, 4)):
        request = choose.made(lambda choices, before=prior: a_request(choices, order, before, charges=charges))
        if request is None:
            break
        quotes.append(quote(order, request, prior))
        explains_itself(quotes[-1])
        prior = after(prior, quotes[-1])
        keeps_every_cap(order, prior)
    if everything_left(order, prior):
        quotes.append(quote(order, all_of(order, one_of(choose, RULES)), prior))
        explains_itself(quotes[-1])
        prior = after(prior, quotes[-1])
        keeps_every_cap(order, prior)
    return prior, quotes


def any_sequence_of_refunds_of_everything_sums_to_exactly_what_was_paid(choose: Choices) -> None:
    """Every kind of item, every discount rule, mixed as they come; and the taxes sum to what was charged."""
    order = choose.made(an_order_of)
    prior, quotes = in_turn(choose, order, charges=False)
    assert sum(each.amount_minor for each in quotes) == captured(order)
    assert all(rest == 0 for _, rest in payments_left(order, prior))
    assert taxes_given_back(quotes) == taxes_charged(order)
    assert all(state.held_minor == 0 for state in line_states(order, prior).values())


def with_charges_the_refunds_and_the_charges_sum_to_what_was_paid(choose: Choices) -> None:
    order = choose.made(an_order_of)
    _, quotes = in_turn(choose, order, charges=True)
    held = sum(each.amount_minor for quoted in quotes for each in quoted.deductions)
    assert sum(each.amount_minor for each in quotes) + held == captured(order)


def money_refunded_elsewhere_is_never_given_again(choose: Choices) -> None:
    order = choose.made(lambda choices: refunded_elsewhere(choices, an_order_of(choices)))
    prior, given_back = PriorRefunds(), 0
    for _ in range(choose.integer(1, 4)):
        request = choose.made(a_request, order, prior)
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
        given_back += quote(order, all_of(order), prior).amount_minor
    assert given_back <= captured(order) - sum(payment.refunded_elsewhere_minor for payment in order.payments)


def a_released_refund_leaves_no_more_room_than_itself(choose: Choices) -> None:
    """Whichever refund failed, and in whatever order the others are read."""
    order = choose.made(an_order_of)
    _, quotes = in_turn(choose, order, charges=False)
    if not quotes:
        return
    quotes.pop(choose.integer(0, len(quotes) - 1))
    prior = PriorRefunds()
    for kept in shuffled(choose, quotes):
        prior = after(prior, kept)
    rest = everything_left(order, prior)
    again = quote(order, rest.model_copy(update={"discount_rule": one_of(choose, RULES)}), prior).amount_minor if rest else 0
    assert again + sum(each.amount_minor for each in quotes) <= captured(order)


def order_and_split_of_unit_refunds_do_not_matter_for_the_total(choose: Choices) -> None:
    """For any part of the goods, where discounts stay with their units (R-RFD-05, R-RFD-06)."""
    order = choose.made(an_order_of)
    wanted = {line.line_id: choose.integer(0, line.quantity) for line in order.lines}
    whole = tuple(RefundUnits(line_id=line_id, quantity=units) for line_id, units in wanted.items() if units)
    if not whole:
        return
    at_once = quote(order, RefundRequest(currency=order.currency, items=whole)).amount_minor
    one_by_one = [RefundUnits(line_id=line_id, quantity=1) for line_id, units in wanted.items() for _ in range(units)]
    prior, total = PriorRefunds(), 0
    for item in shuffled(choose, one_by_one):
        quoted = quote(order, RefundRequest(currency=order.currency, items=(item,)), prior)
        prior, total = after(prior, quoted), total + quoted.amount_minor
    assert total == at_once


def more_units_are_never_worth_less(choose: Choices) -> None:
    """Not so where a discount is recomputed: one more unit may break its condition, which is what that rule is for."""
    order = choose.made(an_order_of)
    rule = one_of(choose, RULES[:2])
    request = choose.made(lambda choices: a_request(choices, order, PriorRefunds(), charges=False))
    prior = PriorRefunds() if request is None else after(PriorRefunds(), quote(order, request))
    states = {key: state for key, state in line_states(order, prior).items() if state.units_left}
    if not states:
        return
    line_id = one_of(choose, sorted(states))
    items = [RefundUnits(line_id=line_id, quantity=count) for count in range(1, states[line_id].units_left + 1)]
    asked = [RefundRequest(currency=order.currency, items=(item,), discount_rule=rule) for item in items]
    amounts = [gross(quote(order, each, prior)) for each in asked]
    assert amounts == sorted(amounts)


def everything_is_what_was_paid_by_every_rule(choose: Choices) -> None:
    order = choose.made(an_order_of)
    assert {quote(order, all_of(order, rule)).amount_minor for rule in RULES} == {captured(order)}


def an_exchange_explains_its_difference_and_exceeds_no_cap(choose: Choices) -> None:
    """R-EXC-03: and what comes back later is worth the new price."""
    order = choose.made(an_order_of)
    line = one_of(choose, order.lines)
    new = Replacement(
        sku="NEW",
        quantity=choose.integer(1, 3),
        unit_amount_minor=choose.integer(0, 2000),
        percent_off=choose.integer(0, 100),
        taxes=(FeeTax(code="T0", rate_ppm=200_000),),
    )
    asked = ExchangeRequest(
        currency=order.currency,
        returned=(ExchangedUnits(line_id=line.line_id, quantity=choose.integer(1, line.quantity)),),
        replacements=(new,),
        fees=(Fee(code="return_freight", rule="R-FRT-08", amount_minor=choose.integer(0, 300)),),
    )
    found = quote_exchange(order, asked)
    assert sum(step.amount_minor for step in found.steps) == found.difference_minor == found.to_collect_minor - found.to_refund_minor
    for price in found.replacements:
        assert sum(step.amount_minor for step in price.steps) == price.gross_minor
    assert (found.quote.amount_minor if found.quote else 0) == found.to_refund_minor
    if found.quote is None:
        return
    explains_itself(found.quote)
    prior = after(PriorRefunds(), found.quote)
    keeps_every_cap(order, prior)
    held = sum(each.amount_minor for each in found.quote.deductions)
    rest = quote(order, all_of(order), prior)
    assert found.quote.amount_minor + held + rest.amount_minor == captured(order)


PROPERTIES: tuple[Callable[[Choices], None], ...] = (
    any_sequence_of_refunds_of_everything_sums_to_exactly_what_was_paid,
    with_charges_the_refunds_and_the_charges_sum_to_what_was_paid,
    money_refunded_elsewhere_is_never_given_again,
    a_released_refund_leaves_no_more_room_than_itself,
    order_and_split_of_unit_refunds_do_not_matter_for_the_total,
    more_units_are_never_worth_less,
    everything_is_what_was_paid_by_every_rule,
    an_exchange_explains_its_difference_and_exceeds_no_cap,
)
