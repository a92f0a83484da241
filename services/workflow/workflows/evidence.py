"""Evidence: ask for it, ask again, and have an agent judge it (R-EVD-07, R-EVD-08, R-EVD-09)."""

from collections.abc import Sequence

from temporalio import workflow

from contracts.decision_result import EvidenceNeed, Priority
from contracts.roles import Role
from services.workflow.payloads.case import Because, CaseSignal, FactKind, Plan
from services.workflow.workflows.case_process import CaseProcess
from services.workflow.workflows.rounds import longer, tier_above

_HEARD = frozenset({FactKind.EVIDENCE_ADDED, FactKind.EVIDENCE_REFUSED, FactKind.EVIDENCE_REVIEWED})
_JUDGED = frozenset({FactKind.EVIDENCE_REVIEWED, FactKind.EVIDENCE_REFUSED})


async def collect_evidence(case: CaseProcess, plan: Plan) -> Plan:
    """Wait for what was asked for; silence asks again or ends the claim, as the policy's limit has it (R-EVD-09)."""
    wanted = plan.evidence
    if wanted is None:
        raise ValueError("a plan to collect evidence names none")
    gathered: list[CaseSignal] = []
    while True:
        fact = await case.wait_for(_HEARD, wanted.due_at, f"evidence, request {wanted.request_number}: then ask again or reject")
        if fact is None:
            return await case.assess(Because.SILENCE)
        if fact.kind == FactKind.EVIDENCE_ADDED:
            gathered.append(fact)
            case.screen.happened("evidence came in")
            if not seems_complete(wanted.needed, gathered):
                continue
        return await case.assess(Because.EVIDENCE, fact.event_id)


async def await_review(case: CaseProcess, plan: Plan) -> Plan:
    """Wait for the agent's verdict; a missed limit raises the owner and never decides (R-SLA-20, R-SLA-04, R-SLA-09)."""
    owner = plan.progress.who or Role.AGENT
    limit = case.timers.review
    due_at = plan.progress.due_at or workflow.now() + limit
    sla = "R-SLA-09" if case.priority is Priority.URGENT else "R-SLA-04"
    while True:
        fact = await case.wait_for(_JUDGED, due_at, f"review by {owner.value}: then {sla} is missed and the owner raised")
        if fact is not None:
            case.screen.happened("the evidence was reviewed")
            return await case.assess(Because.REVIEW, fact.event_id)
        owner = tier_above(owner)
        limit = longer(limit, case.timers)
        missed, due_at = due_at, workflow.now() + limit
        await case.breach(sla, missed, due_at, owner, "review_overdue")


def seems_complete(needed: Sequence[EvidenceNeed], gathered: Sequence[CaseSignal]) -> bool:
    """Whether the evidence that came since could be all that is missing; the activity that decides looks at the rows themselves."""
    left = list(gathered)
    for need in needed:
        fitting = [item for item in left if item.data.get("kind") in set(need.kinds) and item.data.get("shows") == need.shows]
        if len(fitting) < need.count:
            return False
        for item in fitting[: need.count]:
            left.remove(item)
    return True
