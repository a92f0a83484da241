"""How a resolution event changes the view of a case: one function per event that says more than its progress."""

from datetime import datetime
from functools import singledispatch
from typing import Any, TypeAlias

from contracts.case_state import ENDED, OptionCode
from contracts.resolution_v1 import (
    Agreed,
    CaseClosed,
    CaseRejected,
    CaseTriaged,
    ChoiceRefused,
    ConfirmationRequested,
    EvidenceRequested,
    InspectionDisputed,
    OfferMade,
    RemedyCompleted,
    ReshipmentCancelled,
    ReshipmentRequested,
    ResolutionEvent,
    ReturnAuthorised,
    ReturnClosed,
    ReviewRequested,
)
from services.intake.domain.goods_moved import with_goods
from services.intake.domain.view import (
    AgreedView,
    CaseView,
    EvidenceRequestView,
    InspectionView,
    OfferedOption,
    OfferView,
    RefusalView,
    RejectionView,
    ReshipmentView,
    ReturnView,
)

Changes: TypeAlias = dict[str, Any]

UNITS_GONE = frozenset({OptionCode.RETURN_REFUND, OptionCode.REFUND_NO_RETURN, OptionCode.RESHIP_NO_RETURN, OptionCode.EXCHANGE})
"""The remedies whose units cannot be claimed again: refunded, reshipped or exchanged (R-INT-07)."""


def fold_resolution(view: CaseView, event: ResolutionEvent, occurred_at: datetime) -> CaseView:
    """The view after the event."""
    changes = _changes(event, view)
    changes["review"] = None  # the platform has spoken: evidence can be judged anew
    changes["progress"] = with_goods(event.progress, changes.get("returning", view.returning), changes.get("reshipment", view.reshipment))
    if isinstance(event, ChoiceRefused):
        changes["last_refusal"] = RefusalView(command=_refused_command(event, view), reason=event.reason, at=occurred_at)
    if event.progress.status not in ENDED and (view.closed_at is not None or view.reopened_at is not None):
        changes |= {"reopened_at": None, "closed_at": None, "outcome": None}  # the case runs again
    return view.model_copy(update=changes)


def settled_units(event: ResolutionEvent) -> dict[str, int]:
    """Units by line that this event settles for good."""
    settled: dict[str, int] = {}
    if isinstance(event, RemedyCompleted):
        for units in event.settled:
            if units.remedy in UNITS_GONE:
                settled[units.line_id] = settled.get(units.line_id, 0) + units.quantity
    return settled


@singledispatch
def _changes(event: ResolutionEvent, view: CaseView) -> Changes:  # noqa: ARG001 - the shape of all of them
    """Most events change the progress only."""
    return {}


@_changes.register
def _(event: CaseTriaged, _view: CaseView) -> Changes:
    return {"priority": event.priority}


@_changes.register
def _(event: EvidenceRequested, _view: CaseView) -> Changes:
    request = EvidenceRequestView(request_number=event.request_number, needed=event.needed, missing=event.missing, due_at=event.due_at)
    return {"evidence_request": request, "evidence_refused": False}


@_changes.register
def _(_event: ReviewRequested, _view: CaseView) -> Changes:
    return {"evidence_request": None}


@_changes.register
def _(event: OfferMade, _view: CaseView) -> Changes:
    options = tuple(
        OfferedOption(
            code=option.code,
            amount_minor=option.amount_minor,
            goods_come_back=option.goods_come_back,
            freight_payer=option.freight_payer,
            freight_cap_minor=option.freight_cap_minor,
            needs_approval=option.approval is not None,
            clause=option.clause,
        )
        for option in event.options
    )
    offer = OfferView(
        offer_id=event.offer_id,
        offer_number=event.offer_number,
        options=options,
        only_option_reason=event.only_option_reason,
        valid_until=event.valid_until,
    )
    return {"offer": offer, "evidence_request": None, "rejection": None}


@_changes.register
def _(event: Agreed, _view: CaseView) -> Changes:
    return {"offer": None, "agreed": AgreedView(option=event.option.code, amount_minor=event.option.amount_minor)}


@_changes.register
def _(event: ChoiceRefused, view: CaseView) -> Changes:
    command = _refused_command(event, view)
    if command == "withdrawal":
        return {"withdrawal_event_id": None}
    if command == "choice" and view.offer is not None:
        return {"offer": view.offer.model_copy(update={"answer": None})}
    return {}


def _refused_command(event: ChoiceRefused, view: CaseView) -> str:
    if view.withdrawal_event_id == event.source_event_id:
        return "withdrawal"
    answer = view.offer.answer if view.offer is not None else None
    return "choice" if answer is not None and answer.event_id == event.source_event_id else "command"


@_changes.register
def _(event: CaseRejected, _view: CaseView) -> Changes:
    return {
        "rejection": RejectionView(reason=event.reason, clause=event.clause, alternatives=event.alternatives),
        "offer": None,
        "evidence_request": None,
    }


@_changes.register
def _(event: ReturnAuthorised, view: CaseView) -> Changes:
    known = view.returning
    if known is None or known.rma_id != event.rma_id:
        known = ReturnView(rma_id=event.rma_id, state="authorised")
    # Its label may have been told of before: what is known of the parcel stays.
    told = {"units": event.units, "freight_payer": event.freight_payer, "prepaid": event.prepaid, "ship_by": event.ship_by}
    return {"returning": known.model_copy(update=told), "inspection": None}


@_changes.register
def _(event: InspectionDisputed, _view: CaseView) -> Changes:
    inspection = InspectionView(
        rma_id=event.rma_id,
        result=event.result,
        disputed=event.disputed,
        partial_refund_minor=event.partial_refund_minor,
        answer_by=event.answer_by,
    )
    return {"inspection": inspection}


@_changes.register
def _(event: ReturnClosed, view: CaseView) -> Changes:
    if view.returning is None or view.returning.rma_id != event.rma_id:
        return {}
    return {"returning": view.returning.model_copy(update={"state": event.result})}


@_changes.register
def _(event: ReshipmentRequested, view: CaseView) -> Changes:
    if view.reshipment is not None and view.reshipment.reship_id == event.reship_id:
        return {}  # its parcel was told of before
    return {"reshipment": ReshipmentView(reship_id=event.reship_id, state="requested")}


@_changes.register
def _(event: ReshipmentCancelled, view: CaseView) -> Changes:
    if view.reshipment is None or view.reshipment.reship_id != event.reship_id:
        return {}
    return {"reshipment": view.reshipment.model_copy(update={"state": "cancelled", "reason": event.reason})}


@_changes.register
def _(_event: ConfirmationRequested, _view: CaseView) -> Changes:
    return {"satisfied": None}


@_changes.register
def _(event: CaseClosed, _view: CaseView) -> Changes:
    return {
        "outcome": event.outcome,
        "closed_at": event.closed_at,
        "reopenable": event.reopenable,
        "offer": None,
        "evidence_request": None,
        "withdrawal_event_id": None,
    }
