"""One realistic event of every type: the story of a few mugs that came back."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from contracts.case_state import CaseOutcome, CaseStatus, OptionCode, Stage
from contracts.case_v1 import (
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
from contracts.contact_v1 import ContactRecorded
from contracts.decision import (
    Allocation,
    Attributes,
    Clause,
    EvidenceItem,
    EvidenceKind,
    EvidenceNeed,
    FreightPayer,
    JournalLine,
    Option,
    Priority,
    Quote,
    QuoteLine,
    QuoteStep,
    Verdict,
)
from contracts.events import EventBody, StaffActor
from contracts.identifiers import ApprovalId, OfferId, SubmissionId, refund_id_for, reship_id_for, rma_id_for
from contracts.message_v1 import AgentTaskOpened, MessageFailed, MessageSent
from contracts.order_v1 import OrderRecorded
from contracts.progress import Progress, Then, WaitingFor
from contracts.refund_v1 import (
    EntryPosted,
    PayoutKind,
    PayoutPaid,
    PayoutReturned,
    RefundApproved,
    RefundFailed,
    RefundRequested,
    RefundReversed,
    RefundSettled,
    RefundSubmitted,
)
from contracts.resolution_v1 import (
    Agreed,
    ApprovalDecided,
    ApprovalEscalated,
    ApprovalKind,
    ApprovalRequested,
    CaseClosed,
    CaseRejected,
    CaseTriaged,
    ChoiceRefused,
    ConfirmationRequested,
    EvidenceRequested,
    InspectionDisputed,
    OfferMade,
    RefundResumed,
    RemedyCompleted,
    ReminderDue,
    ReshipmentCancelled,
    ReshipmentRequested,
    ReturnAuthorised,
    ReturnClosed,
    ReviewRequested,
    SlaBreached,
    UnitsSettled,
    WorkItemOpened,
)
from contracts.roles import Role
from contracts.shipment_v1 import (
    InspectedUnits,
    InspectionResult,
    ReshipmentDelivered,
    ReshipmentFailed,
    ReshipmentShipped,
    ReturnInspected,
    ReturnInTransit,
    ReturnLabelCreated,
    ReturnLost,
    ReturnReceived,
)
from tests.support.builders import MERCHANT, OPENED_AT, a_case, a_case_id, an_order

ORDER = an_order()
CASE = a_case(order=ORDER)
LATER = OPENED_AT + timedelta(hours=1)
DUE = OPENED_AT + timedelta(hours=48)
AGENT = StaffActor(staff_id="staff-7", role="agent")
CUSTOMER = OpenedBy(kind="customer")
RMA = rma_id_for(a_case_id(), 1)
RESHIP = reship_id_for(a_case_id(), 2)
OFFER = OfferId(uuid5(a_case_id(), "offer/1"))
APPROVAL = ApprovalId(uuid5(a_case_id(), "approval/1"))
SUBMISSION = SubmissionId(uuid5(a_case_id(), "submission/1"))
PARCEL = UUID("0f6d3b7e-8c7e-5b6b-9a3e-3f1d5c7b9e11")
CLAUSE = Clause(
    clause_id="returns.cooling_off",
    rule="R-ELIG-01",
    text={"en": "You may send goods back within the return period without giving a reason.", "zh-CN": "您可以在退货期内无理由退货。"},
)
LINE = QuoteLine(
    kind="units",
    line_id="1",
    quantity=2,
    amount_minor=850,
    steps=(QuoteStep(label="2 units at 425", rule="R-RFD-06", amount_minor=850),),
)
ALLOCATION = Allocation(payment_id="p1", provider="sandbox", provider_reference="pay_0001", method="card", amount_minor=850)
JOURNAL = (JournalLine(account="returns.goods", amount_minor=850), JournalLine(account="clearing:sandbox", amount_minor=-850))
OPTION = Option(
    code=OptionCode.RETURN_REFUND,
    amount_minor=850,
    quote=Quote(currency="GBP", amount_minor=850, lines=(LINE,), allocations=(ALLOCATION,), journal=JOURNAL),
    goods_come_back=True,
    freight_payer=FreightPayer.CUSTOMER,
    clause=CLAUSE,
    rule="R-DEC-27",
)
UNITS = CASE.affected


def sample_events() -> list[EventBody]:
    """An event of every type in the registry."""
    return [
        OrderRecorded(merchant_id=MERCHANT, order_id=ORDER.order_id, order=ORDER),
        *_contact(),
        *_case(),
        *_resolution(),
        *_refund(),
        *_rest(),
    ]


def _contact() -> list[EventBody]:
    return [
        ContactRecorded(
            merchant_id=MERCHANT,
            customer_ref=ORDER.customer_ref,
            contact_version=1,
            recorded_at=OPENED_AT,
            key_id="k1",
            sealed="c2VhbGVkIGZvciB0aGUgc2FtcGxl",
        )
    ]


def _case() -> list[EventBody]:
    base: dict[str, Any] = {"merchant_id": MERCHANT, "case_id": a_case_id()}
    item = EvidenceItem(
        evidence_id="01f0c7aa-0000-7000-8000-000000000001",
        kind=EvidenceKind.PHOTO,
        shows="goods",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        size_bytes=48_213,
        media_type="image/jpeg",
        received_at=LATER,
    )
    return [
        CASE,
        EvidenceAdded(**base, item=item),
        EvidenceRefused(**base, refused_at=LATER),
        EvidenceReviewed(**base, verdict=Verdict.ACCEPTED, reviewed=Attributes(usable=False), reviewer=AGENT, reviewed_at=LATER),
        OptionChosen(**base, offer_id=OFFER, option=OptionCode.RETURN_REFUND, chosen_at=LATER, chosen_by=CUSTOMER),
        OfferRejected(**base, offer_id=OFFER, rejected_at=LATER),
        CaseWithdrawn(**base, withdrawn_at=LATER, withdrawn_by=CUSTOMER),
        ReturnShipped(**base, carrier="Royal Mail", waybill="RM123456785GB", shipped_at=LATER),
        InspectionAnswered(**base, answer=InspectionAnswer.ACCEPT_PARTIAL, answered_at=LATER),
        SatisfactionStated(**base, satisfied=True, stated_at=LATER),
        CaseReopened(**base, reopen_number=1, reason="late_evidence", reopened_at=LATER, reopened_by=CUSTOMER),
    ]


def _progress(status: CaseStatus, waiting_for: WaitingFor, stage: Stage = Stage.EXECUTE) -> Progress:
    return Progress(status=status, stage=stage, waiting_for=waiting_for, who=Role.CUSTOMER, due_at=DUE, then=Then.REMIND)


def _resolution() -> list[EventBody]:
    base: dict[str, Any] = {
        "merchant_id": MERCHANT,
        "case_id": a_case_id(),
        "case_number": CASE.case_number,
        "order_id": ORDER.order_id,
        "order_number": ORDER.number,
        "customer_ref": ORDER.customer_ref,
        "locale": "en",
        "currency": "GBP",
        "progress": _progress(CaseStatus.AWAITING_RETURN, WaitingFor.RETURN_SHIPMENT),
    }
    need = EvidenceNeed(kinds=(EvidenceKind.PHOTO,), count=2, shows="goods", rule="R-EVD-07")
    approval: dict[str, Any] = {"approval_id": APPROVAL, "kind": ApprovalKind.SPECIAL}
    return [
        CaseTriaged(**base, priority=Priority.NORMAL, policy_version="uk-retail/1"),
        EvidenceRequested(**base, request_number=1, needed=(need,), due_at=DUE),
        ReviewRequested(**base, due_at=DUE),
        OfferMade(**base, offer_id=OFFER, offer_number=1, options=(OPTION,), valid_until=DUE, policy_version="uk-retail/1"),
        Agreed(**base, offer_id=OFFER, option=OPTION, remedy_ordinal=1),
        ChoiceRefused(**base, source_event_id=PARCEL, reason="offer_expired"),
        ApprovalRequested(**base, **approval, tier=Role.SUPERVISOR, reason="over_window", rule="R-AUTH-06", amount_minor=850, due_at=DUE),
        ApprovalEscalated(**base, approval_id=APPROVAL, from_tier=Role.SUPERVISOR, to_tier=Role.AFTER_SALES_MANAGER, due_at=DUE),
        ApprovalDecided(
            **base,
            **approval,
            granted=True,
            tier=Role.AFTER_SALES_MANAGER,
            decided_by="staff-9",
            reason_code="goodwill",
            decided_at=LATER,
        ),
        CaseRejected(**base, reason="affects_secondary_sale", clause=CLAUSE, alternatives=("repair", "discount_settlement")),
        ReturnAuthorised(
            **base, rma_id=RMA, remedy_ordinal=1, units=UNITS, freight_payer=FreightPayer.CUSTOMER, prepaid=False, ship_by=DUE
        ),
        InspectionDisputed(**base, rma_id=RMA, result="mismatch_condition", disputed=UNITS, partial_refund_minor=425, answer_by=DUE),
        ReturnClosed(**base, rma_id=RMA, result="refunded"),
        ReshipmentRequested(**base, reship_id=RESHIP, remedy_ordinal=2, units=UNITS, skus={"1": "22993"}, ship_by=DUE),
        ReshipmentCancelled(**base, reship_id=RESHIP, reason="withdrawn"),
        ConfirmationRequested(**base, outcome=CaseOutcome.REFUNDED, answer_by=DUE),
        ReminderDue(**base, moment="R-NTF-10", due_at=DUE),
        SlaBreached(**base, sla="R-SLA-13", due_at=DUE, breached_at=DUE, owner=Role.SUPERVISOR),
        WorkItemOpened(**base, work_item_id=PARCEL, kind="finance_refund_failed", role=Role.FINANCE),
        RefundResumed(**base, refund_id=refund_id_for(a_case_id(), 1)),
        RemedyCompleted(
            **base,
            remedy_ordinal=1,
            settled=(UnitsSettled(line_id="1", quantity=2, remedy=OptionCode.RETURN_REFUND),),
            refunded_minor=850,
        ),
        CaseClosed(**base, outcome=CaseOutcome.REFUNDED, option=OptionCode.RETURN_REFUND, refunded_minor=850, closed_at=LATER),
    ]


def _refund() -> list[EventBody]:
    base: dict[str, Any] = {
        "merchant_id": MERCHANT,
        "order_id": ORDER.order_id,
        "refund_id": refund_id_for(a_case_id(), 1),
        "case_id": a_case_id(),
        "case_number": CASE.case_number,
        "order_number": ORDER.number,
        "customer_ref": ORDER.customer_ref,
        "locale": "en",
        "currency": "GBP",
        "amount_minor": 850,
    }
    attempt: dict[str, Any] = {"submission_id": SUBMISSION, "payment_id": "p1", "attempt": 1}
    booked: dict[str, Any] = {"ledger_entry_id": uuid5(SUBMISSION, "entry"), "accounting_date": LATER.date()}
    explained: dict[str, Any] = {
        "reason": "return.no_reason",
        "policy_version": "uk-retail/1",
        "lines": (LINE,),
        "allocations": (ALLOCATION,),
    }
    return [
        RefundRequested(**base, **explained, requested_at=LATER),
        RefundApproved(**base, approver="system", tier="system", approved_at=LATER),
        RefundSubmitted(
            **base, **attempt, provider="sandbox", method="card", submitted_minor=850, submitted_at=LATER, provider_reference="re_0001"
        ),
        RefundSettled(
            **base,
            **explained,
            tax_minor=0,
            freight_minor=0,
            provider_references={"p1": "re_0001"},
            approver="system",
            journal=JOURNAL,
            **booked,
            settled_minor=850,
            credit_note="TEST-DCN-000001",
            settled_at=LATER,
        ),
        RefundFailed(
            **base,
            **attempt,
            **booked,
            failure_code="paid_by_other_means",
            failed_minor=850,
            final=True,
            given_up=True,
            journal=(JournalLine(account="returns.goods", amount_minor=-850), JournalLine(account="refunds.payable", amount_minor=850)),
            cancellation="TEST-DCX-000002",
            failed_at=LATER,
        ),
        RefundReversed(
            **base,
            payment_id="p1",
            reason="returned_by_bank",
            **booked,
            submission_id=SUBMISSION,
            reversed_minor=850,
            journal=(JournalLine(account="clearing:sandbox", amount_minor=850), JournalLine(account="refunds.payable", amount_minor=-850)),
            reversed_at=DUE,
        ),
        *_beside_refunds(base, booked),
    ]


def _beside_refunds(base: dict[str, Any], booked: dict[str, Any]) -> list[EventBody]:
    outside = {name: base[name] for name in ("merchant_id", "order_id", "case_id", "case_number", "order_number", "currency")} | booked
    payout: dict[str, Any] = {
        "payout_id": PARCEL,
        "kind": PayoutKind.FREIGHT_TOPUP,
        "customer_ref": ORDER.customer_ref,
        "amount_minor": 450,
    }
    topup = (JournalLine(account="freight.topup", amount_minor=450), JournalLine(account="clearing.payout", amount_minor=-450))
    return [
        PayoutPaid(
            **outside,
            **payout,
            reason="faulty_goods",
            rule="R-FRT-14",
            document="BANK-2026-0007",
            requested_by="staff-7",
            paid_by="staff-9",
            journal=topup,
            paid_at=DUE,
        ),
        PayoutReturned(
            **outside,
            **payout,
            reason="account_closed",
            document="BANK-2026-0007",
            returned_by="staff-9",
            journal=tuple(line.model_copy(update={"amount_minor": -line.amount_minor}) for line in topup),
            returned_at=DUE,
        ),
        EntryPosted(
            **outside,
            reason="parcel_lost",
            document="CLAIM-0042",
            posted_by="staff-9",
            journal=(JournalLine(account="carrier.claims", amount_minor=850), JournalLine(account="carrier.recoveries", amount_minor=-850)),
            posted_at=DUE,
        ),
    ]


def _rest() -> list[EventBody]:
    base: dict[str, Any] = {
        "merchant_id": MERCHANT,
        "case_id": a_case_id(),
        "case_number": CASE.case_number,
        "customer_ref": ORDER.customer_ref,
    }
    shipment: dict[str, Any] = base | {"locale": "en"}
    parcel: dict[str, Any] = {"carrier": "sandbox", "waybill": "CR000000015ZZ"}
    message: dict[str, Any] = base | {"message_id": PARCEL, "moment": "R-NTF-05", "sequence": 1, "way": "email", "locale": "en"}
    return [
        ReturnLabelCreated(**shipment, **parcel, rma_id=RMA, label_url="https://shop.invalid/label", ship_by=DUE),
        ReturnInTransit(**shipment, **parcel, rma_id=RMA, scanned_at=LATER),
        ReturnReceived(**shipment, rma_id=RMA, parcel_id=PARCEL, waybill="CR000000015ZZ", received_at=LATER),
        ReturnInspected(
            **shipment,
            rma_id=RMA,
            parcel_id=PARCEL,
            result=InspectionResult.MATCH,
            units=(InspectedUnits(line_id="1", expected=2, accepted=2),),
            inspected_at=LATER,
            inspected_by="staff-4",
        ),
        ReturnLost(**shipment, **parcel, rma_id=RMA, merchant_arranged=True, lost_at=LATER),
        ReshipmentShipped(**shipment, **parcel, reship_id=RESHIP, shipped_at=LATER),
        ReshipmentDelivered(**shipment, reship_id=RESHIP, waybill="CE000000015ZZ", delivered_at=DUE),
        ReshipmentFailed(**shipment, reship_id=RESHIP, reason="out_of_stock", failed_at=LATER),
        MessageSent(**message, sent_at=LATER),
        MessageFailed(**message, reason="smtp_550", fallback="in_app", failed_at=LATER),
        AgentTaskOpened(**base, task_id=PARCEL, reason="no_address", opened_at=LATER),
    ]
