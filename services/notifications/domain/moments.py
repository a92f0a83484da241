"""Which messages an event calls for: the catalogue of moments (rules, section 22) as one function from event to notices."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from contracts.case_state import CaseOutcome
from contracts.case_v1 import CaseOpened
from contracts.decision import Option, Priority
from contracts.events import EventBody
from contracts.refund_v1 import RefundFailed, RefundReversed, RefundSettled, RefundSubmitted
from contracts.resolution_v1 import (
    Agreed,
    ApprovalDecided,
    ApprovalEscalated,
    ApprovalKind,
    ApprovalRequested,
    CaseClosed,
    CaseRejected,
    CaseTriaged,
    ConfirmationRequested,
    EvidenceRequested,
    InspectionDisputed,
    OfferMade,
    ReminderDue,
    ReturnAuthorised,
    SlaBreached,
)
from contracts.shipment_v1 import ReshipmentShipped, ReturnLabelCreated, ReturnReceived

_WITHOUT_ACTION = frozenset(
    {
        CaseOutcome.WITHDRAWN,
        CaseOutcome.NO_RESPONSE,
        CaseOutcome.RETURN_NOT_SHIPPED,
        CaseOutcome.EVIDENCE_NOT_PROVIDED,
        CaseOutcome.GOODS_TAKEN_BACK,
        CaseOutcome.MEDIATION,
    }
)
_TOLD_TO_CUSTOMER = frozenset({ApprovalKind.SPECIAL, ApprovalKind.AMOUNT, ApprovalKind.EVIDENCE})


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be said: the moment of the catalogue and the facts its template needs (JSON values, no personal data).

    ``audience`` is ``customer``, or ``staff`` for the notice to a department (R-NTF-31).
    """

    moment: str
    facts: dict[str, Any] = field(default_factory=dict)
    audience: str = "customer"


def notices_of(event: EventBody) -> tuple[Notice, ...]:
    """The notices an event calls for, in the order in which they are sent; none for an event nobody is told of."""
    make = _NOTICES.get(type(event))
    return tuple(make(event)) if make else ()


def _opened(_event: CaseOpened) -> Iterable[Notice]:
    yield Notice("R-NTF-01")


def _triaged(event: CaseTriaged) -> Iterable[Notice]:
    if event.priority is Priority.URGENT:
        yield Notice("R-NTF-30")
        for role in event.departments:
            yield Notice("R-NTF-31", {"role": role.value, "priority": event.priority.value}, audience="staff")
    yield Notice("R-NTF-04", {"due_at": _time(event.progress.due_at), "waiting_for": event.progress.waiting_for.value})


def _evidence(event: EvidenceRequested) -> Iterable[Notice]:
    needed = [{"kinds": [kind.value for kind in need.kinds], "count": need.count, "shows": need.shows} for need in event.needed]
    moment = "R-NTF-02" if event.request_number == 1 else "R-NTF-03"
    yield Notice(moment, {"needed": needed, "missing": list(event.missing), "due_at": _time(event.due_at)})


def _offer(event: OfferMade) -> Iterable[Notice]:
    yield Notice(
        "R-NTF-05",
        {
            "options": [_option(option) for option in event.options],
            "currency": event.currency,
            "only_option_reason": event.only_option_reason,
            "due_at": _time(event.valid_until),
        },
    )


def _agreed(event: Agreed) -> Iterable[Notice]:
    yield Notice("R-NTF-09", {"option": _option(event.option), "currency": event.currency, "due_at": _time(event.progress.due_at)})


def _approval_requested(event: ApprovalRequested) -> Iterable[Notice]:
    if event.kind in _TOLD_TO_CUSTOMER:
        yield Notice("R-NTF-06", {"tier": event.tier.value, "due_at": _time(event.due_at)})


def _approval_decided(event: ApprovalDecided) -> Iterable[Notice]:
    if event.kind in _TOLD_TO_CUSTOMER:
        yield Notice("R-NTF-07", {"granted": event.granted, "reason": event.reason_code})


def _escalated(event: ApprovalEscalated) -> Iterable[Notice]:
    if event.from_tier is not event.to_tier:
        yield Notice("R-NTF-29", {"tier": event.to_tier.value, "due_at": _time(event.due_at)})


def _breached(event: SlaBreached) -> Iterable[Notice]:
    yield Notice("R-NTF-29", {"tier": event.owner.value, "due_at": _time(event.progress.due_at)})


def _rejected(event: CaseRejected) -> Iterable[Notice]:
    yield Notice("R-NTF-08", {"reason": event.reason, "clause": event.clause.text, "alternatives": list(event.alternatives)})


def _return_authorised(event: ReturnAuthorised) -> Iterable[Notice]:
    units = [{"line_id": unit.line_id, "quantity": unit.quantity} for unit in event.units]
    facts = {"units": units, "freight_payer": event.freight_payer.value, "prepaid": event.prepaid, "due_at": _time(event.ship_by)}
    yield Notice("R-NTF-10", facts)


def _label(event: ReturnLabelCreated) -> Iterable[Notice]:
    facts = {"label_url": event.label_url, "carrier": event.carrier, "waybill": event.waybill, "due_at": _time(event.ship_by)}
    yield Notice("R-NTF-10", facts)


def _received(event: ReturnReceived) -> Iterable[Notice]:
    yield Notice("R-NTF-11", {"received_at": _time(event.received_at)})


def _disputed(event: InspectionDisputed) -> Iterable[Notice]:
    facts = {"result": event.result, "partial_refund_minor": event.partial_refund_minor, "currency": event.currency}
    yield Notice("R-NTF-12", facts | {"due_at": _time(event.answer_by)})


def _shipped(event: ReshipmentShipped) -> Iterable[Notice]:
    yield Notice("R-NTF-13", {"carrier": event.carrier, "waybill": event.waybill})


def _submitted(event: RefundSubmitted) -> Iterable[Notice]:
    if event.attempt == 1:
        yield Notice("R-NTF-14", _refund("submitted", event.submitted_minor, event.currency, event.method))


def _settled(event: RefundSettled) -> Iterable[Notice]:
    methods = ", ".join(sorted({allocation.method for allocation in event.allocations}))
    paid = event.amount_minor if event.settled_minor is None else event.settled_minor
    yield Notice("R-NTF-14", _refund("settled", paid, event.currency, methods))


def _failed(event: RefundFailed) -> Iterable[Notice]:
    if event.final and not event.given_up:
        failed = event.amount_minor if event.failed_minor is None else event.failed_minor
        yield Notice("R-NTF-14", _refund("failed", failed, event.currency, ""))


def _reversed(event: RefundReversed) -> Iterable[Notice]:
    amount = event.amount_minor if event.reversed_minor is None else event.reversed_minor
    yield Notice("R-NTF-14", _refund("failed", amount, event.currency, ""))


def _confirm(event: ConfirmationRequested) -> Iterable[Notice]:
    yield Notice("R-NTF-26", {"outcome": event.outcome.value, "due_at": _time(event.answer_by)})


def _reminder(event: ReminderDue) -> Iterable[Notice]:
    yield Notice(event.moment, {"reminder": True, "due_at": _time(event.due_at)})


def _closed(event: CaseClosed) -> Iterable[Notice]:
    if event.outcome in _WITHOUT_ACTION:
        yield Notice("R-NTF-32", {"outcome": event.outcome.value, "reopenable": event.reopenable})


def _option(option: Option) -> dict[str, Any]:
    return {
        "code": option.code.value,
        "amount_minor": option.amount_minor,
        "goods_come_back": option.goods_come_back,
        "freight_payer": option.freight_payer.value,
        "clause": option.clause.text,
    }


def _refund(state: str, amount_minor: int, currency: str, method: str) -> dict[str, Any]:
    return {"state": state, "amount_minor": amount_minor, "currency": currency, "method": method}


def _time(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None


_NOTICES: dict[type[EventBody], Callable[[Any], Iterable[Notice]]] = {
    CaseOpened: _opened,
    CaseTriaged: _triaged,
    EvidenceRequested: _evidence,
    OfferMade: _offer,
    Agreed: _agreed,
    ApprovalRequested: _approval_requested,
    ApprovalDecided: _approval_decided,
    ApprovalEscalated: _escalated,
    SlaBreached: _breached,
    CaseRejected: _rejected,
    ReturnAuthorised: _return_authorised,
    ReturnLabelCreated: _label,
    ReturnReceived: _received,
    InspectionDisputed: _disputed,
    ReshipmentShipped: _shipped,
    RefundSubmitted: _submitted,
    RefundSettled: _settled,
    RefundFailed: _failed,
    RefundReversed: _reversed,
    ConfirmationRequested: _confirm,
    ReminderDue: _reminder,
    CaseClosed: _closed,
}

NOTIFIED_EVENTS: tuple[type[EventBody], ...] = tuple(_NOTICES)
"""The events that may call for a message."""
