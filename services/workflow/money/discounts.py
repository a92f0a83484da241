"""How much of the order's discounts is worth having on the goods that are kept: what a partial return does to a discount with a condition.

Everything here is about the discounts as a whole. ``standing`` is what the customer has got so far beyond the plain share of each unit (R-RFD-05):
discounts that moved onto kept units, less what was held back because a discount was lost. Each rule says what it should be for the units that are
kept; a refund settles the difference. With nothing kept it should be nothing, so any sequence of refunds of everything sums to what was paid.
"""

from collections.abc import Mapping

from contracts.order_v1 import DiscountCondition, DiscountTier, Order, OrderDiscount
from contracts.quote import DiscountRule
from services.workflow.money.errors import OrderMoneyError, UnknownItemError
from services.workflow.money.line_state import LineState

MILLION = 1_000_000


def standing_minor(lines: Mapping[str, LineState]) -> int:
    """What was moved onto units that are kept, less what is held back. Negative where more is held back."""
    moved = sum(run.count * run.moved_minor for state in lines.values() for run in state.runs if not run.refunded)
    return moved - sum(state.held_minor for state in lines.values())


def target_minor(order: Order, lines: Mapping[str, LineState], rule: DiscountRule) -> int:
    """What ``standing`` should be by ``moves_to_kept`` or ``recomputed`` for the units that are kept now.

    Where tax comes on top, what moves carries tax at the average rate of the discounted goods. Raises ``OrderMoneyError`` where the whole order does
    not meet a discount's condition, ``UnknownItemError`` where a condition names a line that is not there.
    """
    share = {line_id: _with_tax(state, state.paid.order_discount_minor) for line_id, state in lines.items()}
    whole, whole_net = sum(share.values()), sum(state.paid.order_discount_minor for state in lines.values())
    kept = {line_id: state.units_left for line_id, state in lines.items()}
    if not whole_net or not any(kept.values()):
        return 0
    on_kept = sum(share[line_id] * kept[line_id] // state.paid.line.quantity for line_id, state in lines.items())
    if rule == "moves_to_kept":
        return whole - on_kept
    return _recomputed(order, lines, kept) * whole // whole_net - on_kept


def _with_tax(state: LineState, net_minor: int) -> int:
    paid = state.paid
    net = paid.paid_minor - paid.on_top_minor
    return net_minor * paid.paid_minor // net if paid.on_top_minor and net else net_minor


def _recomputed(order: Order, lines: Mapping[str, LineState], kept: Mapping[str, int]) -> int:
    goods = _goods(lines, kept)
    return min(sum(_granted(discount, lines, kept) for discount in order.discounts), goods)


def _goods(lines: Mapping[str, LineState], units: Mapping[str, int], only: tuple[str, ...] = ()) -> int:
    """The list amounts after line discounts, before order discounts and tax on top, of so many units."""
    return sum(
        (state.paid.line.amount_minor - state.paid.line.discount_minor) * units[line_id] // state.paid.line.quantity
        for line_id, state in lines.items()
        if not only or line_id in only
    )


def _granted(discount: OrderDiscount, lines: Mapping[str, LineState], kept: Mapping[str, int]) -> int:
    condition = discount.condition or DiscountCondition()
    for line_id in condition.line_ids:
        if line_id not in lines:
            raise UnknownItemError("line", line_id, f"order.discounts {discount.discount_id} condition.line_ids")
    ordered = {line_id: state.paid.line.quantity for line_id, state in lines.items()}
    counting = condition.line_ids or tuple(lines)
    whole, goods = _goods(lines, ordered, counting), _goods(lines, kept, counting)
    if not _holds(condition, whole, sum(ordered[line_id] for line_id in counting)):
        raise OrderMoneyError(
            f"order.discounts {discount.discount_id}: the whole order does not meet its condition: "
            "send the condition that the discount was granted on"
        )
    quantity = sum(kept[line_id] for line_id in counting)
    if _holds(condition, goods, quantity):
        return discount.amount_minor * goods // whole if discount.percentage and whole else discount.amount_minor
    lower = [_tier_minor(tier, goods) for tier in condition.tiers if _holds(tier, goods, quantity)]
    return min(max(lower, default=0), discount.amount_minor)


def _holds(condition: DiscountCondition | DiscountTier, goods_minor: int, quantity: int) -> bool:
    return goods_minor >= (condition.minimum_goods_minor or 0) and quantity >= (condition.minimum_quantity or 0)


def _tier_minor(tier: DiscountTier, goods_minor: int) -> int:
    return goods_minor * (tier.rate_ppm or 0) // MILLION if tier.amount_minor is None else min(tier.amount_minor, goods_minor)
