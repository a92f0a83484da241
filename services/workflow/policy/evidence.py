"""Evidence: what is still missing, and whose judgement counts (R-EVD-02, R-EVD-07 to R-EVD-09, R-EVD-13, R-EVD-14)."""

from dataclasses import dataclass

from contracts.decision_facts import Attributes, Cause, EvidenceItem, EvidenceKind, SpecialApproval, Verdict
from contracts.decision_result import ApprovalNeed, EvidenceNeed, NextStep
from contracts.roles import Role
from services.workflow.policy.grading import Grade
from services.workflow.policy.situation import Situation
from services.workflow.policy.table import Row
from services.workflow.policy.table_shapes import REASON_TEXT

ANYTHING = "anything"
"""What evidence shows where it does not matter."""


@dataclass(frozen=True, slots=True)
class EvidenceState:
    """Where the evidence stands. ``step`` is what must happen first, None where it is settled; ``standing`` enters the eligibility table."""

    step: NextStep | None
    needed: tuple[EvidenceNeed, ...] = ()
    approval: ApprovalNeed | None = None
    standing: str = "fine"


def judge_evidence(situation: Situation, given: Grade, window: str) -> EvidenceState:
    """What the evidence allows now."""
    facts, trace = situation.facts, situation.trace
    rows = situation.policy.tables["evidence"].matching(scene=situation.scene.value, window=window, finding=situation.found)
    if not rows:
        trace.note("R-EVD-07", "this scene needs no evidence", scene=situation.scene.value)
        return EvidenceState(None)
    if facts.evidence.refused and facts.evidence.verdict is not Verdict.ACCEPTED:
        trace.note("R-EVD-09", "the evidence asked for was not provided")
        return EvidenceState(None, standing="not_provided")
    missing = _missing(rows, facts.evidence.items, reason_given=facts.reason_given)
    review = any(row.word("review") == "yes" for row in rows)
    baseless = not facts.evidence.items and bool(situation.policy.settings.evidence.verdict_needs_items)
    if missing and (facts.evidence.verdict is None or (facts.evidence.verdict is Verdict.ACCEPTED and baseless)):
        return _ask(situation, missing)
    if not review:
        return EvidenceState(None)
    return _after_verdict(situation, given, rows)


def _after_verdict(situation: Situation, given: Grade, rows: tuple[Row, ...]) -> EvidenceState:
    evidence, trace = situation.facts.evidence, situation.trace
    if evidence.verdict is Verdict.ACCEPTED:
        trace.note("R-EVD-08", "the evidence was accepted")
        return EvidenceState(None)
    if evidence.verdict is None and given.urgent:
        trace.note("R-EVD-13", "urgent: what the customer claims counts at once")
        return EvidenceState(None)
    if evidence.verdict is None:
        trace.note("R-EVD-08", "an agent must judge the evidence")
        return EvidenceState(NextStep.REVIEW_EVIDENCE)
    again = evidence.insufficient_count <= situation.policy.settings.evidence.max_rerequests
    if evidence.verdict is Verdict.INSUFFICIENT and again:
        trace.note("R-EVD-08", "more evidence is asked for", insufficient_count=evidence.insufficient_count)
        return _ask(situation, rows)
    reason = "evidence_contradicted" if evidence.verdict is Verdict.CONTRADICTED else "evidence_insufficient"
    answer = situation.facts.special_approval
    trace.note("R-EVD-08", "the supervisor judges the evidence", reason=reason, answer=answer.value)
    if answer is SpecialApproval.NOT_ASKED:
        need = ApprovalNeed(tier=Role.SUPERVISOR, reason=reason, rule="R-EVD-08", amount_minor=situation.goods_minor)
        return EvidenceState(NextStep.SPECIAL_APPROVAL, approval=need)
    return EvidenceState(None, standing="fine" if answer is SpecialApproval.GRANTED else "contradicted")


def attributes(situation: Situation, given: Grade) -> Attributes:
    """What counts as true of the goods: reviewed values, in confirmed urgency the claimed ones where nobody reviewed them (R-EVD-13).

    Damaged goods that can hurt are never usable, whatever anybody says (R-EVD-14).
    """
    facts = situation.facts
    known = {name: value for name, value in facts.reviewed if value is not None}
    if given.urgent:
        known = {name: value for name, value in facts.claimed if value is not None} | known
    if facts.claimed.safety_worry is not None:
        # A worry is the customer's own; there is nothing in it to review (R-DEC-15).
        known = {"safety_worry": facts.claimed.safety_worry} | known
    counts = Attributes(**known)
    hurting = hurting_lines(situation)
    if hurting:
        situation.trace.note(
            "R-EVD-14", "damaged goods of this kind are never usable", source="evidence.never_usable", lines=", ".join(sorted(hurting))
        )
        situation.trace.note("R-NOT-15", "no money for keeping goods that may hurt")
    if hurting and len(hurting) == len(situation.lines):
        counts = counts.model_copy(update={"usable": False})
    return counts


def hurting_lines(situation: Situation) -> frozenset[str]:
    """The affected lines whose damage can hurt, where the remedy depends on usable goods (R-EVD-14)."""
    if situation.meaning.word("judged on usable") != "yes":
        return frozenset()
    dangerous = set(situation.policy.settings.evidence.never_usable)
    return frozenset(line.line_id for line in situation.lines if dangerous & {line.category or "", *line.tags})


def unsafe(counts: Attributes) -> bool:
    """Whether goods are contaminated, or the customer fears for their safety (R-DEC-15)."""
    return bool(counts.contaminated or counts.safety_worry)


def usage_wear(counts: Attributes) -> bool:
    """Whether an agent found that the goods are worn from use (R-ELIG-09)."""
    return counts.cause is Cause.USAGE_WEAR


def _need(row: Row) -> EvidenceNeed:
    kinds = tuple(EvidenceKind(word) for word in row.says["kinds"] if word != REASON_TEXT)
    return EvidenceNeed(kinds=kinds, count=int(row.word("count")), shows=", ".join(row.says["shows"]), rule=row.says["rule"][-1])


def _ask(situation: Situation, rows: tuple[Row, ...]) -> EvidenceState:
    """Ask for what the rows need; the customer is told which kinds are wanted (R-EVD-01)."""
    needed = tuple(_need(row) for row in rows)
    for row, need in zip(rows, needed, strict=True):
        situation.trace.row(row, "evidence is asked for", shows=need.shows, count=need.count)
    kinds = dict.fromkeys(kind.value for need in needed for kind in need.kinds)
    situation.trace.note("R-EVD-01", "the customer is told what is wanted, and how to send it", kinds=", ".join(kinds))
    return EvidenceState(NextStep.ASK_EVIDENCE, needed=needed)


def _missing(rows: tuple[Row, ...], items: tuple[EvidenceItem, ...], *, reason_given: bool) -> tuple[Row, ...]:
    """The rows that still need something. No item serves two of them: a photo of goods and parcel together is one photo, not two (R-EVD-07)."""
    left = sorted(items, key=lambda item: len(_shown(item)))
    missing = []
    for row in rows:
        need = _need(row)
        if REASON_TEXT in row.says["kinds"]:
            fitting, enough = [], reason_given or bool(items)
        else:
            wanted = set(row.says["shows"]) - {ANYTHING}
            fitting = [item for item in left if item.kind in need.kinds and wanted <= _shown(item)][: need.count]
            enough = len(fitting) == need.count
        left = [item for item in left if item not in fitting]
        if not enough:
            missing.append(row)
    return tuple(missing)


def _shown(item: EvidenceItem) -> set[str]:
    return {word.strip() for word in item.shows.split(",")}
