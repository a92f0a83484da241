"""Where a case stands: one function for each state, so that the row, the events and the screen all say the same (R-CASE-01, R-CASE-02)."""

from datetime import datetime

from contracts.case_state import CaseOutcome, CaseStatus, OptionCode, Stage
from contracts.progress import Progress, Then, WaitingFor
from contracts.roles import Role

_STATUS_OF_OUTCOME = {
    CaseOutcome.REJECTED: CaseStatus.REJECTED,
    CaseOutcome.DECLINED: CaseStatus.REJECTED,
    CaseOutcome.EVIDENCE_NOT_PROVIDED: CaseStatus.REJECTED,
    CaseOutcome.WITHDRAWN: CaseStatus.CANCELLED,
}

BEFORE_TRANSIT = frozenset({CaseStatus.AGREED, CaseStatus.AWAITING_RETURN})
"""States in which a return parcel that sets off is news."""

BEFORE_RECEIPT = BEFORE_TRANSIT | {CaseStatus.RETURN_IN_TRANSIT}
"""States in which a return parcel that arrives is news."""


def evidence_pending(due_at: datetime, *, last: bool) -> Progress:
    """The customer is asked for evidence; after the ``last`` request silence ends the claim (R-EVD-09)."""
    return Progress(
        status=CaseStatus.EVIDENCE_PENDING,
        stage=Stage.VERIFY,
        waiting_for=WaitingFor.EVIDENCE,
        who=Role.CUSTOMER,
        due_at=due_at,
        then=Then.REJECT if last else Then.ASK_AGAIN,
    )


def under_review(due_at: datetime, owner: Role = Role.AGENT, stage: Stage = Stage.VERIFY) -> Progress:
    """A person must judge; a missed limit raises the owner (R-SLA-20)."""
    return Progress(
        status=CaseStatus.UNDER_REVIEW, stage=stage, waiting_for=WaitingFor.REVIEW, who=owner, due_at=due_at, then=Then.WORK_ITEM
    )


def approval_pending(tier: Role, stage: Stage = Stage.VERIFY) -> Progress:
    """An approval is about to be asked for; its limit comes with it."""
    return Progress(status=CaseStatus.APPROVAL_PENDING, stage=stage, waiting_for=WaitingFor.APPROVAL, who=tier, then=Then.ESCALATE)


def offer_pending(valid_until: datetime, *, automatic: bool) -> Progress:
    """The customer can choose (R-CASE-04, R-RSH-04)."""
    return Progress(
        status=CaseStatus.OFFER_PENDING,
        stage=Stage.OFFER,
        waiting_for=WaitingFor.CHOICE,
        who=Role.CUSTOMER,
        due_at=valid_until,
        then=Then.REFUND_INSTEAD if automatic else Then.CLOSE,
    )


def agreed(option: OptionCode) -> Progress:
    """An option is carried out now; money without goods is on its way at once, so it cannot be withdrawn (R-CASE-05)."""
    match option:
        case OptionCode.RETURN_REFUND:
            return Progress(status=CaseStatus.AGREED, stage=Stage.EXECUTE, waiting_for=WaitingFor.RETURN_SHIPMENT)
        case OptionCode.RESHIP_NO_RETURN:
            return Progress(status=CaseStatus.AGREED, stage=Stage.EXECUTE, waiting_for=WaitingFor.RESHIPMENT)
        case _:
            return refunding()


def refunding() -> Progress:
    """Money is on its way back."""
    return Progress(status=CaseStatus.EXECUTING, stage=Stage.EXECUTE, waiting_for=WaitingFor.REFUND)


def refund_with_finance(due_at: datetime | None) -> Progress:
    """The money goes on only once finance acts (R-RFD-09, R-RFD-15); with a limit, the task is raised again then."""
    then = Then.NOTHING if due_at is None else Then.ALARM
    return refunding().model_copy(update={"who": Role.FINANCE, "due_at": due_at, "then": then})


def awaiting_return(ship_by: datetime) -> Progress:
    """The customer must hand the parcel in (R-RTN-02)."""
    return Progress(
        status=CaseStatus.AWAITING_RETURN,
        stage=Stage.EXECUTE,
        waiting_for=WaitingFor.RETURN_SHIPMENT,
        who=Role.CUSTOMER,
        due_at=ship_by,
        then=Then.CLOSE,
    )


def return_in_transit(due_at: datetime) -> Progress:
    """The parcel is on its way (R-RTN-06)."""
    return Progress(
        status=CaseStatus.RETURN_IN_TRANSIT,
        stage=Stage.EXECUTE,
        waiting_for=WaitingFor.RETURN_ARRIVAL,
        who=Role.LOGISTICS_DEPT,
        due_at=due_at,
        then=Then.WORK_ITEM,
    )


def return_received(due_at: datetime) -> Progress:
    """The warehouse must inspect (R-SLA-13)."""
    return Progress(
        status=CaseStatus.RETURN_RECEIVED,
        stage=Stage.EXECUTE,
        waiting_for=WaitingFor.INSPECTION,
        who=Role.WAREHOUSE_SUPERVISOR,
        due_at=due_at,
        then=Then.WORK_ITEM,
    )


def inspection_dispute(answer_by: datetime) -> Progress:
    """The customer answers the result of the inspection, otherwise the supervisor rules (R-RTN-05)."""
    return Progress(
        status=CaseStatus.INSPECTION_DISPUTE,
        stage=Stage.EXECUTE,
        waiting_for=WaitingFor.INSPECTION_ANSWER,
        who=Role.CUSTOMER,
        due_at=answer_by,
        then=Then.SUPERVISOR_DECIDES,
    )


def reshipping(due_at: datetime, *, shipped: bool) -> Progress:
    """New goods are asked for (still to be withdrawn), or with the carrier (R-CASE-05, R-RSH-05)."""
    return Progress(
        status=CaseStatus.EXECUTING if shipped else CaseStatus.AGREED,
        stage=Stage.EXECUTE,
        waiting_for=WaitingFor.RESHIPMENT,
        who=Role.CARRIER if shipped else Role.LOGISTICS_DEPT,
        due_at=due_at,
        then=Then.WORK_ITEM,
    )


def confirming(answer_by: datetime) -> Progress:
    """The customer says whether the case is solved (R-CASE-07)."""
    return Progress(
        status=CaseStatus.CONFIRMING,
        stage=Stage.CONFIRM,
        waiting_for=WaitingFor.CONFIRMATION,
        who=Role.CUSTOMER,
        due_at=answer_by,
        then=Then.CLOSE,
    )


def mediation(owner: Role, due_at: datetime) -> Progress:
    """No agreement: a third party mediates (R-AUTH-10)."""
    return Progress(
        status=CaseStatus.MEDIATION, stage=Stage.CONFIRM, waiting_for=WaitingFor.MEDIATION, who=owner, due_at=due_at, then=Then.WORK_ITEM
    )


def ended(outcome: CaseOutcome) -> Progress:
    """The case is over."""
    return Progress(status=_STATUS_OF_OUTCOME.get(outcome, CaseStatus.CLOSED), stage=Stage.RECORD, waiting_for=WaitingFor.NOTHING)


def overdue(progress: Progress, owner: Role, due_at: datetime) -> Progress:
    """The same wait, its owner raised and its limit moved (R-SLA-20)."""
    return progress.model_copy(update={"who": owner, "due_at": due_at})
