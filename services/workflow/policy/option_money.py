"""What an option is worth: what is refunded with its quote, what is held back, and what the customer pays first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contracts.case_state import OptionCode
from contracts.decision_circumstances import Breach
from contracts.decision_facts import AffectedUnits
from contracts.exchange import ExchangedUnits, ExchangeRequest, Replacement
from contracts.fees import Fee, FeeTax
from contracts.order_v1 import Payment
from contracts.quote import CompensateUnits, Deduction, Quote, RefundFreight, RefundItem, RefundRequest, RefundUnits
from contracts.scenes import Scene
from services.workflow.money.errors import MoneyError
from services.workflow.money.exchange import quote_exchange
from services.workflow.money.freight import freight_given
from services.workflow.money.quote import quote
from services.workflow.money.replacement import substitute_price_minor
from services.workflow.policy.compensation import settlement_max_minor
from services.workflow.policy.errors import FactsError
from services.workflow.policy.outbound_freight import outbound_freight
from services.workflow.policy.return_freight import deduction_minor
from services.workflow.policy.situation import Situation

PPM_OF_A_PERCENT = 10_000
Money = Mapping[str, Sequence[CompensateUnits]]
"""The compensation that was worked out for the offer, by the word of the options table: ``standard`` and ``raised``."""


@dataclass(frozen=True, slots=True)
class Worth:
    """``amount_minor`` is what the customer gets, ``collect_minor`` what they pay first. ``request`` and ``quote`` are None where nothing is refunded."""

    amount_minor: int = 0
    collect_minor: int = 0
    request: RefundRequest | None = None
    quote: Quote | None = None


def option_money(situation: Situation, code: OptionCode, kind: str, money: Money) -> Worth:
    """What the option is worth, by the word that the options table has for its money."""
    _check_not_delivered(situation, code)
    if kind == "refund":
        return _refund(situation, [*_units(situation), *outbound_freight(situation, code)], fees=_restocking(situation, code))
    if kind in ("standard", "raised"):
        return _refund(situation, list(money.get(kind, ())))
    worth = _OTHERS.get(kind)
    return worth(situation) if worth else Worth()


def _check_not_delivered(situation: Situation, code: OptionCode) -> None:
    """Goods that ran out, never came or are on their way back are paid for without a return: units that were delivered are not among them.

    Raises ``FactsError`` where they are.
    """
    lost = situation.scene is Scene.LOGISTICS_LOST and code is OptionCode.REFUND_NO_RETURN
    ran_out = situation.scene is Scene.ORDER_STOCKOUT and code is OptionCode.REFUND_FULL
    if not (lost or ran_out or code is OptionCode.REFUND_LESS_FREIGHT):
        return
    for each in situation.facts.affected:
        there = situation.order.line(each.line_id).quantity - situation.order.delivered_quantity(each.line_id)
        if each.quantity > there:
            raise FactsError(
                "order.shipments",
                f"{code.value} is for goods that never arrived, but of line {each.line_id} only {there} units were not delivered",
                f"correct the delivery, or name at most {there} units as affected",
            )


def _units(situation: Situation) -> list[RefundItem]:
    return [RefundUnits(line_id=each.line_id, quantity=each.quantity) for each in situation.facts.affected]


def _restocking(situation: Situation, code: OptionCode) -> tuple[Fee, ...]:
    """What a return without fault costs by the shop's policy (``restocking.percent``); a merchant-fault return never costs anything."""
    settings = situation.policy.settings.restocking
    if settings is None or not settings.percent or code is not OptionCode.RETURN_REFUND or situation.merchant_fault:
        return ()
    situation.trace.note("R-POL-01", "the published restocking fee", source="restocking.percent", percent=settings.percent)
    return (Fee(code="restocking", rule="R-POL-01", rate_ppm=settings.percent * PPM_OF_A_PERCENT),)


def _refund(situation: Situation, items: Sequence[RefundItem], deductions: tuple[Deduction, ...] = (), fees: tuple[Fee, ...] = ()) -> Worth:
    if not items:
        return Worth()
    request = RefundRequest(
        currency=situation.currency,
        items=tuple(items),
        deductions=deductions,
        fees=fees,
        discount_rule=situation.policy.settings.refund.discount_rule or "stays",
    )
    try:
        quoted = quote(situation.order, request, situation.facts.prior)
    except MoneyError as error:
        raise _not_quotable(error) from error
    if any(step.rule == "R-RFD-04" for line in quoted.lines for step in line.steps):
        situation.trace.note("R-RFD-04", "less the compensation that these units had")
    return Worth(quoted.amount_minor, request=request, quote=quoted)


def _not_quotable(error: MoneyError) -> FactsError:
    """Why the order, with what was given back on it, has no price for this."""
    return FactsError("order", str(error), "send the order and what was given back on it as they stand")


def _less_freight(situation: Situation) -> Worth:
    """The goods, less the freight that the customer caused; what they paid for the way out is not given back (R-FRT-09, R-FRT-16)."""
    rule = "R-FRT-16" if situation.scene is Scene.ORDER_CANCEL else "R-FRT-09"
    caused = deduction_minor(situation)
    held = (Deduction(code="caused_freight", rule=rule, amount_minor=caused),) if caused else ()
    situation.trace.note(rule, "refund less the freight that was caused, never below zero", amount_minor=caused)
    return _refund(situation, _units(situation), held)


def _extra(situation: Situation) -> Worth:
    """A payment that was made twice (R-PAY-04), or money that was wrongly charged (R-DEC-43): it does not count as a refund of the order (R-RFD-03)."""
    payment, complaint = situation.facts.payment, situation.facts.complaint
    if complaint is not None and complaint.wrongly_charged_minor:
        _charged_at_all(situation, complaint.wrongly_charged_minor)
        situation.trace.note("R-DEC-43", "what was wrongly charged goes back", amount_minor=complaint.wrongly_charged_minor)
        return _wrongly_charged(situation, complaint.breach, complaint.wrongly_charged_minor)
    extra = _later_payment(situation, payment.extra_payment_id if payment else None)
    given = sum(each.refunded_minor for each in situation.facts.prior.payments if each.payment_id == extra.payment_id)
    left = extra.captured_minor - extra.refunded_elsewhere_minor - given
    situation.trace.note("R-DEC-40", "what is left of the later payment goes back whole", payment_id=extra.payment_id, amount_minor=left)
    return Worth(left)


def _later_payment(situation: Situation, payment_id: str | None) -> Payment:
    """The payment that was made twice. The first one pays for the order, which stands (R-PAY-04)."""
    remedy = "name the later of the two captures"
    extra = next((each for each in situation.order.payments if each.payment_id == payment_id), None)
    if extra is None:
        raise FactsError("payment.extra_payment_id", "names no payment of the order", remedy)
    if not any(each is not extra and each.captured_at <= extra.captured_at for each in situation.order.payments):
        raise FactsError("payment.extra_payment_id", f"{payment_id} is the order's first payment, which pays for it (R-PAY-04)", remedy)
    return extra


def _charged_at_all(situation: Situation, amount_minor: int) -> None:
    """Nobody can have charged more than all payments together, unless part of it was paid at the door."""
    captured = sum(each.captured_minor for each in situation.order.payments)
    if amount_minor > captured and not situation.facts.terms.cash_on_delivery:
        raise FactsError(
            "complaint.wrongly_charged_minor",
            f"{amount_minor} is more than the payments of the order ({captured})",
            "correct the amount, or send the order with all its payments",
        )


def _wrongly_charged(situation: Situation, breach: Breach | None, amount_minor: int) -> Worth:
    """Freight that should have been free goes back on its charge; anything else is a payout of its own (R-RFD-15)."""
    if breach is not Breach.FREIGHT:
        return Worth(amount_minor)
    given = freight_given(situation.order, situation.facts.prior)
    for charge in situation.order.freight:
        if charge.amount_minor - given[charge.freight_id] >= amount_minor:
            return _refund(situation, [RefundFreight(freight_id=charge.freight_id, amount_minor=amount_minor)])
    return Worth(amount_minor)


def _settlement(situation: Situation) -> Worth:
    return Worth(settlement_max_minor(situation))


def _deposit(situation: Situation) -> Worth:
    """The whole deposit (R-DEC-42)."""
    return Worth(situation.facts.deposit.amount_minor if situation.facts.deposit else 0)


def _exchange(situation: Situation) -> Worth:
    """Other goods for the affected units; without a price they are the same goods, and no money moves (R-EXC-03)."""
    wanted = situation.facts.exchange
    if wanted is None or wanted.unit_minor is None:
        return Worth()
    return _difference(situation, wanted.unit_minor, 0, "R-EXC-03")


def _difference(situation: Situation, unit_minor: int, percent_off: int, rule: str) -> Worth:
    """The price difference of goods given instead: dearer is paid first, cheaper is given back (R-EXC-03, R-STK-06)."""
    facts, line = situation.facts, situation.lines[0]
    if len({tuple((tax.code, tax.rate_ppm) for tax in each.taxes) for each in situation.lines}) > 1:
        raise FactsError("affected", "has lines with different taxes, but one price for the new goods", "decide on the lines one by one")
    new = Replacement(
        sku="replacement",
        quantity=sum(each.quantity for each in facts.affected),
        unit_amount_minor=unit_minor,
        percent_off=percent_off,
        taxes=tuple(FeeTax(code=tax.code, rate_ppm=tax.rate_ppm) for tax in line.taxes),
    )
    returned = tuple(ExchangedUnits(line_id=each.line_id, quantity=each.quantity) for each in facts.affected)
    request = ExchangeRequest(currency=situation.currency, returned=returned, replacements=(new,))
    try:
        found = quote_exchange(situation.order, request, facts.prior)
    except MoneyError as error:
        raise _not_quotable(error) from error
    situation.trace.note(rule, "the price difference", paid_minor=found.returned_minor, difference_minor=found.difference_minor)
    return Worth(found.to_refund_minor, collect_minor=found.to_collect_minor, request=found.request, quote=found.quote)


def _parts(situation: Situation, amount_minor: int) -> list[tuple[AffectedUnits, int]]:
    """An amount divided over the affected lines by what they cost; the last line gets the rest."""
    parts = []
    left, worth = amount_minor, situation.goods_minor
    for each in situation.facts.affected:
        own = each.quantity * situation.states[each.line_id].paid.unit_minor
        part = left if own == worth else left * own // worth
        left, worth = left - part, worth - own
        parts.append((each, part))
    return parts


def agreed_part(situation: Situation, amount_minor: int) -> Worth:
    """A part of what the affected units cost, agreed for all of them together (R-RTN-05)."""
    parts = _parts(situation, amount_minor)
    return _refund(situation, [RefundUnits(line_id=each.line_id, quantity=each.quantity, amount_minor=part) for each, part in parts])


def _substitute_price(situation: Situation) -> tuple[int, int] | None:
    """The list price of one unit of a similar article and the percentage off it, that of the policy or what was asked for (R-STK-03, R-STK-06)."""
    stockout = situation.facts.stockout
    if stockout is None or stockout.substitute_unit_minor is None:
        return None
    percent = situation.number("stockout.discount_pct") if stockout.discount_pct is None else stockout.discount_pct
    price = substitute_price_minor(stockout.substitute_unit_minor, percent)
    situation.trace.note("R-STK-03", "the substitute's discount", source="stockout.discount_pct", percent=percent)
    situation.trace.note("R-STK-06", "the substitute's price", list_minor=stockout.substitute_unit_minor, price_minor=price)
    return stockout.substitute_unit_minor, percent


def _substitute(situation: Situation) -> Worth:
    price = _substitute_price(situation)
    return _difference(situation, *price, "R-STK-06") if price is not None else Worth()


_OTHERS: dict[str, Callable[[Situation], Worth]] = {
    "less_freight": _less_freight,
    "extra": _extra,
    "deposit": _deposit,
    "settlement": _settlement,
    "exchange": _exchange,
    "substitute": _substitute,
}
