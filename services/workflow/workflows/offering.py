"""The offer: the customer chooses, turns it down, or lets it lapse (R-CASE-03, R-CASE-04, R-RSH-04)."""

from temporalio import workflow

from contracts.case_state import CaseOutcome
from services.workflow.activities.cases import CaseActivities
from services.workflow.payloads.case import Because, CaseStep, ChooseOption, FactKind, Plan, Remind
from services.workflow.workflows.case_process import CaseProcess

_ANSWERED = frozenset({FactKind.OPTION_CHOSEN, FactKind.OFFER_REJECTED})


async def await_choice(case: CaseProcess, plan: Plan) -> Plan:
    """Wait to the end of the offer and a grace for choices under way; whether a choice was in time is read from its row."""
    offer = plan.offer
    if offer is None:
        raise ValueError("a plan to await a choice has no offer")
    last_moment = offer.valid_until + case.timers.offer_grace
    remind_at = offer.remind_at
    while True:
        name = f"offer {offer.number}: then remind" if remind_at else f"offer {offer.number}: then close, or carry out what is laid down"
        fact = await case.wait_for(_ANSWERED, remind_at or last_moment, name)
        if fact is None and remind_at is not None:
            remind_at = None
            await _remind(case, plan)
        elif fact is None:
            break
        elif fact.kind == FactKind.OFFER_REJECTED:
            answered = await case.assess(Because.OFFER_REJECTED, fact.event_id, offer.offer_id)
            if answered.refused is None:
                return answered
        else:
            ask = ChooseOption(**case.ask("choose"), offer_id=offer.offer_id, fact=fact.event_id)
            answered = case.take(await case.do(CaseActivities.choose, ask, "take the customer's choice"))
            if answered.step is not CaseStep.AWAIT_CHOICE:
                return answered
    if offer.automatic is None:
        return await case.end(CaseOutcome.NO_RESPONSE)
    ask = ChooseOption(**case.ask("choose"), offer_id=offer.offer_id, automatic=offer.automatic)
    return case.take(await case.do(CaseActivities.choose, ask, "carry out what is laid down for no answer"))


async def _remind(case: CaseProcess, plan: Plan) -> None:
    """Half of the offer's time has gone by."""
    due_at = plan.offer.valid_until if plan.offer else workflow.now()
    ask = Remind(**case.ask("remind"), moment="R-NTF-05", due_at=due_at)
    case.screen.happened("the customer was reminded of the offer")
    case.screen.show(await case.do(CaseActivities.remind, ask, "remind the customer of the offer"))
