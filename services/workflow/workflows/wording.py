"""The words of the ops screen: what a process waits for, until when, and what happens then, for somebody who knows nothing of the code."""

from datetime import datetime
from zoneinfo import ZoneInfo

from contracts.case_state import CaseStatus
from contracts.progress import Progress, Then, WaitingFor

WAITS = {
    WaitingFor.NOTHING: "nothing",
    WaitingFor.TRIAGE: "the platform to look at the case",
    WaitingFor.EVIDENCE: "evidence from the customer",
    WaitingFor.REVIEW: "a person to look at the case and judge it",
    WaitingFor.APPROVAL: "an approval",
    WaitingFor.CHOICE: "the customer to choose an option of the offer",
    WaitingFor.RETURN_SHIPMENT: "the customer to hand in the return parcel",
    WaitingFor.RETURN_ARRIVAL: "the return parcel to arrive at the warehouse",
    WaitingFor.INSPECTION: "the warehouse to inspect what came back",
    WaitingFor.INSPECTION_ANSWER: "the customer's answer to the result of the inspection",
    WaitingFor.REFUND: "the refund to be paid by the payment provider",
    WaitingFor.RESHIPMENT: "the new goods to reach the customer",
    WaitingFor.CONFIRMATION: "the customer to say whether the case is solved",
    WaitingFor.MEDIATION: "the mediation to end",
}

THEN = {
    Then.NOTHING: "the process goes on by itself",
    Then.ASK_AGAIN: "the customer is asked again",
    Then.CLOSE: "the case closes; it can be reopened",
    Then.REJECT: "the claim is rejected for want of evidence; it is reopened if evidence still comes in time",
    Then.REMIND: "the customer is reminded",
    Then.ESCALATE: "the request moves up one tier; it is never decided by itself",
    Then.ALARM: "the responsible person is alarmed again; nothing is decided by itself",
    Then.WORK_ITEM: "the breach is recorded, its owner raised one tier and a work item opened; nothing is decided by itself",
    Then.SUPERVISOR_DECIDES: "the supervisor decides instead",
    Then.REFUND_INSTEAD: "the units are refunded in full instead",
}

RETURN_PLAN = (
    "the goods to come back: the customer hands the parcel in (otherwise the case closes as `return_not_shipped`), it arrives (otherwise it is looked for, "
    "or lost), the warehouse inspects it (otherwise its supervisor is alarmed), and the refund is paid"
)
RESHIP_PLAN = "the new goods: they are shipped (otherwise the owner is raised) and delivered (likewise); if they cannot be sent, the other options are offered"


def waits_for(progress: Progress) -> str:
    """What the case waits for, in words."""
    return WAITS[progress.waiting_for]


def moment(at: datetime, time_zone: str) -> str:
    """A moment in UTC and in the merchant's time zone."""
    local = at.astimezone(ZoneInfo(time_zone))
    return f"{at:%Y-%m-%d %H:%M:%S} UTC ({local:%Y-%m-%d %H:%M} {time_zone})"


def who_acts(progress: Progress) -> str:
    """Who must act, in words."""
    return progress.who.value.replace("_", " ") if progress.who else "nobody: the platform itself"


def status_words(status: CaseStatus) -> str:
    """A status as words."""
    return status.value.replace("_", " ")
