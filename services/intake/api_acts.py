"""What is done to a case over HTTP: thin routes, one act of the domain each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import Response

from contracts.case_v1 import OpenedBy
from services.intake.api_cases import case_id_of
from services.intake.domain import acts, staff_acts
from services.intake.domain.callers import Caller, CustomerCaller, StaffCaller, reviewer_of
from services.intake.domain.forms import (
    ChoiceForm,
    EvidenceReviewForm,
    InspectionAnswerForm,
    OfferRejectionForm,
    ReopeningForm,
    ReturnShipmentForm,
    SatisfactionForm,
)
from services.intake.handlers.act_on_case import Command, Perform
from services.intake.house import House

_MAX_KEY = 200


@dataclass(frozen=True, slots=True)
class _Call:
    """What every act takes: the case, who acts, and under which conditions."""

    house: House
    request: Request
    case_id: str
    caller: Caller
    key: str | None
    if_match: str | None

    async def act(self, name: str, perform: Perform, by: OpenedBy | None = None) -> Response:
        """Do it and answer."""
        command = Command(
            caller=self.caller,
            case_id=case_id_of(self.case_id),
            name=name,
            by=by or self.caller.acts_as(),
            key=self.key,
            if_match=self.if_match,
            raw=await self.request.body(),
        )
        return (await self.house.act_on_case(command, perform)).response()


_Dependency: TypeAlias = Callable[..., Awaitable[_Call]]


def acts_router(house: House) -> APIRouter:
    """The acts of customers, of merchants and service staff for them, and of reviewers."""
    router = APIRouter(prefix="/v1/cases/{case_id}", tags=["acts"])

    async def call(
        request: Request,
        case_id: str,
        caller: Annotated[Caller, Depends(house.doorman.caller)],
        key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=_MAX_KEY)] = None,
        if_match: Annotated[str | None, Header()] = None,
    ) -> _Call:
        return _Call(house, request, case_id, caller, key, if_match)

    _add_offer_acts(router, call)
    _add_return_acts(router, call)
    _add_end_acts(router, call)
    _add_evidence_acts(router, call)
    return router


def _add_offer_acts(router: APIRouter, call: _Dependency) -> None:
    @router.post("/choice", status_code=202, summary="Accept one option of the current offer")
    async def choice(one: Annotated[_Call, Depends(call)], form: ChoiceForm) -> Response:
        return await one.act("choice", partial(acts.choose, offer_id=form.offer_id, option=form.option))

    @router.post("/offer-rejection", status_code=202, summary="Turn the current offer down")
    async def offer_rejection(one: Annotated[_Call, Depends(call)], form: OfferRejectionForm) -> Response:
        return await one.act("offer-rejection", partial(acts.reject_offer, offer_id=form.offer_id))


def _add_return_acts(router: APIRouter, call: _Dependency) -> None:
    @router.post("/return-shipment", status_code=202, summary="The goods are on their way with one's own carrier")
    async def return_shipment(one: Annotated[_Call, Depends(call)], form: ReturnShipmentForm) -> Response:
        return await one.act(
            "return-shipment", partial(acts.ship_return, carrier=form.carrier, waybill=form.waybill, shipped_at=form.shipped_at)
        )

    @router.post("/inspection-answer", status_code=202, summary="Answer an inspection mismatch")
    async def inspection_answer(one: Annotated[_Call, Depends(call)], form: InspectionAnswerForm) -> Response:
        return await one.act("inspection-answer", partial(acts.answer_inspection, answer=form.answer))


def _add_end_acts(router: APIRouter, call: _Dependency) -> None:
    @router.post("/withdrawal", status_code=202, summary="Withdraw the case")
    async def withdrawal(one: Annotated[_Call, Depends(call)]) -> Response:
        return await one.act("withdrawal", acts.withdraw)

    @router.post("/satisfaction", status_code=202, summary="Say whether the case is solved")
    async def satisfaction(one: Annotated[_Call, Depends(call)], form: SatisfactionForm) -> Response:
        return await one.act("satisfaction", partial(acts.state_satisfaction, satisfied=form.satisfied))

    @router.post("/reopening", status_code=202, summary="Bring an ended case back")
    async def reopening(one: Annotated[_Call, Depends(call)], form: ReopeningForm | None = None) -> Response:
        reason = (form.reason if form is not None else None) or _usual_reason(one.caller)
        by_staff = isinstance(one.caller, StaffCaller)
        return await one.act(
            "reopening", partial(staff_acts.reopen, reason=reason, window=one.house.settings.reopen_window, by_staff=by_staff)
        )


def _add_evidence_acts(router: APIRouter, call: _Dependency) -> None:
    @router.post("/evidence/refusal", status_code=202, summary="Say that no evidence will come")
    async def evidence_refusal(one: Annotated[_Call, Depends(call)]) -> Response:
        return await one.act("evidence-refusal", acts.refuse_evidence)

    @router.post("/evidence/review", status_code=202, summary="An agent's verdict on the evidence")
    async def evidence_review(one: Annotated[_Call, Depends(call)], form: EvidenceReviewForm) -> Response:
        reviewer = reviewer_of(one.caller)
        perform = partial(
            staff_acts.review_evidence,
            reviewer=reviewer,
            verdict=form.verdict,
            reviewed=form.reviewed,
            missing=form.missing,
            affected=form.lines,
        )
        return await one.act("evidence-review", perform, by=OpenedBy(kind="staff", staff=reviewer))


def _usual_reason(caller: Caller) -> str:
    if isinstance(caller, StaffCaller):
        return "agent"
    return "customer" if isinstance(caller, CustomerCaller) else "storefront"
