"""What staff do here: judge evidence (R-EVD-08, R-EVD-13). And what brings an ended case back: an agent, the customer in time, or late evidence."""

from collections.abc import Sequence
from datetime import timedelta

from contracts.case_state import ENDED, CaseOutcome, CaseStatus
from contracts.case_v1 import CaseReopened, EvidenceReviewed
from contracts.decision_facts import AffectedUnits, Attributes, Verdict
from contracts.events import StaffActor
from contracts.scenes import Scene
from services.intake.domain.acts import Act, Setting
from services.intake.domain.errors import InvalidError, StaleCommandError
from services.intake.domain.view import CaseRecord, ReviewView

REVIEWABLE = frozenset({CaseStatus.SUBMITTED, CaseStatus.EVIDENCE_PENDING, CaseStatus.UNDER_REVIEW})
"""The states in which a verdict on evidence still matters."""
_DECIDED_BY_USABILITY = frozenset({Scene.LOGISTICS_DAMAGE, Scene.QUALITY_DEFECT})


def review_evidence(
    case: CaseRecord,
    at: Setting,
    reviewer: StaffActor,
    *,
    verdict: Verdict,
    reviewed: Attributes,
    missing: Sequence[str],
    affected: tuple[AffectedUnits, ...] | None,
) -> Act:
    """Judge the evidence. ``affected`` (checked against the order by the caller) replaces the claimed units.

    Of two verdicts on the same evidence the first stands: two that ask for more would count as two of the few that R-EVD-09 allows.
    """
    if case.view.status not in REVIEWABLE:
        raise StaleCommandError("not_reviewable", f"The case is {case.view.status}: a verdict on evidence changes nothing now.")
    if verdict is Verdict.INSUFFICIENT and not missing:
        raise InvalidError("Say exactly what is missing, in codes such as photo:parcel (R-EVD-08).", code="missing_required")
    if verdict is Verdict.ACCEPTED and case.scene in _DECIDED_BY_USABILITY and reviewed.usable is None:
        raise InvalidError(
            "Say in reviewed.usable whether the goods can be used: the remedy depends on it (R-EVD-13).", code="usable_required"
        )
    review = ReviewView(verdict=verdict, reviewed=reviewed, missing=tuple(missing), affected=affected)
    if case.view.review == review:
        return Act("evidence-review", case.view)
    if case.view.review is not None:
        raise StaleCommandError("already_reviewed", f"This evidence was judged before: {case.view.review.verdict}.")
    event = EvidenceReviewed(
        merchant_id=case.merchant_id,
        case_id=case.case_id,
        verdict=verdict,
        reviewed=reviewed,
        affected=affected,
        missing=tuple(missing),
        reviewer=reviewer,
        reviewed_at=at.now,
    )
    view = case.view.model_copy(update={"review": review})
    return Act("evidence-review", view, (event,), data={"verdict": verdict, "missing": list(missing)})


def reopen(case: CaseRecord, at: Setting, reason: str, *, window: timedelta, by_staff: bool) -> Act:
    """Bring an ended case back (R-CASE-04, R-EVD-09): staff while it is reopenable, others inside ``window`` after its end as well."""
    view = case.view
    if view.reopened_at is not None:
        return Act("reopening", view)
    if view.status not in ENDED:
        raise StaleCommandError("case_not_ended", f"The case is {view.status}: it goes on anyway.")
    if not view.reopenable or view.closed_at is None:
        raise StaleCommandError("not_reopenable", "The case ended for good: open a new one.")
    if not by_staff and at.now > view.closed_at + window:
        raise StaleCommandError("not_reopenable", "The time to reopen it is over: open a new case, or ask the shop's service.")
    number = view.reopen_number + 1
    event = CaseReopened(
        merchant_id=case.merchant_id, case_id=case.case_id, reopen_number=number, reason=reason, reopened_at=at.now, reopened_by=at.by
    )
    changed = view.model_copy(update={"reopen_number": number, "reopened_at": at.now, "evidence_refused": False})
    return Act("reopening", changed, (event,), data={"reason": reason})


def late_evidence_reopens(case: CaseRecord) -> bool:
    """Whether evidence for this ended case brings it back (R-EVD-09)."""
    view = case.view
    return view.status in ENDED and view.outcome is CaseOutcome.EVIDENCE_NOT_PROVIDED and view.reopenable
