"""What the other services say of a case in these tests: small events with the progress that goes with them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.case_state import CaseOutcome, CaseStatus, OptionCode, Stage
from contracts.decision import Clause, EvidenceKind, EvidenceNeed, FreightPayer, Option
from contracts.identifiers import CaseId, MerchantId, OfferId, OrderId, customer_ref_for, order_id_for
from contracts.progress import Progress, Then, WaitingFor
from contracts.resolution_v1 import CaseClosed, EvidenceRequested, OfferMade, ResolutionEvent
from contracts.roles import Role
from services.kit.clock import utc_now
from tests.support.builders import MERCHANT

CLAUSE = Clause(clause_id="returns", rule="R-ELIG-01", text={"en": "You may send goods back.", "zh-CN": "可以退货。"})


def base_of(case: dict[str, Any], status: CaseStatus, waiting_for: WaitingFor, who: Role | None = Role.CUSTOMER) -> dict[str, Any]:
    """The fields every resolution event of a case has."""
    number = case["order_number"]
    progress = Progress(
        status=status, stage=Stage.VERIFY, waiting_for=waiting_for, who=who, due_at=utc_now() + timedelta(hours=48), then=Then.CLOSE
    )
    return {
        "merchant_id": MerchantId(MERCHANT),
        "case_id": CaseId(UUID(case["case_id"])),
        "case_number": case["case_number"],
        "order_id": OrderId(order_id_for(MERCHANT, number)),
        "order_number": number,
        "customer_ref": customer_ref_for(MERCHANT, f"customer-of-{number}"),
        "locale": "en",
        "currency": "GBP",
        "progress": progress,
    }


def an_offer(case: dict[str, Any], *codes: OptionCode, hours: float = 48, number: int = 1) -> OfferMade:
    """An offer of the options, each at 8.50."""
    options = tuple(
        Option(code=code, amount_minor=850, goods_come_back=False, freight_payer=FreightPayer.NONE, clause=CLAUSE, rule="R-DEC-01")
        for code in codes or (OptionCode.REFUND_NO_RETURN,)
    )
    return OfferMade(
        **base_of(case, CaseStatus.OFFER_PENDING, WaitingFor.CHOICE),
        offer_id=OfferId(uuid4()),
        offer_number=number,
        options=options,
        valid_until=utc_now() + timedelta(hours=hours),
        policy_version="test/1",
    )


def an_evidence_request(case: dict[str, Any]) -> EvidenceRequested:
    """Two photos are asked for."""
    need = EvidenceNeed(kinds=(EvidenceKind.PHOTO,), count=2, shows="goods", rule="R-EVD-07")
    return EvidenceRequested(
        **base_of(case, CaseStatus.EVIDENCE_PENDING, WaitingFor.EVIDENCE),
        request_number=1,
        needed=(need,),
        due_at=utc_now() + timedelta(hours=48),
    )


def an_end(case: dict[str, Any], outcome: CaseOutcome, *, status: CaseStatus = CaseStatus.CLOSED, reopenable: bool = True) -> CaseClosed:
    """The case ends."""
    return CaseClosed(**base_of(case, status, WaitingFor.NOTHING, None), outcome=outcome, closed_at=utc_now(), reopenable=reopenable)


def now_at(
    case: dict[str, Any], status: CaseStatus, waiting_for: WaitingFor, kind: type[ResolutionEvent], **fields: Any
) -> ResolutionEvent:
    """An event that brings the case to a status."""
    return kind(**base_of(case, status, waiting_for), **fields)
