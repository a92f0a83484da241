"""Who owns a case, and what raises it to a higher owner (R-AUTH-07, R-AUTH-08, R-AUTH-10, R-DEC-39, R-COMP-09)."""

from collections.abc import Sequence

from contracts.decision_circumstances import Demand
from contracts.decision_facts import Verdict
from contracts.decision_result import Action, ApprovalNeed, TimeLimit
from contracts.roles import APPROVAL_TIERS, Role
from services.workflow.policy.errors import FactsError
from services.workflow.policy.situation import Situation


def responsible(situation: Situation) -> tuple[Role, ...]:
    """The roles that the scene belongs to, the first of them its owner."""
    return tuple(Role(word) for word in situation.meaning.says["responsible"])


def escalations(situation: Situation, limits: Sequence[TimeLimit]) -> tuple[str, ...]:
    """Why the case goes to a higher owner, in the order of the rule (R-AUTH-08)."""
    facts = situation.facts
    failed = facts.reship is not None and facts.reship.failed_again
    reasons = {
        "sla_missed": any(limit.breached for limit in limits),
        "dissatisfied": facts.escalation.dissatisfied,
        "complaint": situation.facts.scene is not None and situation.facts.scene.group == "complaint",
        "reshipped_unit_failed": failed,
        "evidence_contradicted": facts.evidence.verdict is Verdict.CONTRADICTED,
        "offers_rejected": facts.rejected_offers >= situation.policy.max_rejected_offers,
    }
    found = tuple(reason for reason, holds in reasons.items() if holds)
    for reason in found:
        situation.trace.note("R-AUTH-08", "raised to a higher owner", reason=reason)
    return found


def owner(situation: Situation, raised: Sequence[str]) -> Role | None:
    """Who answers for the case (R-AUTH-07): the first responsible role, at least the supervisor once it was raised."""
    roles = responsible(situation)
    if not roles:
        return None
    first = roles[0]
    situation.trace.note("R-AUTH-07", "one owner, whatever departments are involved", owner=first.value)
    if not raised:
        return first
    tier = APPROVAL_TIERS.index(first) if first in APPROVAL_TIERS else 0
    return APPROVAL_TIERS[min(tier + 1, len(APPROVAL_TIERS) - 1)]


def no_agreement(situation: Situation) -> bool:
    """Whether even the manager found no agreement: then the customer is told of mediation (R-AUTH-10)."""
    failed = situation.facts.escalation.agreement_failed_with
    beyond = failed in APPROVAL_TIERS and APPROVAL_TIERS.index(failed) >= APPROVAL_TIERS.index(Role.AFTER_SALES_MANAGER)
    if beyond:
        situation.trace.note("R-AUTH-10", "no agreement with the manager: mediation and platform intervention are told")
    return beyond


def legal_actions(situation: Situation) -> tuple[Action, ...]:
    """Demands that no policy decides: legal and the manager look at them, the remedy itself is offered now (R-DEC-39, R-COMP-11)."""
    demands = situation.facts.demands
    if not demands:
        return ()
    situation.trace.note("R-DEC-39", "not decided by policy: legal and the manager", demands=", ".join(demands))
    if Demand.ACTUAL_LOSS in demands:
        situation.trace.note("R-COMP-11", "a loss is not refused, and no cash is offered for it by agents")
    return tuple(Action(code="legal_review", rule="R-DEC-39", role=role) for role in (Role.LEGAL, Role.AFTER_SALES_MANAGER))


def benefit_approval(situation: Situation) -> ApprovalNeed | None:
    """Who must agree to a benefit that staff want to give (R-COMP-08, R-COMP-09); None where none is planned.

    Raises ``FactsError`` where nobody says what it is based on.
    """
    benefit = situation.facts.benefit
    if benefit is None:
        return None
    if not benefit.basis.strip():
        raise FactsError("benefit.basis", "is empty", "say what the benefit is based on (R-COMP-08)")
    situation.trace.note("R-COMP-08", "a benefit besides money, with its basis; never forced in place of money", kind=benefit.kind.value)
    situation.trace.note("R-NOT-18", "no benefit is forced on the customer instead of money that is due")
    table = situation.policy.tables.get("benefits")
    for row in table.matching(benefit=benefit.kind.value) if table else ():
        limit = situation.amount(row.word("up to")) if row.says["up to"] else benefit.value_minor
        if limit is not None and benefit.value_minor <= limit:
            situation.trace.row(row, f"{row.word('tier')} may give it", value_minor=benefit.value_minor, limit_minor=limit)
            return ApprovalNeed(tier=Role(row.word("tier")), reason="benefit", rule=row.rule, amount_minor=benefit.value_minor)
    situation.trace.note("R-COMP-09", "above every limit: the manager", value_minor=benefit.value_minor)
    return ApprovalNeed(tier=Role.AFTER_SALES_MANAGER, reason="benefit", rule="R-COMP-09", amount_minor=benefit.value_minor)
