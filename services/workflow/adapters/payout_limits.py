"""How much may be paid out beside the refunds of an order, whoever asks: a case's payouts of one kind are looked at together.

Compensation has the ceiling of the policy (R-COMP-10). Return freight has none in the rules beyond its receipt (R-FRT-04); more than all that was paid for
the order is a mistake of the keyboard. A settlement is what a court or the parties say (R-DEC-39).
"""

from contracts.order_v1 import Order
from contracts.refund_v1 import PayoutKind
from services.kit.postgres import Connection
from services.workflow.adapters.deciding import Deciding
from services.workflow.money.paid import lines_paid
from services.workflow.policy.policy import Policy
from services.workflow.ports import CaseHeader


class PayoutTooHighError(Exception):
    """More than the case may still be given; ``left_minor`` is what is left."""

    def __init__(self, left_minor: int, rule: str) -> None:
        super().__init__(f"at most {left_minor} minor units are left for this case ({rule})")
        self.left_minor = left_minor


async def check_limit(conn: Connection, deciding: Deciding, header: CaseHeader, kind: PayoutKind, amount_minor: int) -> None:
    """Whether so much more may be paid out; the case's row stays locked, so that two requests are not both within the limit.

    Raises :class:`PayoutTooHighError`.
    """
    case = await conn.fetchrow("SELECT policy_version FROM cases WHERE case_id = $1 FOR UPDATE", header.case_id)
    order = Order.model_validate(await conn.fetchval("SELECT snapshot FROM orders WHERE order_id = $1", header.order_id))
    limit = rule = None
    if kind is PayoutKind.CEILING_COMPENSATION:
        policy = deciding.policy(header.merchant_id, case["policy_version"] if case else None, order.placed_at)
        limit, rule = _ceiling_minor(policy, order), "R-COMP-10"
    elif kind is PayoutKind.FREIGHT_TOPUP:
        limit, rule = sum(payment.captured_minor for payment in order.payments), "R-FRT-14"
    if limit is None or rule is None:
        return
    before = await conn.fetchval(_BEFORE, header.case_id, kind.value)
    if before + amount_minor > limit:
        raise PayoutTooHighError(max(0, limit - before), rule)


def _ceiling_minor(policy: Policy, order: Order) -> int | None:
    """A part of the goods' price up to a limit; None where the policy has no limit in the order's currency: then the manager decides alone."""
    try:
        most, percent = policy.settings.amounts("comp.promise_max").get(order.currency), policy.settings.number("comp.promise_pct")
    except KeyError:
        return None
    goods = sum(paid.paid_minor for paid in lines_paid(order).values())
    return None if most is None else min(goods * percent // 100, most)


_BEFORE = """
SELECT coalesce(sum(amount_minor), 0)::bigint FROM payouts WHERE case_id = $1 AND kind = $2 AND state IN ('requested', 'paid')
"""
