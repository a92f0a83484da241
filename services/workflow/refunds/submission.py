"""The life of one submission to a provider.

::

    created ──► submitted ──► succeeded ──► reversed
      │  ▲          │
      ▼  │          └───────► failed
    unknown ──► submitted | succeeded | failed

``created``: the row is committed, the call not yet answered. ``unknown``: nobody can say whether the provider took it. ``succeeded``, ``failed`` and
``reversed`` are the provider's own record: it is paid, nothing of it was paid, or it was paid and came back. A provider that says "failed" of what it
said to have paid tells of a reversal; one that says "succeeded" of what it said to have failed contradicts itself, and a person must look.
"""

from enum import StrEnum
from uuid import uuid5

from contracts.identifiers import RefundId, SubmissionId


class SubmissionState(StrEnum):
    """Where a submission stands."""

    CREATED = "created"
    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"

    @property
    def final(self) -> bool:
        """Whether the provider's own record has closed it."""
        return self.unpaid or self is SubmissionState.SUCCEEDED

    @property
    def unpaid(self) -> bool:
        """Whether by the provider's own record the customer does not have the money: another attempt may follow."""
        return self in {SubmissionState.FAILED, SubmissionState.REVERSED}


class ContradictionError(Exception):
    """The provider's record now says the opposite of its final record before."""

    def __init__(self, was: SubmissionState, says: SubmissionState) -> None:
        super().__init__(f"a submission that {was.value} is now said to have {says.value}")
        self.was = was
        self.says = says


_RANK = {
    SubmissionState.CREATED: 0,
    SubmissionState.UNKNOWN: 1,
    SubmissionState.SUBMITTED: 2,
    SubmissionState.SUCCEEDED: 3,
    SubmissionState.FAILED: 3,
    SubmissionState.REVERSED: 4,
}


def submission_id_for(refund_id: RefundId, payment_id: str, attempt: int) -> SubmissionId:
    """The id of an attempt, which is the provider's idempotency key: whoever repeats the attempt sends the same one."""
    return SubmissionId(uuid5(refund_id, f"submission/{attempt}/{payment_id}"))


def move(current: SubmissionState, said: SubmissionState) -> SubmissionState | None:
    """The state after somebody said ``said``; None where that is no news (late, repeated or reordered).

    Raises :class:`ContradictionError` where a final record is contradicted.
    """
    if current is SubmissionState.SUCCEEDED and said is SubmissionState.FAILED:
        return SubmissionState.REVERSED
    if current is SubmissionState.FAILED and said is SubmissionState.SUCCEEDED:
        raise ContradictionError(current, said)
    return said if _RANK[said] > _RANK[current] else None
