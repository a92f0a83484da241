"""Assess a case: gather, decide, record the decision, and set out the next step with its events, all in one transaction."""

from dataclasses import dataclass, replace

from contracts.case_state import CaseOutcome
from contracts.decision_facts import SpecialApproval
from contracts.decision_result import ApprovalNeed, Decision, NextStep
from contracts.resolution_v1 import ApprovalKind, CaseTriaged, EvidenceRequested, ResolutionEvent, ReviewRequested
from contracts.roles import Role
from services.kit.postgres import Connection
from services.kit.writing import write
from services.workflow.adapters.agreeing import agree_on
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import CaseRow, Changes
from services.workflow.adapters.deciding import case_timers
from services.workflow.adapters.ending import reject
from services.workflow.adapters.offering import Made, make_offer, reject_offer, resumed_offer
from services.workflow.adapters.packing import PACKING
from services.workflow.adapters.situation import Situation, look
from services.workflow.cases import standing
from services.workflow.cases.evidence import needs_of
from services.workflow.payloads.case import ApprovalPlan, AssessCase, Because, CaseStep, EvidencePlan, Plan
from services.workflow.policy.errors import FactsError

_NO_OPTION = "no_option_feasible"


@dataclass(frozen=True, slots=True)
class _Look:
    """What one assessment has at hand."""

    books: Books
    conn: Connection
    ask: AssessCase
    at: Situation
    decision: Decision

    @property
    def row(self) -> CaseRow:
        return self.at.row


async def assess(books: Books, conn: Connection, row: CaseRow, ask: AssessCase) -> Plan:
    """The next step of a case. The caller holds the row's lock and keeps the answer."""
    if ask.because is Because.OFFER_REJECTED and (refused := await reject_offer(books, conn, row, ask)):
        return refused
    if ask.because is Because.RESUMED and (resumed := await resumed_offer(books, conn, row)):
        return await _with_timers(books, conn, row, ask, resumed)
    situation = await look(books, conn, row, ask)
    try:
        decision = books.deciding.decide(situation.facts, situation.policy)
    except FactsError as error:
        return await _facts_incomplete(books, conn, row, ask, situation, error)
    await _record(conn, row, ask, situation, decision)
    at = _Look(books, conn, ask, situation, decision)
    plan, events = await _next(at)
    changes = Changes(remedy_ordinal=plan.remedy_ordinal, request_number=plan.request_number)
    if row.policy_version is None:
        events = [_triaged(at, plan), *events]
        changes = replace(changes, policy_version=decision.policy_version, priority=decision.priority.value)
    await books.publish(conn, row, ask.operation_id, plan.progress, *events, changes=changes)
    update = {"priority": decision.priority, "policy_version": decision.policy_version, "timers": case_timers(situation.policy.timers)}
    return plan.model_copy(update=update if ask.because in (Because.OPENED, Because.RESUMED) else {})


async def _next(at: _Look) -> tuple[Plan, list[ResolutionEvent]]:
    """The step and its events. What only people may decide comes before what the table says."""
    situation, because = at.at, at.ask.because
    if situation.evidence.facts.refused or (because is Because.SILENCE and _asked_enough(at)):
        return await _reject(at, CaseOutcome.EVIDENCE_NOT_PROVIDED, "evidence_not_provided")
    if situation.evidence_declined:
        return await _reject(at, CaseOutcome.REJECTED, "evidence_not_accepted")
    if situation.evidence.dispute is not None:
        return _ask(ApprovalKind.EVIDENCE, ApprovalNeed(tier=Role.SUPERVISOR, reason=situation.evidence.dispute, rule="R-EVD-08"))
    if situation.rejected_offers >= situation.policy.max_rejected_offers and because is Because.OFFER_REJECTED:
        return _hand_over(at)
    return await _as_decided(at)


async def _as_decided(at: _Look) -> tuple[Plan, list[ResolutionEvent]]:
    """What the decision says comes next."""
    decision = at.decision
    if decision.next_step is NextStep.ASK_EVIDENCE:
        return await _ask_evidence(at)
    if decision.next_step is NextStep.REVIEW_EVIDENCE:
        return _review(at)
    if decision.next_step is NextStep.OFFER and decision.options:
        return await _offer(at)
    need = decision.special_approval
    if decision.next_step is NextStep.SPECIAL_APPROVAL and need is not None and need.reason != _NO_OPTION:
        return _ask(ApprovalKind.SPECIAL, need)
    if need is not None and at.ask.because is not Because.OPTION_DECLINED:
        return _no_option(at, need)
    declined = at.at.special is SpecialApproval.DECLINED or at.ask.because is Because.OPTION_DECLINED
    return await _reject(
        at, CaseOutcome.DECLINED if declined else CaseOutcome.REJECTED, "declined" if need else decision.eligibility.reason
    )


async def _reject(at: _Look, outcome: CaseOutcome, reason: str) -> tuple[Plan, list[ResolutionEvent]]:
    return await reject(at.books, at.conn, at.row, outcome, reason, at.decision, at.ask.at)


def _asked_enough(at: _Look) -> bool:
    return at.row.request_number > at.at.policy.timers.evidence_max_rerequests


async def _ask_evidence(at: _Look) -> tuple[Plan, list[ResolutionEvent]]:
    """Ask, or ask again; where evidence came but is not enough, the request that stands goes on (R-EVD-09)."""
    row, limit = at.row, at.at.policy.timers.evidence_wait
    missing = at.at.evidence.missing
    needed = at.decision.evidence_needed or needs_of(missing)
    if at.ask.because is Because.EVIDENCE and row.progress.due_at is not None and not missing and row.request_number:
        plan = EvidencePlan(request_number=row.request_number, needed=needed, due_at=row.progress.due_at)
        return Plan(step=CaseStep.COLLECT_EVIDENCE, progress=row.progress, evidence=plan), []
    number = row.request_number + 1
    due_at = at.ask.at + limit
    progress = standing.evidence_pending(due_at, last=number > at.at.policy.timers.evidence_max_rerequests)
    event = EvidenceRequested(**row.header.common(progress), request_number=number, needed=needed, missing=missing, due_at=due_at)
    plan = EvidencePlan(request_number=number, needed=needed, due_at=due_at)
    return Plan(step=CaseStep.COLLECT_EVIDENCE, progress=progress, evidence=plan), [event]


def _review(at: _Look) -> tuple[Plan, list[ResolutionEvent]]:
    due_at = at.ask.at + at.at.policy.timers.review_answer
    progress = standing.under_review(due_at)
    return Plan(step=CaseStep.AWAIT_REVIEW, progress=progress), [ReviewRequested(**at.row.header.common(progress), due_at=due_at)]


def _ask(kind: ApprovalKind, need: ApprovalNeed) -> tuple[Plan, list[ResolutionEvent]]:
    """The approval's own activity publishes the question with its limit."""
    approval = ApprovalPlan(kind=kind, tier=need.tier, reason=need.reason, rule=need.rule)
    return Plan(step=CaseStep.ASK_APPROVAL, progress=standing.approval_pending(need.tier), approval=approval), []


def _no_option(at: _Look, need: ApprovalNeed) -> tuple[Plan, list[ResolutionEvent]]:
    """Nothing of the row can be carried out: a person must find a way (R-DEC-01)."""
    progress = standing.under_review(at.ask.at + at.at.policy.timers.review_answer, need.tier)
    return Plan(step=CaseStep.AWAIT_OWNER, progress=progress, owner_kind=need.reason), []


def _hand_over(at: _Look) -> tuple[Plan, list[ResolutionEvent]]:
    """Too many offers were turned down: the supervisor, then the manager, then mediation (R-AUTH-08, R-AUTH-10)."""
    more = at.at.rejected_offers - at.at.policy.max_rejected_offers
    kind = "three_rejected_offers" if more == 0 else ("more_rejected_offers" if more == 1 else "mediation")
    owner = Role.SUPERVISOR if more == 0 else Role.AFTER_SALES_MANAGER
    progress = standing.under_review(at.ask.at + at.at.policy.timers.review_answer, owner)
    return Plan(step=CaseStep.AWAIT_OWNER, progress=progress, owner_kind=kind), []


async def _offer(at: _Look) -> tuple[Plan, list[ResolutionEvent]]:
    """Offer the options. Consent given with the application counts for the first offer of the wanted remedy (R-INT-02, R-CASE-03)."""
    wanted = at.at.facts.wanted_remedy
    chosen = at.decision.option(wanted) if wanted and at.row.opened["accept_if_offered"] and not at.at.offers_made else None
    if at.ask.because is Because.OPTION_FAILED:
        chosen = None
    made: Made = await make_offer(at.books, at.conn, at.at, at.decision, at.ask, chosen)
    if chosen is None:
        return made.plan, [made.event]
    plan, events = agree_on(at.row, made.offer, chosen, at.at.facts.affected)
    return plan, [made.event, *events]


def _triaged(at: _Look, plan: Plan) -> CaseTriaged:
    departments = tuple(dict.fromkeys(department.role for department in at.decision.departments))
    return CaseTriaged(
        **at.row.header.common(plan.progress),
        priority=at.decision.priority,
        policy_version=at.decision.policy_version,
        departments=departments,
    )


async def _record(conn: Connection, row: CaseRow, ask: AssessCase, situation: Situation, decision: Decision) -> None:
    await write(
        conn,
        _RECORD,
        ask.operation_id,
        row.header.case_id,
        row.header.merchant_id,
        decision.policy_version,
        PACKING.pack(situation.facts),
        PACKING.pack(decision),
        decision.next_step.value,
        ask.at,
    )


async def _facts_incomplete(books: Books, conn: Connection, row: CaseRow, ask: AssessCase, situation: Situation, error: FactsError) -> Plan:
    """Nothing can be decided: a person must mend the facts (the order, mostly), and the case is assessed again."""
    progress = standing.under_review(ask.at + situation.policy.timers.review_answer)
    if row.policy_version is None:
        await books.cases.fix_policy(conn, row.header.case_id, situation.policy.policy_version, "normal")
    plan = Plan(step=CaseStep.AWAIT_OWNER, progress=progress, owner_kind=f"facts_incomplete_{error.field.replace('.', '_')}"[:60])
    return plan.model_copy(update={"timers": case_timers(situation.policy.timers), "policy_version": situation.policy.policy_version})


async def _with_timers(books: Books, conn: Connection, row: CaseRow, ask: AssessCase, plan: Plan) -> Plan:
    await books.publish(conn, row, ask.operation_id, plan.progress)
    timers = case_timers(books.deciding.timers(row.policy_version or ""))
    return plan.model_copy(update={"timers": timers, "policy_version": row.policy_version, "priority": row.priority})


_RECORD = """
INSERT INTO decisions (decision_id, case_id, merchant_id, policy_version, facts, decision, next_step, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
