"""From the accepted option to the solved case: approvals of the amount, the remedy, the question whether that solved it."""

from temporalio import workflow

from contracts.case_state import CaseOutcome
from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.workflow.activities.cases import CaseActivities
from services.workflow.payloads.case import (
    Agreement,
    AgreeOption,
    ApprovalPlan,
    Because,
    CaseStep,
    ChosenOption,
    CompleteRemedy,
    FactKind,
    Plan,
    RemedyEnd,
)
from services.workflow.workflows.case_process import CaseProcess
from services.workflow.workflows.deciding import await_owner, mediate
from services.workflow.workflows.remedies import carry_out_remedy

_ROUNDS = 3
"""How often the customer is asked again after the supervisor looked at it; then no agreement is in sight (R-AUTH-10)."""


async def carry_out(case: CaseProcess, plan: Plan) -> Plan:
    """Have the amount approved where the policy asks for it, carry the remedy out, and see the case closed."""
    if plan.chosen is None and plan.agreement is None:
        return await case.assess(Because.AMOUNTS_CHANGED)
    if plan.agreement is None and plan.chosen is not None:
        plan = await _approve(case, plan.chosen)
        if plan.step is not CaseStep.CARRY_OUT or plan.agreement is None:
            return plan
    agreement = plan.agreement
    if agreement is None:
        raise ValueError("a plan to carry out an option has neither a choice nor an agreement")
    end = await carry_out_remedy(case, agreement)
    if end.outcome is None:
        case.screen.happened(f"{agreement.option.value} could not be carried out: {end.failure}")
        case.unavailable.append(agreement.option)
        return await case.assess(Because.OPTION_FAILED)
    return await _conclude(case, agreement, end)


async def _conclude(case: CaseProcess, agreement: Agreement, end: RemedyEnd) -> Plan:
    """What follows a remedy: mediation, a supervisor where the refund was given up, the end, or the question to the customer."""
    outcome = end.outcome or CaseOutcome.DECLINED
    if outcome is CaseOutcome.MEDIATION:
        await _record(case, agreement, end)
        return await mediate(case)
    if end.given_up:
        await _record(case, agreement, end)
        judged = await await_owner(case, "refund_given_up", Role.SUPERVISOR)
        return judged or await case.end(outcome, agreement.option)
    if not end.ask:
        return await case.end(outcome, agreement.option, end.closing)
    return await _confirm(case, agreement, end)


async def _approve(case: CaseProcess, chosen: ChosenOption) -> Plan:
    """The approval of the amount, and the countersignature of finance above its limit (R-AUTH-02). A refusal leaves the other options."""
    need, amount = chosen.approval, chosen.amount_minor
    if need is None:
        raise ValueError("an option without need of approval was to be approved")
    asked = [ApprovalPlan(kind=ApprovalKind.AMOUNT, tier=need.tier, reason=need.reason, rule=need.rule, amount_minor=amount)]
    if need.countersign:
        asked.append(
            ApprovalPlan(kind=ApprovalKind.FINANCE, tier=Role.FINANCE, reason="countersign", rule="R-AUTH-02", amount_minor=amount)
        )
    granted = []
    for approval in asked:
        result = await case.approve(approval)
        if result.outcome != "granted":
            case.unavailable.append(chosen.option)
            return await case.assess(Because.OPTION_DECLINED)
        granted.append(result.approval_id)
    ask = AgreeOption(**case.ask("agree"), offer_id=chosen.offer_id, option=chosen.option, approvals=tuple(granted))
    return case.take(await case.do(CaseActivities.agree, ask, f"agree on {chosen.option.value}"))


async def _record(case: CaseProcess, agreement: Agreement, end: RemedyEnd) -> None:
    """Close the return and count what was settled, where a person goes on and the customer is not asked."""
    ask = CompleteRemedy(
        **case.ask("complete"),
        remedy_ordinal=agreement.remedy_ordinal,
        settled=end.settled,
        refunded_minor=end.refunded_minor,
        outcome=end.outcome or CaseOutcome.DECLINED,
        closing=end.closing,
    )
    case.screen.happened(f"{agreement.option.value} ended without the customer's agreement or its whole refund")
    case.take(await case.do(CaseActivities.complete, ask, "record what the remedy came to"))


async def _confirm(case: CaseProcess, agreement: Agreement, end: RemedyEnd) -> Plan:
    """Ask whether the case is solved; no answer closes it, a no goes to the supervisor (R-CASE-07)."""
    for round_number in range(_ROUNDS):
        answer_by = workflow.now() + case.timers.confirm
        ask = CompleteRemedy(
            **case.ask("complete"),
            remedy_ordinal=agreement.remedy_ordinal,
            settled=end.settled,
            refunded_minor=end.refunded_minor,
            outcome=end.outcome or CaseOutcome.DECLINED,
            answer_by=answer_by,
            closing=end.closing,
            ask_again=round_number > 0,
        )
        case.screen.happened(f"{agreement.option.value} was carried out" if round_number == 0 else "the customer is asked again")
        case.take(await case.do(CaseActivities.complete, ask, "ask the customer whether the case is solved"))
        while True:
            fact = await case.wait_for({FactKind.SATISFACTION_STATED}, answer_by, "the customer's word: then the case closes")
            if fact is not None and not fact.data.get("satisfied"):
                break
            plan = await case.end(end.outcome or CaseOutcome.DECLINED, agreement.option, said=fact)
            if plan.step is CaseStep.ENDED:
                return plan
        case.screen.happened("the customer is not satisfied")
        judged = await await_owner(case, "dissatisfied", Role.SUPERVISOR)
        if judged is not None:
            return judged
        if case.satisfied is not None:
            plan = await case.end(end.outcome or CaseOutcome.DECLINED, agreement.option, said=case.satisfied)
            if plan.step is CaseStep.ENDED:
                return plan
            case.satisfied = None
    return await mediate(case)
