"""What comes next for a refund, read off its row and its submissions."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.workflow.payloads.refund import RefundPhase
from services.workflow.refunds.submission import SubmissionState


class RefundState(StrEnum):
    """The state of a refund's row.

    ``requested``: reserved, being paid. ``stuck``: reserved, but goes on only when finance says so, also where it was paid and came back.
    ``refused``: could not be reserved as agreed; a person must look. ``settled``: all of it was paid. ``failed``: finance gave it up after proven
    failure, and the reservation was released.
    """

    REQUESTED = "requested"
    STUCK = "stuck"
    REFUSED = "refused"
    SETTLED = "settled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One submission, as far as the phase depends on it."""

    payment_id: str
    attempt: int
    state: SubmissionState


def latest(attempts: Iterable[Attempt]) -> dict[str, Attempt]:
    """The last attempt of each payment."""
    last: dict[str, Attempt] = {}
    for attempt in attempts:
        known = last.get(attempt.payment_id)
        if known is None or attempt.attempt > known.attempt:
            last[attempt.payment_id] = attempt
    return last


def phase_of(state: RefundState, attempts: Iterable[Attempt]) -> RefundPhase:
    """The phase of a refund: open submissions are waited for before a failed one is repeated or handed to a person."""
    match state:
        case RefundState.SETTLED:
            return RefundPhase.SETTLED
        case RefundState.FAILED:
            return RefundPhase.FAILED
        case RefundState.REFUSED:
            return RefundPhase.PERSON
    last = latest(attempts).values()
    if any(not attempt.state.final for attempt in last):
        return RefundPhase.OPEN
    if state is RefundState.STUCK:
        return RefundPhase.PERSON
    return RefundPhase.RETRY


def is_last_automatic(attempt: int, attempts_allowed: int) -> bool:
    """Whether no further attempt follows this one without a person (R-RFD-09)."""
    return attempt >= attempts_allowed
