"""What a customer (or somebody for them) can do to a case, and when it makes sense: each act gives the fact to publish and the changed view.

What the view already knows to be stale is refused here; what only the workflow knows is refused there and comes back as a ``ChoiceRefused``.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.case_state import CANCELLABLE, CaseStatus, OptionCode
from contracts.case_v1 import (
    CaseWithdrawn,
    EvidenceRefused,
    InspectionAnswer,
    InspectionAnswered,
    OfferRejected,
    OpenedBy,
    OptionChosen,
    ReturnShipped,
    SatisfactionStated,
)
from contracts.events import EventBody
from contracts.identifiers import OfferId
from services.intake.domain.errors import InvalidError, StaleCommandError
from services.intake.domain.view import CaseRecord, CaseView, OfferAnswer, OfferView


@dataclass(frozen=True, slots=True)
class Setting:
    """When an act happens, who does it, and the id of its fact. ``refund_states`` are the states of the case's refunds."""

    event_id: UUID
    now: datetime
    by: OpenedBy
    refund_states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """An accepted act. No events: it was done before, and the answer is the same as then.

    ``first_event_id`` names that fact where the view has it beside the act; else it is the last one of the same command.
    """

    command: str
    view: CaseView
    events: tuple[EventBody, ...] = ()
    first_event_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)


def choose(case: CaseRecord, at: Setting, offer_id: OfferId, option: OptionCode) -> Act:
    """Accept one option of the current offer (R-CASE-04). The moment of this act decides whether it was in time."""
    offer = _current_offer(case, at, offer_id)
    if option not in {offered.code for offered in offer.options}:
        codes = ", ".join(offered.code for offered in offer.options)
        raise InvalidError(f"The offer has no option {option}; it has {codes}.", code="option_not_offered")
    if offer.answer is not None:
        return _answered_before(case, "choice", offer, option)
    event = OptionChosen(
        merchant_id=case.merchant_id, case_id=case.case_id, offer_id=offer_id, option=option, chosen_at=at.now, chosen_by=at.by
    )
    return Act(
        "choice",
        _with_answer(case.view, offer, OfferAnswer(option=option, at=at.now, event_id=at.event_id)),
        (event,),
        data={"option": option},
    )


def reject_offer(case: CaseRecord, at: Setting, offer_id: OfferId) -> Act:
    """Turn the current offer down as a whole (R-AUTH-08)."""
    offer = _current_offer(case, at, offer_id)
    if offer.answer is not None:
        return _answered_before(case, "offer-rejection", offer, None)
    event = OfferRejected(merchant_id=case.merchant_id, case_id=case.case_id, offer_id=offer_id, rejected_at=at.now)
    return Act("offer-rejection", _with_answer(case.view, offer, OfferAnswer(option=None, at=at.now, event_id=at.event_id)), (event,))


def withdraw(case: CaseRecord, at: Setting) -> Act:
    """Withdraw the case (R-CASE-05)."""
    view = case.view
    if view.withdrawal_event_id is not None:
        return Act("withdrawal", view, first_event_id=view.withdrawal_event_id)
    paying = {"submitted", "settled", "reversed"} & set(at.refund_states)
    if view.status not in CANCELLABLE or paying or (view.reshipment is not None and view.reshipment.state in {"shipped", "delivered"}):
        raise StaleCommandError("not_cancellable", f"The case is {view.status}: it can no longer be withdrawn (R-CASE-05).")
    event = CaseWithdrawn(merchant_id=case.merchant_id, case_id=case.case_id, withdrawn_at=at.now, withdrawn_by=at.by)
    return Act("withdrawal", view.model_copy(update={"withdrawal_event_id": at.event_id}), (event,))


def ship_return(case: CaseRecord, at: Setting, carrier: str, waybill: str, shipped_at: datetime | None) -> Act:
    """Say that the goods are on their way with a carrier of the customer's own choice."""
    view = case.view
    if view.status is not CaseStatus.AWAITING_RETURN or view.returning is None:
        raise StaleCommandError("no_return_expected", f"The case is {view.status}: no parcel is expected now.")
    if shipped_at is not None and shipped_at > at.now:
        raise InvalidError("shipped_at is in the future.", code="invalid_moment")
    known = view.returning
    if (known.state, known.carrier, known.waybill) == ("announced", carrier, waybill):
        return Act("return-shipment", view)
    event = ReturnShipped(
        merchant_id=case.merchant_id, case_id=case.case_id, carrier=carrier, waybill=waybill, shipped_at=shipped_at or at.now
    )
    returning = known.model_copy(update={"state": "announced", "carrier": carrier, "waybill": waybill})
    return Act("return-shipment", view.model_copy(update={"returning": returning}), (event,), data={"carrier": carrier, "waybill": waybill})


def answer_inspection(case: CaseRecord, at: Setting, answer: InspectionAnswer) -> Act:
    """Answer an inspection mismatch (R-RTN-05)."""
    view = case.view
    if view.status is not CaseStatus.INSPECTION_DISPUTE or view.inspection is None:
        raise StaleCommandError("no_inspection_dispute", f"The case is {view.status}: there is no inspection result to answer.")
    if view.inspection.answer is answer:
        return Act("inspection-answer", view)
    if view.inspection.answer is not None:
        raise StaleCommandError("inspection_already_answered", f"The answer was {view.inspection.answer}.")
    if answer is InspectionAnswer.ACCEPT_PARTIAL and view.inspection.partial_refund_minor is None:
        raise StaleCommandError("no_partial_refund_proposed", "There is no amount to accept yet: wait for the proposal.")
    event = InspectionAnswered(merchant_id=case.merchant_id, case_id=case.case_id, answer=answer, answered_at=at.now)
    inspection = view.inspection.model_copy(update={"answer": answer})
    return Act("inspection-answer", view.model_copy(update={"inspection": inspection}), (event,), data={"answer": answer})


def state_satisfaction(case: CaseRecord, at: Setting, *, satisfied: bool) -> Act:
    """Say whether the case is solved (R-CASE-07)."""
    view = case.view
    if view.status is not CaseStatus.CONFIRMING:
        raise StaleCommandError("not_confirming", f"The case is {view.status}: nobody asks for this now.")
    if view.satisfied is satisfied:
        return Act("satisfaction", view)
    event = SatisfactionStated(merchant_id=case.merchant_id, case_id=case.case_id, satisfied=satisfied, stated_at=at.now)
    return Act("satisfaction", view.model_copy(update={"satisfied": satisfied}), (event,), data={"satisfied": satisfied})


def refuse_evidence(case: CaseRecord, at: Setting) -> Act:
    """Say that no evidence will come (R-EVD-09)."""
    view = case.view
    if view.status is not CaseStatus.EVIDENCE_PENDING:
        raise StaleCommandError("no_evidence_expected", f"The case is {view.status}: no evidence is asked for.")
    if view.evidence_refused:
        return Act("evidence-refusal", view)
    event = EvidenceRefused(merchant_id=case.merchant_id, case_id=case.case_id, refused_at=at.now)
    return Act("evidence-refusal", view.model_copy(update={"evidence_refused": True}), (event,))


def _current_offer(case: CaseRecord, at: Setting, offer_id: OfferId) -> OfferView:
    offer = case.view.offer
    if offer is None or offer.offer_id != offer_id:
        raise StaleCommandError("offer_stale", "This is not the current offer of the case.", offer=_shown(offer))
    if at.now > offer.valid_until:
        raise StaleCommandError("offer_expired", f"The offer was valid until {offer.valid_until.isoformat()}.", offer=_shown(offer))
    return offer


def _answered_before(case: CaseRecord, command: str, offer: OfferView, option: OptionCode | None) -> Act:
    answer = offer.answer
    if answer is None or answer.option is not option:
        raise StaleCommandError("offer_already_answered", "The offer was answered differently before.", offer=_shown(offer))
    return Act(command, case.view, first_event_id=answer.event_id)


def _with_answer(view: CaseView, offer: OfferView, answer: OfferAnswer) -> CaseView:
    return view.model_copy(update={"offer": offer.model_copy(update={"answer": answer})})


def _shown(offer: OfferView | None) -> dict[str, object] | None:
    return None if offer is None else offer.model_dump(mode="json")
