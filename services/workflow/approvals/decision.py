"""The check of a decision against the row it is about. Pure: the caller holds the row's lock and writes what comes out.

::

    DecisionRefusedError
    ├── AlreadyDecidedError      somebody was first, or the question was withdrawn
    ├── NotTheTierError          the role does not reach the tier that decides now (R-AUTH-03)
    ├── OwnRequestError          nobody approves what they asked for (R-AUTH-05)
    └── DecisionIncompleteError  the kind of approval needs an amount or a ruling, or takes none
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role
from services.workflow.approvals.authority import deciding_role
from services.workflow.payloads.approval import ApprovalState, Ruling


class DecisionRefusedError(Exception):
    """The decision cannot be taken; the message says why."""


class AlreadyDecidedError(DecisionRefusedError):
    """It was decided before, or withdrawn."""


class NotTheTierError(DecisionRefusedError):
    """The approver's roles do not reach the tier."""


class OwnRequestError(DecisionRefusedError):
    """The approver asked for it."""


class DecisionIncompleteError(DecisionRefusedError):
    """A part of the decision is missing, too large or not wanted; ``field`` names it."""

    def __init__(self, field: str, says: str) -> None:
        super().__init__(says)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An approval as far as the check depends on it."""

    kind: ApprovalKind
    tier: Role
    state: ApprovalState
    amount_minor: int
    requester: str
    decided_by: str | None = None
    decided_role: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody says to a question, and who they are."""

    grant: bool
    staff_id: str
    roles: Collection[Role]
    amount_minor: int | None = None
    ruling: Ruling | None = None


def check_decision(question: Question, answer: Answer) -> Role:
    """The role in which the decision is taken. Raises a :class:`DecisionRefusedError`."""
    if question.state is ApprovalState.WITHDRAWN:
        raise AlreadyDecidedError("The question was withdrawn: there is nothing to decide any more.")
    if question.state is not ApprovalState.OPEN:
        when = question.decided_at.isoformat(timespec="seconds") if question.decided_at else "before"
        raise AlreadyDecidedError(f"It was {question.state.value} by {question.decided_by} ({question.decided_role}) at {when}.")
    role = deciding_role(question.tier, answer.roles)
    if role is None:
        raise NotTheTierError(f"It is with {question.tier.value} now: that role or a higher one decides.")
    if answer.staff_id == question.requester:
        raise OwnRequestError("You asked for this approval yourself: somebody else must decide it (R-AUTH-05).")
    _check_parts(question, answer)
    return role


def _check_parts(question: Question, answer: Answer) -> None:
    wants_amount = question.kind is ApprovalKind.PARTIAL_REFUND and answer.grant
    if wants_amount and answer.amount_minor is None:
        raise DecisionIncompleteError("amount_minor", "Granting a partial refund needs amount_minor, the amount proposed to the customer.")
    if wants_amount and answer.amount_minor == 0:
        raise DecisionIncompleteError("amount_minor", "A partial refund of nothing is none: propose at least 1 minor unit, or decline.")
    if answer.amount_minor is not None and not wants_amount:
        raise DecisionIncompleteError("amount_minor", "amount_minor belongs to a granted partial refund only: leave it out.")
    if wants_amount and answer.amount_minor is not None and answer.amount_minor > question.amount_minor:
        raise DecisionIncompleteError("amount_minor", f"At most {question.amount_minor} can be granted here.")
    wants_ruling = question.kind is ApprovalKind.INSPECTION_RULING and answer.grant
    if wants_ruling and answer.ruling is None:
        raise DecisionIncompleteError("ruling", "An inspection ruling needs ruling: take_back or accept_partial.")
    if answer.ruling is not None and not wants_ruling:
        raise DecisionIncompleteError("ruling", "ruling belongs to a granted inspection ruling only: leave it out.")
