"""What travels to and from an approval: the question, the row as it stands, and the answer."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from contracts.base import AmountMinor, Model, Moment
from contracts.case_state import CaseStatus, Stage
from contracts.identifiers import ApprovalId, CaseId
from contracts.resolution_v1 import ApprovalKind
from contracts.roles import Role

SYSTEM = "system"
"""The requester of what no member of staff asked for."""


class Ruling(StrEnum):
    """What a supervisor can rule about an inspection that nobody answered (R-RTN-05)."""

    TAKE_BACK = "take_back"
    ACCEPT_PARTIAL = "accept_partial"


class ApprovalState(StrEnum):
    """Where an approval stands."""

    OPEN = "open"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class ApprovalTimers(Model):
    """How long each tier has before the request moves up (R-AUTH-03), and the distance of the alarms after the last one."""

    agent: timedelta = timedelta(minutes=30)
    supervisor: timedelta = timedelta(minutes=30)
    after_sales_manager: timedelta = timedelta(minutes=30)
    duty_director: timedelta = timedelta(minutes=60)
    finance: timedelta = timedelta(hours=4)
    alarm: timedelta = timedelta(minutes=60)

    def of(self, tier: Role) -> timedelta:
        """The time a tier has. Raises ``ValueError`` for a role that decides nothing."""
        limits = {
            Role.AGENT: self.agent,
            Role.SUPERVISOR: self.supervisor,
            Role.AFTER_SALES_MANAGER: self.after_sales_manager,
            Role.DUTY_DIRECTOR: self.duty_director,
            Role.FINANCE: self.finance,
        }
        if tier not in limits:
            raise ValueError(f"{tier.value} is no approval tier")
        return limits[tier]


class ApprovalAsk(Model):
    """A decision that is asked for (R-AUTH-01).

    ``approval_id`` is derived by the caller, so that a process that runs again finds the same row. ``workflow_id`` is who waits. ``requester`` is the
    staff id of who asked, ``system`` or ``customer``; they cannot decide it themselves (R-AUTH-05). ``amount_minor`` is the amount in question, and the
    most that can be granted. ``status`` and ``stage`` say what the case shows meanwhile.
    """

    approval_id: ApprovalId
    case_id: CaseId
    workflow_id: str
    kind: ApprovalKind
    tier: Role
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    rule: str
    amount_minor: AmountMinor = 0
    requester: str = SYSTEM
    status: CaseStatus = CaseStatus.APPROVAL_PENDING
    stage: Stage = Stage.VERIFY


class ApprovalView(Model):
    """The row of an approval as it stands. ``escalations`` counts the moves and alarms so far."""

    approval_id: ApprovalId
    state: ApprovalState
    tier: Role
    due_at: Moment
    escalations: int = 0
    decided_by: str | None = None
    amount_minor: int | None = None
    ruling: Ruling | None = None


class ApprovalMove(Model):
    """The deadline of an approval went by ``at`` (the process's clock): move it up, if it still stands as the process saw it (``escalations``)."""

    approval_id: ApprovalId
    escalations: int
    timers: ApprovalTimers
    at: Moment


class ApprovalOpening(Model):
    """An approval to open ``at`` (the process's clock), with its limits."""

    ask: ApprovalAsk
    timers: ApprovalTimers
    at: Moment


class ApprovalResult(Model):
    """How an approval ended. ``amount_minor`` is what was granted for a partial refund, ``ruling`` what was ruled on an inspection."""

    approval_id: ApprovalId
    outcome: Literal["granted", "declined", "withdrawn"]
    tier: Role
    decided_by: str | None = None
    amount_minor: int | None = None
    ruling: Ruling | None = None
