"""What comes next in a case, by when, and who must act: carried by every resolution event, so that every view tells the same."""

from enum import StrEnum

from contracts.base import Model, Moment
from contracts.case_state import CaseStatus, Stage
from contracts.roles import Role


class WaitingFor(StrEnum):
    """What a case waits for."""

    NOTHING = "nothing"
    TRIAGE = "triage"
    EVIDENCE = "evidence"
    REVIEW = "review"
    APPROVAL = "approval"
    CHOICE = "choice"
    RETURN_SHIPMENT = "return_shipment"
    RETURN_ARRIVAL = "return_arrival"
    INSPECTION = "inspection"
    INSPECTION_ANSWER = "inspection_answer"
    REFUND = "refund"
    RESHIPMENT = "reshipment"
    CONFIRMATION = "confirmation"
    MEDIATION = "mediation"


class Then(StrEnum):
    """What happens if nobody acts before the deadline."""

    NOTHING = "nothing"
    ASK_AGAIN = "ask_again"
    CLOSE = "close"
    REJECT = "reject"
    REMIND = "remind"
    ESCALATE = "escalate"
    ALARM = "alarm"
    WORK_ITEM = "work_item"
    SUPERVISOR_DECIDES = "supervisor_decides"
    REFUND_INSTEAD = "refund_instead"


class Progress(Model):
    """The state of a case in one line.

    ``who`` must act before ``due_at``, otherwise ``then`` happens. ``who`` None means the platform itself.
    """

    status: CaseStatus
    stage: Stage
    waiting_for: WaitingFor
    who: Role | None = None
    due_at: Moment | None = None
    then: Then = Then.NOTHING
