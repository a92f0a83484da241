"""Whether a claim stands: by itself, by special approval, or not, with what is possible instead (rules, section 7)."""

from dataclasses import dataclass

from contracts.case_state import OptionCode
from contracts.decision_facts import Attributes, SpecialApproval
from contracts.decision_result import ApprovalNeed, Eligibility
from contracts.roles import Role
from services.workflow.policy.compensation import settlement_max_minor
from services.workflow.policy.evidence import EvidenceState, usage_wear
from services.workflow.policy.feasibility import why_not
from services.workflow.policy.situation import Situation
from services.workflow.policy.vocabulary import WARRANTY
from services.workflow.policy.windows import WindowState, no_reason_open

NO_REASON_RIGHT = "return_no_reason"


@dataclass(frozen=True, slots=True)
class Standing:
    """The outcome of the eligibility table: ``eligible``, ``special_approval`` or ``rejected``."""

    outcome: str
    eligibility: Eligibility
    approval: ApprovalNeed | None = None


def judge_eligibility(situation: Situation, window: WindowState, evidence: EvidenceState, counts: Attributes) -> Standing:
    """Ask the eligibility table."""
    facts = situation.facts
    affected, excluded = affects_resale(situation), excluded_lines(situation)
    row = situation.policy.tables["eligibility"].one(
        scene=situation.scene.value,
        window=window.state,
        resale="affected" if affected else "sound",
        goods="excluded" if excluded else "normal",
        cause="usage_wear" if usage_wear(counts) else "other",
        evidence=evidence.standing,
        special_approval=facts.special_approval.value,
        exchange_possible="yes" if _still_possible(situation, window.state) else "no",
    )
    outcome, reason = row.word("outcome"), row.word("reason")
    situation.trace.row(row, f"{outcome}: {reason}", window=window.state, special_approval=facts.special_approval.value)
    no_reason_right = not affected and not excluded and no_reason_open(situation, facts.moment)
    alternatives = tuple(each for each in row.says["alternatives"] if each != NO_REASON_RIGHT or no_reason_right)
    if outcome == "rejected":
        situation.trace.note("R-ELIG-11", "a refusal names what is possible instead", alternatives=", ".join(alternatives))
    clause = situation.policy.clauses[row.word("clause")]
    eligibility = Eligibility(
        eligible=outcome == "eligible",
        reason=reason,
        clause=clause,
        window_ends_at=window.ends_at,
        alternatives=alternatives,
        settlement_max_minor=settlement_max_minor(situation) if OptionCode.DISCOUNT_SETTLEMENT.value in alternatives else None,
    )
    approval = (
        ApprovalNeed(tier=Role.SUPERVISOR, reason=reason, rule=row.rule, amount_minor=situation.goods_minor)
        if outcome == "special_approval"
        else None
    )
    if approval:
        situation.trace.note("R-AUTH-06", "a supervisor decides on the exception", reason=reason)
    return Standing(outcome, eligibility, approval)


def _still_possible(situation: Situation, window: str) -> bool:
    """Whether the remedy that a late window leaves can be carried out and was not turned down: the exchange, or in warranty the repair."""
    code = OptionCode.REPAIR if window == WARRANTY else OptionCode.EXCHANGE
    return why_not(situation, code) is None and code not in situation.facts.rejected_options


def effective_window(window: WindowState, special: SpecialApproval) -> str:
    """The window whose remedies apply: a special approval that was granted opens it again (R-DEC-29)."""
    return "inside" if window.state == "outside" or special is SpecialApproval.GRANTED else window.state


def affects_resale(situation: Situation) -> bool:
    """Whether the goods can no longer be sold as new: declared by the customer, finally decided by the warehouse (R-ELIG-04)."""
    reviewed = situation.facts.reviewed.affects_secondary_sale
    return bool(situation.facts.claimed.affects_secondary_sale if reviewed is None else reviewed)


def excluded_lines(situation: Situation) -> tuple[str, ...]:
    """The affected lines whose goods cannot be returned without a reason (R-ELIG-05)."""
    settings = situation.policy.settings.eligibility
    excluded = []
    for line in situation.lines:
        words = {line.category or "", *line.tags}
        confirmed = settings.confirmed_tag in line.tags
        if words & set(settings.excluded_categories) or (confirmed and words & set(settings.excluded_if_confirmed)):
            excluded.append(line.line_id)
    if excluded:
        situation.trace.note("R-ELIG-05", "goods excluded from no-reason return", source="eligibility", lines=", ".join(excluded))
    return tuple(excluded)
