"""What the evidence of a case amounts to: the last verdict, what an agent confirmed, and whether a supervisor must judge (R-EVD-08, R-EVD-13)."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.case_v1 import EvidenceReviewed
from contracts.decision_facts import AffectedUnits, Attributes, EvidenceFacts, EvidenceItem, EvidenceKind, Verdict
from contracts.decision_result import EvidenceNeed

_RULE = "R-EVD-08"
_KINDS = frozenset(kind.value for kind in EvidenceKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceState:
    """The evidence as it stands. ``affected`` None: as claimed. ``dispute`` says why a supervisor must judge, None where none must."""

    facts: EvidenceFacts
    reviewed: Attributes
    affected: tuple[AffectedUnits, ...] | None
    missing: tuple[str, ...]
    dispute: str | None


def evidence_state(
    items: Sequence[EvidenceItem], reviews: Sequence[EvidenceReviewed], *, refused: bool, granted: bool | None, max_rerequests: int
) -> EvidenceState:
    """Take stock. ``reviews`` are those of this run, oldest first; ``granted`` is the supervisor's answer, None where none was given.

    Evidence that came after an ``insufficient`` verdict makes it void: it must be judged anew.
    """
    last = reviews[-1] if reviews else None
    verdict = last.verdict if last else None
    insufficient = sum(1 for review in reviews if review.verdict is Verdict.INSUFFICIENT)
    dispute = None
    if verdict is Verdict.CONTRADICTED:
        dispute = "evidence_contradicted"
    elif verdict is Verdict.INSUFFICIENT and insufficient > max_rerequests:
        dispute = "evidence_insufficient"
    elif verdict is Verdict.INSUFFICIENT and last is not None and any(item.received_at > last.reviewed_at for item in items):
        verdict = None
    if granted:
        verdict, dispute = Verdict.ACCEPTED, None
    return EvidenceState(
        facts=EvidenceFacts(items=tuple(items), verdict=verdict, insufficient_count=insufficient, refused=refused),
        reviewed=last.reviewed if last else Attributes(),
        affected=last.affected if last else None,
        missing=last.missing if last and verdict is Verdict.INSUFFICIENT else (),
        dispute=dispute,
    )


def needs_of(missing: Sequence[str]) -> tuple[EvidenceNeed, ...]:
    """What a reviewer's codes ask for: ``photo:parcel`` is one photo that shows the parcel; an unknown kind may be photo or video."""
    needs = []
    for code in missing:
        kind, _, shows = code.partition(":")
        kinds = (EvidenceKind(kind),) if kind in _KINDS else (EvidenceKind.PHOTO, EvidenceKind.VIDEO)
        needs.append(EvidenceNeed(kinds=kinds, count=1, shows=shows or "goods", rule=_RULE))
    return tuple(needs)
