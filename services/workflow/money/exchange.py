"""``quote_exchange``: what an exchange comes to, in either direction (R-EXC-03, R-STK-06)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.exchange import ExchangedUnits, ExchangeQuote, ExchangeRequest, ReplacementPrice
from contracts.order_v1 import Order
from contracts.quote import CompensateUnits, Deduction, PriorRefunds, QuoteStep, RefundRequest, TaxPortion
from services.workflow.money.draft import Draft
from services.workflow.money.errors import QuantityExceededError, RequestCurrencyError, UnknownItemError
from services.workflow.money.fees import fees_due
from services.workflow.money.line_state import LineState, line_states
from services.workflow.money.proration import prorate
from services.workflow.money.quote import NOTHING_BEFORE, quote
from services.workflow.money.replacement import replacement_price
from services.workflow.money.runs import kept, take, within
from services.workflow.money.shipments import units_in
from services.workflow.money.taxes import tax_portions


@dataclass(frozen=True, slots=True)
class _Returned:
    """Units of one line that are exchanged, and what they count with."""

    item: ExchangedUnits
    state: LineState
    value_minor: int
    taxes: tuple[TaxPortion, ...]


def quote_exchange(order: Order, request: ExchangeRequest, prior: PriorRefunds = NOTHING_BEFORE) -> ExchangeQuote:
    """What exchanging units of ``order`` for new goods comes to, in minor units of the order's currency.

    The returned units count with their paid price, rounded down per unit, less what was given back on them before (R-RFD-04, R-RFD-06); order
    discounts stay with them. The new goods take their place on the order: where they are cheaper, the difference is refunded as a lower price of
    those units, less the fees, and so counts when they come back, too. What the shop gets is collected before shipping; an even exchange moves no
    money.

    Raises the errors of :mod:`services.workflow.money.errors`: ``CapExceededError`` where the difference is more than the payments have left.
    """
    if request.currency != order.currency:
        raise RequestCurrencyError(request.currency, order.currency)
    states = line_states(order, prior)
    returned = [_returned(order, states, item, place) for place, item in enumerate(request.returned)]
    prices = [replacement_price(new, tax_included=order.tax_included, rounding=request.tax_rounding) for new in request.replacements]
    fees = fees_due(request.fees, [_draft(each) for each in returned], states)
    value = sum(each.value_minor for each in returned)
    cheaper = value - sum(price.gross_minor for price in prices)
    difference = sum(fee.amount_minor for fee in fees) - cheaper
    refund = _refund(order.currency, returned, cheaper, fees) if cheaper > 0 else None
    return ExchangeQuote(
        currency=order.currency,
        returned_minor=value,
        replacements=tuple(prices),
        fees_minor=sum(fee.amount_minor for fee in fees),
        difference_minor=difference,
        to_collect_minor=max(0, difference),
        to_refund_minor=max(0, -difference),
        taxes=_taxes(returned, prices),
        steps=_steps(returned, prices, fees),
        request=refund,
        quote=quote(order, refund, prior) if refund else None,
    )


def _returned(order: Order, states: dict[str, LineState], item: ExchangedUnits, place: int) -> _Returned:
    field = f"request.returned[{place}]"
    if item.line_id not in states:
        raise UnknownItemError("line", item.line_id, field)
    state = states[item.line_id]
    windows = None if item.shipment_id is None else units_in(order, item.shipment_id, field).get(item.line_id, [])
    runs = within(state.runs, windows)
    if item.quantity > kept(runs):
        raise QuantityExceededError(item.line_id, item.quantity, kept(runs), item.shipment_id)
    chosen = take(runs, item.quantity, compensated_first=True)
    value = state.room_minor(chosen)
    paid, unit = state.paid.paid_minor, state.paid.unit_minor
    taxes = tax_portions(state.paid.line.taxes, paid, item.quantity * unit - value, item.quantity * unit)
    return _Returned(item, state, value, taxes)


def _draft(returned: _Returned) -> Draft:
    """The returned units as a fee looks at them."""
    return Draft("units", returned.item.line_id, returned.value_minor, 0, 0, (), named=False, quantity=returned.item.quantity)


def _refund(currency: str, returned: Sequence[_Returned], amount_minor: int, fees: Sequence[Deduction]) -> RefundRequest:
    parts = prorate(amount_minor, [each.value_minor for each in returned])
    return RefundRequest(
        currency=currency,
        items=tuple(
            CompensateUnits(
                line_id=each.item.line_id,
                quantity=each.item.quantity,
                amount_minor=part,
                shipment_id=each.item.shipment_id,
                reason="price_difference",
            )
            for each, part in zip(returned, parts, strict=True)
            if part
        ),
        deductions=tuple(fee.model_copy(update={"steps": ()}) for fee in fees),
    )


def _steps(returned: Sequence[_Returned], prices: Sequence[ReplacementPrice], fees: Sequence[Deduction]) -> tuple[QuoteStep, ...]:
    steps = [(f"new goods: {price.quantity} of {price.sku}", "R-EXC-03", price.gross_minor) for price in prices]
    steps += [(f"fee: {fee.code}", fee.rule, fee.amount_minor) for fee in fees]
    steps += [(f"returned: {each.item.quantity} of line {each.item.line_id}", "R-RFD-06", -each.value_minor) for each in returned]
    return tuple(QuoteStep(label=label, rule=rule, amount_minor=amount) for label, rule, amount in steps if amount)


def _taxes(returned: Iterable[_Returned], prices: Iterable[ReplacementPrice]) -> tuple[TaxPortion, ...]:
    sums: dict[tuple[str, int], int] = {}
    for sign, taxes in ((1, (tax for price in prices for tax in price.taxes)), (-1, (tax for each in returned for tax in each.taxes))):
        for tax in taxes:
            sums[tax.code, tax.rate_ppm] = sums.get((tax.code, tax.rate_ppm), 0) + sign * tax.amount_minor
    return tuple(TaxPortion(code=code, rate_ppm=rate, amount_minor=amount) for (code, rate), amount in sums.items())
