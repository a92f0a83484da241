"""Kinds of evidence and the file types each may have (R-EVD-01)."""

from contracts.decision_facts import EvidenceKind
from services.intake.domain.errors import UnsupportedEvidenceError

IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
VIDEO_TYPES = frozenset({"video/mp4"})
DOCUMENT_TYPES = frozenset({"application/pdf"})
ACCEPTED = "JPEG, PNG, WebP, MP4 or PDF"

_TYPES_OF: dict[EvidenceKind, frozenset[str]] = {
    EvidenceKind.PHOTO: IMAGE_TYPES,
    EvidenceKind.VIDEO: VIDEO_TYPES,
    EvidenceKind.INSPECTION_REPORT: IMAGE_TYPES | DOCUMENT_TYPES,
    EvidenceKind.PAYMENT_VOUCHER: IMAGE_TYPES | DOCUMENT_TYPES,
    EvidenceKind.COURIER_RECEIPT: IMAGE_TYPES | DOCUMENT_TYPES,
}


def kind_of(media_type: str, claimed: EvidenceKind | None) -> EvidenceKind:
    """The kind of a file, checked against what was claimed. Raises :class:`UnsupportedEvidenceError` where the two do not go together."""
    if claimed is None:
        if media_type in IMAGE_TYPES:
            return EvidenceKind.PHOTO
        return EvidenceKind.VIDEO if media_type in VIDEO_TYPES else EvidenceKind.INSPECTION_REPORT
    if media_type not in _TYPES_OF[claimed]:
        raise UnsupportedEvidenceError(f"{media_type} cannot be a {claimed}: send {', '.join(sorted(_TYPES_OF[claimed]))}.")
    return claimed
