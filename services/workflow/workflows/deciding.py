"""Decisions that are people's: approvals beyond the platform's authority, and cases that only their owner can solve."""

from uuid import UUID

from temporalio import workflow

from contracts.case_state import CaseOutcome
from contracts.roles import Role
from services.workflow.activities.cases import CaseActivities
from services.workflow.payloads.case import Because, CaseSignal, FactKind, Plan, RaiseOwner, ReadWord, Word
from services.workflow.workflows.case_process import CaseProcess
from services.workflow.workflows.rounds import longer, tier_above

_SOLVED = frozenset({FactKind.WORK_ITEM_RESOLVED, FactKind.EVIDENCE_REVIEWED, FactKind.SATISFACTION_STATED})


async def ask_approval(case: CaseProcess, plan: Plan) -> Plan:
    """Ask for the approval that the plan needs and decide again with its answer (R-AUTH-06, R-EVD-08)."""
    if plan.approval is None:
        raise ValueError("a plan to ask for an approval names none")
    result = await case.approve(plan.approval)
    case.approvals[plan.approval.kind] = result.approval_id
    return await case.assess(Because.APPROVAL)


async def await_owner(case: CaseProcess, kind: str, owner: Role, *, mediation: bool = False) -> Plan | None:
    """Hand the case to a person and wait until they solved it (None), or judged it anew (the plan that follows).

    A missed limit raises the owner; a customer who says that all is well now ends it (R-CASE-07).
    """
    limit = case.timers.review
    due_at = workflow.now() + limit
    ask = RaiseOwner(**case.ask("raise-owner"), kind=kind, owner=owner, due_at=due_at, mediation=mediation)
    case.screen.happened(f"handed to {owner.value}: {kind.replace('_', ' ')}")
    case.screen.show(await case.do(CaseActivities.raise_owner, ask, f"hand the case to {owner.value}"))

    def fits(signal: CaseSignal) -> bool:
        return signal.kind != FactKind.WORK_ITEM_RESOLVED or signal.data.get("kind") == kind

    while True:
        fact = await case.wait_for(_SOLVED, due_at, f"{kind.replace('_', ' ')}, {owner.value}: then the owner is raised", fits)
        if fact is None:
            owner, limit = tier_above(owner), longer(limit, case.timers)
            missed, due_at = due_at, workflow.now() + limit
            await case.breach("R-AUTH-08", missed, due_at, owner, kind, resolvable=True)
        elif fact.kind == FactKind.EVIDENCE_REVIEWED:
            return await case.assess(Because.OWNER, fact.event_id)
        else:
            word = await _read(case, fact)
            if word.known and word.satisfied is not False:
                case.satisfied = fact if word.satisfied else None
                return None


async def _read(case: CaseProcess, fact: CaseSignal) -> Word:
    """What is on record of a fact that would end the wait: nobody's word for it is taken."""
    done = fact.data.get("work_item_id") if fact.kind == FactKind.WORK_ITEM_RESOLVED else None
    ask = ReadWord(
        **case.ask("read-word"),
        fact=fact.event_id if fact.kind == FactKind.SATISFACTION_STATED else None,
        work_item_id=UUID(str(done)) if done else None,
    )
    return await case.do(CaseActivities.read_word, ask, f"look up: {fact.kind.replace('_', ' ')}")


async def await_owner_after_rejections(case: CaseProcess, plan: Plan) -> Plan:
    """Three rejected offers go to the supervisor, a fourth to the manager; after that mediation is offered (R-AUTH-08, R-AUTH-10)."""
    if plan.owner_kind == "mediation":
        return await mediate(case)
    judged = await await_owner(case, plan.owner_kind or "rejected_offers", plan.progress.who or Role.SUPERVISOR)
    return judged or await case.assess(Because.OWNER)


async def mediate(case: CaseProcess) -> Plan:
    """No agreement: the case goes to mediation, and ends with it (R-AUTH-10)."""
    judged = await await_owner(case, "mediation", Role.AFTER_SALES_MANAGER, mediation=True)
    return judged or await case.end(CaseOutcome.MEDIATION)
