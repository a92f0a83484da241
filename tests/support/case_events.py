"""What customers, agents and the warehouse say of a case, as events, in one line each."""

from typing import Any
from uuid import UUID, uuid4

from contracts.case_state import OptionCode
from contracts.case_v1 import (
    CaseOpened,
    CaseReopened,
    CaseWithdrawn,
    EvidenceAdded,
    EvidenceRefused,
    EvidenceReviewed,
    InspectionAnswer,
    InspectionAnswered,
    OfferRejected,
    OpenedBy,
    OptionChosen,
    ReturnShipped,
    SatisfactionStated,
)
from contracts.decision_facts import Attributes, EvidenceItem, EvidenceKind, Verdict
from contracts.events import StaffActor
from contracts.identifiers import OfferId, ReshipId, RmaId
from contracts.shipment_v1 import (
    InspectedUnits,
    InspectionResult,
    ReshipmentDelivered,
    ReshipmentFailed,
    ReshipmentShipped,
    ReturnInspected,
    ReturnInTransit,
    ReturnLost,
    ReturnReceived,
)
from services.kit.clock import utc_now

CUSTOMER = OpenedBy(kind="customer")


class Voices:
    """Everybody who has a say in one case."""

    def __init__(self, case: CaseOpened) -> None:
        self._case: dict[str, Any] = {"merchant_id": case.merchant_id, "case_id": case.case_id}
        self._shipment: dict[str, Any] = {
            **self._case,
            "case_number": case.case_number,
            "customer_ref": case.customer_ref,
            "locale": case.locale,
        }

    def chooses(self, offer_id: OfferId, option: OptionCode, **changes: Any) -> OptionChosen:
        return OptionChosen(
            **{**self._case, "offer_id": offer_id, "option": option, "chosen_at": utc_now(), "chosen_by": CUSTOMER, **changes}
        )

    def rejects(self, offer_id: OfferId) -> OfferRejected:
        return OfferRejected(**self._case, offer_id=offer_id, rejected_at=utc_now())

    def withdraws(self) -> CaseWithdrawn:
        return CaseWithdrawn(**self._case, withdrawn_at=utc_now(), withdrawn_by=CUSTOMER)

    def is_satisfied(self, *, satisfied: bool = True) -> SatisfactionStated:
        return SatisfactionStated(**self._case, satisfied=satisfied, stated_at=utc_now())

    def reopens(self, number: int = 1, reason: str = "agent") -> CaseReopened:
        return CaseReopened(**self._case, reopen_number=number, reason=reason, reopened_at=utc_now(), reopened_by=CUSTOMER)

    def adds_photo(self, shows: str = "goods") -> EvidenceAdded:
        return EvidenceAdded(**self._case, item=a_photo(shows))

    def refuses_evidence(self) -> EvidenceRefused:
        return EvidenceRefused(**self._case, refused_at=utc_now())

    def reviews(self, verdict: Verdict, missing: tuple[str, ...] = (), **reviewed: Any) -> EvidenceReviewed:
        actor = StaffActor(staff_id="alex", role="agent")
        return EvidenceReviewed(
            **self._case, verdict=verdict, reviewed=Attributes(**reviewed), missing=missing, reviewer=actor, reviewed_at=utc_now()
        )

    def sent_the_parcel(self) -> ReturnShipped:
        return ReturnShipped(**self._case, carrier="royal-mail", waybill="RM1", shipped_at=utc_now())

    def answers(self, answer: InspectionAnswer) -> InspectionAnswered:
        return InspectionAnswered(**self._case, answer=answer, answered_at=utc_now())

    def parcel_moves(self, rma_id: RmaId) -> ReturnInTransit:
        return ReturnInTransit(**self._shipment, rma_id=rma_id, carrier="sandbox", waybill="CR1", scanned_at=utc_now())

    def parcel_arrives(self, rma_id: RmaId, parcel_id: UUID | None = None) -> ReturnReceived:
        return ReturnReceived(**self._shipment, rma_id=rma_id, parcel_id=parcel_id or uuid4(), received_at=utc_now())

    def inspected(self, rma_id: RmaId, result: InspectionResult, *, expected: int = 2, accepted: int = 2) -> ReturnInspected:
        units = (InspectedUnits(line_id="1", expected=expected, accepted=accepted),)
        return ReturnInspected(
            **self._shipment, rma_id=rma_id, parcel_id=uuid4(), result=result, units=units, inspected_at=utc_now(), inspected_by="wendy"
        )

    def parcel_is_lost(self, rma_id: RmaId, *, merchant_arranged: bool) -> ReturnLost:
        return ReturnLost(
            **self._shipment, rma_id=rma_id, carrier="sandbox", waybill="CR1", merchant_arranged=merchant_arranged, lost_at=utc_now()
        )

    def goods_leave(self, reship_id: ReshipId) -> ReshipmentShipped:
        return ReshipmentShipped(**self._shipment, reship_id=reship_id, carrier="sandbox", waybill="CE1", shipped_at=utc_now())

    def goods_arrive(self, reship_id: ReshipId) -> ReshipmentDelivered:
        return ReshipmentDelivered(**self._shipment, reship_id=reship_id, waybill="CE1", delivered_at=utc_now())

    def goods_cannot_be_sent(self, reship_id: ReshipId, reason: str = "out_of_stock") -> ReshipmentFailed:
        return ReshipmentFailed(**self._shipment, reship_id=reship_id, reason=reason, failed_at=utc_now())


def a_photo(shows: str = "goods") -> EvidenceItem:
    """A photo, received now."""
    return EvidenceItem(
        evidence_id=uuid4().hex,
        kind=EvidenceKind.PHOTO,
        shows=shows,
        sha256="0" * 64,
        size_bytes=1000,
        media_type="image/jpeg",
        received_at=utc_now(),
    )
