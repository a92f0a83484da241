"""Rules that a whole decision keeps, said in its trace where they show: which tier has how long, how new goods are sent, what must not happen."""

from contracts.case_state import OptionCode
from contracts.decision_facts import SpecialApproval
from contracts.decision_result import Decision, FreightPayer, NextStep
from contracts.roles import Role
from contracts.scenes import Scene
from services.workflow.policy.grading import Grade
from services.workflow.policy.situation import Situation

_TIER_SETTINGS = {
    Role.AGENT: "approval.agent",
    Role.SUPERVISOR: "approval.supervisor",
    Role.AFTER_SALES_MANAGER: "approval.manager",
    Role.DUTY_DIRECTOR: "approval.director",
    Role.FINANCE: "approval.finance",
}
_NEW_GOODS = frozenset({OptionCode.RESHIP_NO_RETURN, OptionCode.RESHIP, OptionCode.RESHIP_PART})


def explain_rules(situation: Situation, given: Grade, decision: Decision) -> None:
    """Note the rules that follow from the decision as a whole."""
    _approvals(situation, decision)
    _new_goods(situation, decision)
    _exchange(situation, decision)
    _customer(situation, decision)
    trace = situation.trace
    at_merchants_cost = any(option.freight_payer is FreightPayer.MERCHANT and not option.pickup for option in decision.options)
    if decision.next_step is NextStep.OFFER and at_merchants_cost and situation.facts.freight_quote_minor is None:
        trace.note("R-FRT-02", "the customer is asked for a courier's quote before sending")
    if situation.facts.terms.free_shipping and decision.options:
        trace.note("R-FRT-11", "a free-shipping order is never charged for the way out")
    if given.urgent:
        trace.note("R-PRI-05", "urgent: the department head is told directly")
    if situation.facts.clocks.urgent_since is not None:
        trace.note("R-SCN-03", "re-classified: clocks keep their start, urgent limits run from the change")
    if decision.eligibility.eligible and decision.eligibility.window_ends_at is not None:
        trace.note("R-ELIG-10", "the published clause that was applied is shown", clause=decision.eligibility.clause.clause_id)


def _approvals(situation: Situation, decision: Decision) -> None:
    needs = [option.approval for option in decision.options if option.approval] + (
        [decision.special_approval] if decision.special_approval else []
    )
    trace = situation.trace
    for tier in dict.fromkeys(need.tier for need in needs):
        path = _TIER_SETTINGS.get(tier, "approval.manager")
        limit = situation.policy.settings.duration(path)
        trace.note("R-AUTH-03", f"{tier.value} has so long, then it moves up", source=path, seconds=int(limit.total_seconds()))
    if needs:
        trace.note("R-AUTH-01", "beyond authority: asked, and an answer promised")
        trace.note("R-AUTH-04", "no time that runs out decides")
        trace.note("R-AUTH-05", "nobody approves what they asked for")
    if any(need.countersign for need in needs):
        trace.note("R-AUTH-02", "finance countersigns", source="auth.finance_countersign")
    if situation.facts.special_approval is SpecialApproval.GRANTED:
        trace.note("R-AUTH-06", "the exception was granted")


def _new_goods(situation: Situation, decision: Decision) -> None:
    codes = {option.code for option in decision.options}
    trace, reship = situation.trace, situation.facts.reship
    if not codes & _NEW_GOODS:
        return
    trace.note("R-RSH-07", "address and contact are confirmed before sending", confirmed=reship.address_confirmed if reship else None)
    trace.note("R-RSH-05", "sent by the limits of an order, from acceptance", source="ship")
    if OptionCode.RESHIP_PART in codes:
        trace.note("R-RSH-03", "the part is sent free, instead of compensation")
    if situation.scene in (Scene.FULFILMENT_MISSING_ITEM, Scene.LOGISTICS_MISSING):
        trace.note("R-RSH-02", "new units or money, as the customer chooses")
    elif OptionCode.RESHIP_NO_RETURN in codes:
        trace.note("R-RSH-01", "new goods come first, the damaged ones need not come back")


def _exchange(situation: Situation, decision: Decision) -> None:
    exchange = decision.option(OptionCode.EXCHANGE)
    if exchange is None:
        return
    at_once = situation.scene in (Scene.FULFILMENT_WRONG_ITEM, Scene.QUALITY_SAFETY_HAZARD)
    trace = situation.trace
    trace.note("R-EXC-01", "as a return, unless the merchant is at fault", merchant_fault=situation.merchant_fault)
    trace.note("R-EXC-02", "new goods are reserved, and sent after inspection unless at once", at_once=at_once)
    trace.note("R-EXC-05", "processed as a return is", source="return.process")
    if exchange.collect_minor:
        trace.note("R-EXC-03", "the dearer goods are paid for before they are sent", collect_minor=exchange.collect_minor)


def _customer(situation: Situation, decision: Decision) -> None:
    standing = situation.facts.customer
    if standing.member_level is None and not standing.campaigns:
        return
    trace = situation.trace
    trace.note("R-ELIG-13", "a member level extends rights, it never changes what they are worth", level=standing.member_level)
    if decision.options:
        trace.note("R-NOT-11", "amounts depend on the facts of the case alone")
