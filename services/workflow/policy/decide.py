"""``decide``: what a shop owes in a situation, and why. The same facts under the same policy give the same decision for ever (R-DEC-03)."""

from dataclasses import replace

from contracts.decision_facts import Attributes, Facts
from contracts.decision_result import Decision, Eligibility, NextStep, ProblemType
from contracts.scenes import Scene
from services.workflow.policy.after_return import return_way
from services.workflow.policy.answers import invoice_answer, opened_scene, warranty_answer
from services.workflow.policy.eligibility import Standing, effective_window, judge_eligibility
from services.workflow.policy.escalation import benefit_approval, escalations, legal_actions, no_agreement, owner, responsible
from services.workflow.policy.evidence import EvidenceState, attributes, judge_evidence
from services.workflow.policy.explaining import explain_rules
from services.workflow.policy.findings import finding
from services.workflow.policy.grading import Grade, actions, departments, grade
from services.workflow.policy.limits import time_limits
from services.workflow.policy.offering import offer_way, unit_conditions
from services.workflow.policy.policy import Policy
from services.workflow.policy.reading import look_at, problem_scene
from services.workflow.policy.situation import Situation
from services.workflow.policy.tasks import tasks
from services.workflow.policy.trace import Trace
from services.workflow.policy.violations import risks
from services.workflow.policy.way import Way
from services.workflow.policy.windows import judge_window

NO_CLAIM = "published-policy"
"""The clause of a contact that claims nothing."""


def decide(facts: Facts, policy: Policy) -> Decision:
    """Decide a case. It only ever offers: nothing is carried out before the customer has accepted (R-CASE-03).

    Raises ``FactsError`` with field and remedy where the facts are incomplete or contradict each other.
    """
    trace = Trace()
    situation = look_at(facts, policy, trace)
    meaning = situation.meaning
    trace.note("R-POL-01", "the version that decides is kept with the case", policy_version=policy.policy_version)
    trace.note(
        "R-POL-02", "the version that decides, and from when it holds for orders placed", effective_from=policy.effective_from.isoformat()
    )
    trace.row(meaning, f"problem type {meaning.word('problem type')}", scene=situation.scene.value)
    trace.note("R-POL-04", "each kind of problem has its process", source=meaning.source, flow=meaning.word("flow"))
    given = grade(situation)
    eligibility, way = _judge(situation, given)
    limits = time_limits(situation, given, way.step)
    raised = escalations(situation, limits)
    touched = risks(situation)
    decision = Decision(
        policy_version=policy.policy_version,
        priority=given.priority,
        next_step=way.step,
        eligibility=eligibility,
        evidence_needed=way.needed,
        special_approval=way.approval,
        options=way.options,
        only_option_reason=way.only_option_reason,
        limits=limits,
        departments=departments(situation, given),
        compliance_risks=tuple(dict.fromkeys(risk.violation for risk in touched)),
        flow=meaning.word("flow"),
        problem_type=ProblemType(meaning.word("problem type")),
        scene=situation.scene,
        needs_triage=facts.scene is None,
        opens_scene=opened_scene(situation),
        responsible=responsible(situation),
        owner=owner(situation, raised),
        escalations=raised,
        actions=(*actions(situation, given, way.step), *way.actions, *legal_actions(situation), *tasks(situation)),
        risks=touched,
        freight=way.freight,
        invoice=invoice_answer(situation),
        warranty=warranty_answer(situation),
        benefit_approval=benefit_approval(situation),
        closes_as=way.closes_as,
    )
    explain_rules(situation, given, decision)
    return decision.model_copy(update={"trace": trace.entries()})


def _judge(situation: Situation, given: Grade) -> tuple[Eligibility, Way]:
    """Whether the claim stands, and how the case goes on. A contact that claims nothing goes its scene's own way."""
    problem = _problem(situation)
    first = problem.meaning.word("first step")
    if first:
        clause = problem.policy.clauses[NO_CLAIM]
        return Eligibility(eligible=True, reason="no_claim", clause=clause), _first_way(problem, given, NextStep(first))
    problem = replace(problem, found=finding(problem))
    window = judge_window(problem)
    evidence = judge_evidence(problem, given, window.state)
    problem = replace(problem, counts=attributes(problem, given))
    standing = judge_eligibility(problem, window, evidence, problem.counts)
    if no_agreement(situation):
        return standing.eligibility, Way(NextStep.MEDIATION)
    returned = problem.facts.returned
    way = return_way(problem, given, returned) if returned is not None else None
    if way is None:
        way = _way(problem, given, evidence, standing, effective_window(window, problem.facts.special_approval))
    return standing.eligibility, way


def _first_way(situation: Situation, given: Grade, first: NextStep) -> Way:
    """The way of a contact that claims nothing; proof that it needs, such as the voucher of a lost payment, is asked for first (R-EVD-05)."""
    if no_agreement(situation):
        return Way(NextStep.MEDIATION)
    evidence = judge_evidence(situation, given, "inside")
    return Way(first) if evidence.step is None else Way(evidence.step, needed=evidence.needed, approval=evidence.approval)


def _problem(situation: Situation) -> Situation:
    """The situation to decide on: behind a complaint about goods stands another scene (R-DEC-38), and what came before it could be cancelled is a return."""
    if situation.scene is Scene.ORDER_CANCEL and finding(situation) == "delivered":
        situation.trace.note("R-FRT-16", "delivered meanwhile: an ordinary return without a reason")
        return situation.about(situation.facts.affected, situation.counts, Scene.RETURN_NO_REASON)
    about = problem_scene(situation.facts)
    if about is None:
        return situation
    situation.trace.note("R-DEC-38", "the options are those of the problem behind the complaint", about=about.value)
    return situation.about(situation.facts.affected, situation.counts, about)


def _way(situation: Situation, given: Grade, evidence: EvidenceState, standing: Standing, window: str) -> Way:
    """A refusal first, then what the evidence lacks, then the exception, then the offer."""
    if standing.outcome == "rejected":
        return Way(NextStep.REJECT)
    if situation.scene is Scene.QUALITY_MALFUNCTION and situation.found in ("open", "solved"):
        return _troubleshoot(situation, given, window)
    if evidence.step is not None:
        return Way(evidence.step, needed=evidence.needed, approval=evidence.approval)
    if standing.approval is not None:
        return Way(NextStep.SPECIAL_APPROVAL, approval=standing.approval)
    if _unreviewed(situation):
        return Way(NextStep.REVIEW_EVIDENCE)
    return offer_way(situation, given, window)


def _troubleshoot(situation: Situation, given: Grade, window: str) -> Way:
    """Guidance comes before evidence, exception and offer; nothing is tried where a danger is suspected (R-WAR-02, R-DEC-23)."""
    if situation.facts.hazard_hints:
        situation.trace.note("R-WAR-02", "no troubleshooting where a danger is suspected")
        return Way(NextStep.VERIFY)
    return offer_way(situation, given, window)


def _unreviewed(situation: Situation) -> bool:
    """Whether something that the row depends on was not reviewed yet: usable goods, a cause, a defect (R-EVD-13, R-EVD-03, R-EVD-04)."""
    conditions = unit_conditions(situation)
    if situation.scene is Scene.QUALITY_SCRATCH and any(_cause_unknown(situation, each) for each in conditions):
        return True
    search = situation.facts.troubleshooting
    if situation.scene is Scene.QUALITY_MALFUNCTION and search is not None and search.quality_confirmed is None:
        situation.trace.note("R-EVD-04", "nobody has said whether it is a defect: troubleshooting.quality_confirmed must be stated")
        return True
    missing = situation.meaning.word("judged on usable") == "yes" and any(each.usable is None for each in conditions)
    if missing:
        situation.trace.note("R-EVD-13", "nobody reviewed whether the goods are usable: reviewed.usable must be stated")
    return missing


def _cause_unknown(situation: Situation, counts: Attributes) -> bool:
    cause = counts.cause
    unknown = cause is None or cause.value == "unknown"
    situation.trace.note(
        "R-EVD-03",
        "the cause of a scratch decides; before it is known nothing is promised",
        cause=cause.value if cause else None,
        present_on_receipt=counts.present_on_receipt,
    )
    return unknown
