"""Who must agree before an option is carried out (R-AUTH-01, R-AUTH-02, R-AUTH-06, R-AUTH-09, R-DEC-04, R-FRT-04)."""

from dataclasses import dataclass

from contracts.case_state import GOODS_COME_BACK, OptionCode
from contracts.decision_facts import SpecialApproval
from contracts.decision_result import ApprovalNeed, FreightPayer
from contracts.roles import APPROVAL_TIERS, Role
from contracts.scenes import Scene
from services.workflow.policy.grading import Grade
from services.workflow.policy.return_freight import above_cap
from services.workflow.policy.situation import Situation

TIERS = (("auth.system_refund", None), ("auth.agent_refund", Role.AGENT), ("auth.supervisor_refund", Role.SUPERVISOR))
KEEPS_GOODS_WHOLE = frozenset({OptionCode.REFUND_NO_RETURN, OptionCode.RESHIP_NO_RETURN})


@dataclass(frozen=True, slots=True)
class Weight:
    """What the approval of an option depends on.

    ``asked_for`` says that the customer wants it although policy does not list it (R-DEC-07); ``beside_minor`` is the most that the case's other units
    get at the same time (R-DEC-06); ``needs`` are approvals that the row of the decision table asks for by itself. With ``pickup`` the merchant sends for
    the goods.
    """

    code: OptionCode
    amount_minor: int
    freight: FreightPayer
    urgent_remedy: bool = False
    asked_for: bool = False
    beside_minor: int = 0
    needs: tuple[ApprovalNeed, ...] = ()
    pickup: bool = False


def approval_for(situation: Situation, given: Grade, weight: Weight) -> ApprovalNeed | None:
    """The highest approval that any rule asks for, None where the system's own authority is enough."""
    total = situation.facts.case_money_minor + weight.amount_minor + weight.beside_minor
    if weight.urgent_remedy and given.urgent and total <= (situation.amount("auth.urgent") or 0):
        situation.trace.note("R-AUTH-09", "urgent remedies need no prior approval", source="auth.urgent", case_money_minor=total)
        return None
    # Cancelling before picking is within the system's authority whatever the amount (R-AUTH-02).
    cancelled = situation.scene is Scene.ORDER_CANCEL and weight.code is OptionCode.REFUND_FULL
    by_money = None if cancelled else _by_money(situation, total)
    needs = [need for need in (by_money, *_by_kind(situation, weight), *weight.needs) if need]
    countersign = total > 0 and total > (situation.amount("auth.finance_countersign") or 0)
    if countersign and not needs:
        needs = [ApprovalNeed(tier=Role.SUPERVISOR, reason="finance_countersign", rule="R-AUTH-02")]
    if not needs:
        return None
    need = max(needs, key=lambda each: APPROVAL_TIERS.index(each.tier))
    need = need.model_copy(update={"countersign": countersign, "amount_minor": weight.amount_minor})
    situation.trace.note(
        need.rule,
        f"{need.tier.value} must agree to {weight.code.value}",
        reason=need.reason,
        case_money_minor=total,
        finance_countersigns=countersign,
    )
    return need


def _by_money(situation: Situation, total_minor: int) -> ApprovalNeed | None:
    """The tier by the sum of all money of the case; a limit that the policy lacks in this currency covers nothing (R-AUTH-02)."""
    if total_minor == 0:
        return None
    approved = situation.facts.special_approval is SpecialApproval.GRANTED
    for path, tier in TIERS:
        limit = situation.amount(path)
        if limit is not None and total_minor <= limit:
            # Whoever granted the exception is a supervisor at least, and decided about this very refund (R-AUTH-06).
            return None if tier is None or approved else ApprovalNeed(tier=tier, reason="amount", rule="R-AUTH-02")
    known = all(situation.amount(path) is not None for path, _ in TIERS)
    reason = "amount" if known else "currency_without_limits"
    return ApprovalNeed(tier=Role.AFTER_SALES_MANAGER, reason=reason, rule="R-AUTH-02")


def _by_kind(situation: Situation, weight: Weight) -> list[ApprovalNeed]:
    needs = []
    if weight.code in KEEPS_GOODS_WHOLE and not weight.pickup:
        limit = situation.amount("no_return.max_unit")
        if limit is None or situation.dearest_unit_minor > limit:
            needs.append(ApprovalNeed(tier=Role.SUPERVISOR, reason="no_return_above_limit", rule="R-DEC-04"))
    if weight.code in (OptionCode.COMPENSATE_RAISED, OptionCode.DISCOUNT_SETTLEMENT):
        needs.append(ApprovalNeed(tier=Role.SUPERVISOR, reason="raised_compensation", rule="R-COMP-05"))
    if weight.code in GOODS_COME_BACK and weight.freight is FreightPayer.MERCHANT:
        cap = situation.amount("freight.return_cap")
        if cap is None or above_cap(situation):
            needs.append(ApprovalNeed(tier=Role.SUPERVISOR, reason="freight_above_limit", rule="R-FRT-04"))
    asked, allowed = situation.facts.stockout.discount_pct if situation.facts.stockout else None, situation.policy.settings.stockout
    if weight.code is OptionCode.SUBSTITUTE and asked is not None and allowed is not None and asked > allowed.discount_pct:
        needs.append(ApprovalNeed(tier=Role.AFTER_SALES_MANAGER, reason="discount_above_limit", rule="R-STK-03"))
    if weight.asked_for:
        needs.append(ApprovalNeed(tier=Role.SUPERVISOR, reason="beyond_policy", rule="R-DEC-07"))
    return needs
