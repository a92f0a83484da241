"""What evidence amounts to (R-EVD-08, R-EVD-09, R-EVD-13)."""

from datetime import timedelta

import pytest

from contracts.decision_facts import EvidenceKind, Verdict
from services.workflow.cases.evidence import evidence_state, needs_of
from tests.support.builders import a_case
from tests.support.case_events import Voices, a_photo

SAYS = Voices(a_case())


def test_an_insufficient_verdict_stands_until_evidence_comes_after_it() -> None:
    review = SAYS.reviews(Verdict.INSUFFICIENT, ("photo:parcel",))
    before = a_photo().model_copy(update={"received_at": review.reviewed_at - timedelta(minutes=1)})
    after = a_photo("parcel").model_copy(update={"received_at": review.reviewed_at + timedelta(minutes=1)})
    stands = evidence_state([before], [review], refused=False, granted=None, max_rerequests=2)
    assert (stands.facts.verdict, stands.missing) == (Verdict.INSUFFICIENT, ("photo:parcel",))
    void = evidence_state([before, after], [review], refused=False, granted=None, max_rerequests=2)
    assert (void.facts.verdict, void.facts.insufficient_count, void.missing) == (None, 1, ())


@pytest.mark.parametrize(
    ("verdicts", "dispute"),
    [
        ([Verdict.ACCEPTED], None),
        ([Verdict.INSUFFICIENT] * 2, None),
        ([Verdict.INSUFFICIENT] * 3, "evidence_insufficient"),
        ([Verdict.CONTRADICTED], "evidence_contradicted"),
        ([Verdict.CONTRADICTED, Verdict.ACCEPTED], None),
    ],
)
def test_the_third_insufficient_and_any_contradicted_verdict_are_the_supervisors(verdicts: list[Verdict], dispute: str | None) -> None:
    reviews = [SAYS.reviews(verdict) for verdict in verdicts]
    assert evidence_state([], reviews, refused=False, granted=None, max_rerequests=2).dispute == dispute


def test_the_supervisors_yes_counts_as_accepted_with_what_was_reviewed() -> None:
    state = evidence_state([], [SAYS.reviews(Verdict.CONTRADICTED, usable=False)], refused=False, granted=True, max_rerequests=2)
    assert (state.facts.verdict, state.dispute, state.reviewed.usable) == (Verdict.ACCEPTED, None, False)


def test_a_reviewers_code_names_kind_and_what_must_be_seen() -> None:
    photo, anything = needs_of(("photo:parcel", "closeup"))
    assert (photo.kinds, photo.shows, photo.count) == ((EvidenceKind.PHOTO,), "parcel", 1)
    assert (anything.kinds, anything.shows) == ((EvidenceKind.PHOTO, EvidenceKind.VIDEO), "goods")
