"""``decide``: what a shop owes in a situation, and why. The same facts under the same policy give the same decision for ever (R-DEC-03)."""

from dataclasses import dataclass, field

from contracts.decision_facts import Attributes, Facts, SpecialApproval
from contracts.decision_result import ApprovalNeed, Decision, EvidenceNeed, NextStep, Option, ProblemType
from contracts.roles import Role
from services.workflow.policy.eligibility import Standing, effective_window, judge_eligibility
from services.workflow.policy.errors import FactsError
from services.workflow.policy.evidence import EvidenceState, attributes, judge_evidence
from services.workflow.policy.grading import Grade, departments, grade
from services.workflow.policy.limits import time_limits
from services.workflow.policy.options import Offer, build_offer
from services.workflow.policy.policy import Policy
from services.workflow.policy.situation import Situation, look_at
from services.workflow.policy.trace import Trace
from services.workflow.policy.windows import judge_window


@dataclass(frozen=True, slots=True)
class Way:
    """How the case goes on."""

    step: NextStep
    needed: tuple[EvidenceNeed, ...] = ()
    approval: ApprovalNeed | None = None
    options: tuple[Option, ...] = field(default=())
    only_option_reason: str | None = None


def decide(facts: Facts, policy: Policy) -> Decision:
    """Decide a case. It only ever offers: nothing is carried out before the customer has accepted (R-CASE-03).

    Raises ``FactsError`` with field and remedy where the facts are incomplete or contradict each other.
    """
    trace = Trace()
    situation = look_at(facts, policy, trace)
    scene = policy.tables["scenes"].one(scene=facts.scene.value)
    trace.row(scene, f"problem type {scene.word('problem type')}", scene=facts.scene.value)
    given = grade(situation)
    window = judge_window(situation)
    evidence = judge_evidence(situation, given, window.state)
    counts = attributes(situation, given)
    standing = judge_eligibility(situation, window, evidence, counts)
    way = _way(situation, given, evidence, counts, standing, effective_window(window, facts.special_approval))
    return Decision(
        policy_version=policy.policy_version,
        priority=given.priority,
        next_step=way.step,
        eligibility=standing.eligibility,
        evidence_needed=way.needed,
        special_approval=way.approval,
        options=way.options,
        only_option_reason=way.only_option_reason,
        limits=time_limits(situation, given, way.step),
        departments=departments(situation, given),
        trace=trace.entries(),
        flow=scene.word("flow"),
        problem_type=ProblemType(scene.word("problem type")),
    )


def _way(situation: Situation, given: Grade, evidence: EvidenceState, counts: Attributes, standing: Standing, window: str) -> Way:
    """A refusal first, then what the evidence lacks, then the exception, then the offer."""
    if standing.outcome == "rejected":
        return Way(NextStep.REJECT)
    if evidence.step is not None:
        return Way(evidence.step, needed=evidence.needed, approval=evidence.approval)
    if standing.approval is not None:
        return Way(NextStep.SPECIAL_APPROVAL, approval=standing.approval)
    scene = situation.policy.tables["scenes"].one(scene=situation.facts.scene.value)
    if scene.word("judged on usable") == "yes" and counts.usable is None:
        situation.trace.note("R-EVD-13", "nobody reviewed whether the goods are usable: reviewed.usable must be stated")
        return Way(NextStep.REVIEW_EVIDENCE)
    return _offered(situation, build_offer(situation, given, window, counts))


def _offered(situation: Situation, offer: Offer) -> Way:
    trace = situation.trace
    if not offer.options:
        _ask_once(situation, offer)
        reason = "no_option_feasible"
        trace.note("R-DEC-01", "no option of the row can be carried out: a supervisor decides", left_out="; ".join(offer.left_out))
        return Way(
            NextStep.SPECIAL_APPROVAL,
            approval=ApprovalNeed(tier=Role.SUPERVISOR, reason=reason, rule="R-DEC-01", amount_minor=situation.goods_minor),
        )
    trace.note("R-DEC-05", "options in the order of the table, the first recommended", recommended=offer.options[0].code.value)
    if offer.only_option_reason:
        trace.note("R-DEC-01", "only one option is feasible", reason=offer.only_option_reason)
    return Way(NextStep.OFFER, options=tuple(offer.options), only_option_reason=offer.only_option_reason)


def _ask_once(situation: Situation, offer: Offer) -> None:
    """A supervisor who was asked already cannot make an option feasible by saying so again: somebody must change the facts."""
    if situation.facts.special_approval is not SpecialApproval.NOT_ASKED:
        raise FactsError(
            "unavailable_options",
            f"no option can be carried out ({'; '.join(offer.left_out)}), and a supervisor has answered already",
            "make one of them possible again, or settle the case by hand",
        )
