"""What the platform decided and did about a case, on ``aftersales.resolution.v1``.

Each event carries the case's :class:`Progress` after it.
"""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from contracts.base import Model, Moment
from contracts.case_state import CaseOutcome, OptionCode
from contracts.decision_facts import AffectedUnits
from contracts.decision_result import Clause, EvidenceNeed, FreightPayer, Option, Priority
from contracts.events import CaseEvent, EventBody
from contracts.identifiers import ApprovalId, CustomerRef, OfferId, OrderId, RefundId, ReshipId, RmaId
from contracts.progress import Progress
from contracts.roles import Role
from contracts.topics import Topic


class ResolutionEvent(CaseEvent):
    """The base of resolution events: enough of the case that a consumer need not have seen anything before."""

    topic: ClassVar[Topic] = Topic.RESOLUTION

    case_number: str
    order_id: OrderId
    order_number: str
    customer_ref: CustomerRef
    locale: str
    currency: str
    progress: Progress


class CaseTriaged(ResolutionEvent):
    """The case has its priority and the time of its first plan (R-PRI-01, R-SLA-04)."""

    event_type: ClassVar[str] = "aftersales.resolution.triaged.v1"

    priority: Priority
    policy_version: str
    departments: tuple[Role, ...] = ()


class EvidenceRequested(ResolutionEvent):
    """Evidence is asked for, the first time or again (R-EVD-09). ``missing`` repeats the reviewer's codes."""

    event_type: ClassVar[str] = "aftersales.resolution.evidence_requested.v1"

    request_number: int
    needed: tuple[EvidenceNeed, ...]
    missing: tuple[str, ...] = ()
    due_at: Moment


class ReviewRequested(ResolutionEvent):
    """All evidence is there; an agent must judge it."""

    event_type: ClassVar[str] = "aftersales.resolution.review_requested.v1"

    due_at: Moment


class OfferMade(ResolutionEvent):
    """The customer can choose (R-CASE-04). ``offer_number`` counts the offers of the case from 1."""

    event_type: ClassVar[str] = "aftersales.resolution.offer_made.v1"

    offer_id: OfferId
    offer_number: int
    options: tuple[Option, ...]
    only_option_reason: str | None = None
    valid_until: Moment
    policy_version: str


class Agreed(ResolutionEvent):
    """An option was agreed and is carried out now (R-NTF-09)."""

    event_type: ClassVar[str] = "aftersales.resolution.agreed.v1"

    offer_id: OfferId
    option: Option
    remedy_ordinal: int


class ChoiceRefused(ResolutionEvent):
    """A choice or withdrawal that intake accepted could not be honoured; ``reason`` is a code such as ``offer_expired``."""

    event_type: ClassVar[str] = "aftersales.resolution.choice_refused.v1"

    source_event_id: UUID
    reason: str


class ApprovalKind(StrEnum):
    """What is asked of an approver."""

    SPECIAL = "special"
    AMOUNT = "amount"
    PARTIAL_REFUND = "partial_refund"
    INSPECTION_RULING = "inspection_ruling"
    EVIDENCE = "evidence"
    FINANCE = "finance"


class ApprovalRequested(ResolutionEvent):
    """A decision beyond the system's authority is asked for (R-AUTH-01)."""

    event_type: ClassVar[str] = "aftersales.resolution.approval_requested.v1"

    approval_id: ApprovalId
    kind: ApprovalKind
    tier: Role
    reason: str
    rule: str
    amount_minor: int = 0
    due_at: Moment


class ApprovalEscalated(ResolutionEvent):
    """Nobody decided in time; the next tier decides now (R-AUTH-03). Equal tiers mean the hourly alarm."""

    event_type: ClassVar[str] = "aftersales.resolution.approval_escalated.v1"

    approval_id: ApprovalId
    from_tier: Role
    to_tier: Role
    due_at: Moment


class ApprovalDecided(ResolutionEvent):
    """Somebody decided (R-AUTH-05 stores who, why and when). ``reason_code`` is a code; the words stay in the workflow service."""

    event_type: ClassVar[str] = "aftersales.resolution.approval_decided.v1"

    approval_id: ApprovalId
    kind: ApprovalKind
    granted: bool
    tier: Role
    decided_by: str
    reason_code: str
    decided_at: Moment


class CaseRejected(ResolutionEvent):
    """The claim is refused, with clause, reason and at least one alternative (R-ELIG-11, R-NTF-08)."""

    event_type: ClassVar[str] = "aftersales.resolution.rejected.v1"

    reason: str
    clause: Clause
    alternatives: tuple[str, ...]


class ReturnAuthorised(ResolutionEvent):
    """The customer may send units back: logistics makes the label (R-RTN-01, R-RTN-02)."""

    event_type: ClassVar[str] = "aftersales.resolution.return_authorised.v1"

    rma_id: RmaId
    remedy_ordinal: int
    units: tuple[AffectedUnits, ...]
    freight_payer: FreightPayer
    prepaid: bool
    ship_by: Moment


class InspectionDisputed(ResolutionEvent):
    """What came back differs from what was agreed; the customer is asked (R-RTN-05).

    ``partial_refund_minor`` None means no proposal yet.
    """

    event_type: ClassVar[str] = "aftersales.resolution.inspection_disputed.v1"

    rma_id: RmaId
    result: str
    disputed: tuple[AffectedUnits, ...]
    partial_refund_minor: int | None
    answer_by: Moment


class ReturnClosed(ResolutionEvent):
    """A return ended: ``refunded``, ``refund_given_up``, ``not_shipped``, ``taken_back``, ``mediation``, ``lost`` or ``withdrawn``.

    ``take_back`` units go back to the customer.
    """

    event_type: ClassVar[str] = "aftersales.resolution.return_closed.v1"

    rma_id: RmaId
    result: str
    take_back: tuple[AffectedUnits, ...] = ()


class ReshipmentRequested(ResolutionEvent):
    """New goods are to be sent; logistics reserves, books and ships (R-RSH-04, R-RSH-05)."""

    event_type: ClassVar[str] = "aftersales.resolution.reshipment_requested.v1"

    reship_id: ReshipId
    remedy_ordinal: int
    units: tuple[AffectedUnits, ...]
    skus: dict[str, str]
    ship_by: Moment


class ReshipmentCancelled(ResolutionEvent):
    """A reshipment is no longer wanted; one not yet handed to the carrier is stopped (R-CASE-05)."""

    event_type: ClassVar[str] = "aftersales.resolution.reshipment_cancelled.v1"

    reship_id: ReshipId
    reason: str


class ConfirmationRequested(ResolutionEvent):
    """The customer is asked whether the case is solved (R-CASE-07)."""

    event_type: ClassVar[str] = "aftersales.resolution.confirmation_requested.v1"

    outcome: CaseOutcome
    answer_by: Moment


class ReminderDue(ResolutionEvent):
    """Half of a wait has gone by; the customer is reminded of it (R-CASE-04, R-RTN-02, R-RTN-05).

    ``moment`` is the message of the catalogue that is repeated, such as ``R-NTF-05``.
    """

    event_type: ClassVar[str] = "aftersales.resolution.reminder_due.v1"

    moment: Annotated[str, Field(pattern=r"^R-NTF-\d{2}$")]
    due_at: Moment


class SlaBreached(ResolutionEvent):
    """A limit was missed (R-SLA-20): recorded, raised to ``owner``, and the customer is told a new time."""

    event_type: ClassVar[str] = "aftersales.resolution.sla_breached.v1"

    sla: str
    due_at: Moment
    breached_at: Moment
    owner: Role


class WorkItemOpened(ResolutionEvent):
    """A person must look at something; ``kind`` is a code such as ``finance_refund_failed``."""

    event_type: ClassVar[str] = "aftersales.resolution.work_item_opened.v1"

    work_item_id: UUID
    kind: str
    role: Role


class RefundResumed(ResolutionEvent):
    """Finance decided about a refund that waited for it, so it goes on by itself, or ends (R-RFD-09)."""

    event_type: ClassVar[str] = "aftersales.resolution.refund_resumed.v1"

    refund_id: RefundId


class CaseClosed(ResolutionEvent):
    """The case ended. ``refunded_minor`` is the sum of its settled refunds."""

    event_type: ClassVar[str] = "aftersales.resolution.closed.v1"

    outcome: CaseOutcome
    option: OptionCode | None = None
    refunded_minor: int = 0
    closed_at: Moment
    reopenable: bool = True


class UnitsSettled(Model):
    """Units for which a remedy was carried out, for intake's count of what can still be claimed (R-INT-07)."""

    line_id: str
    quantity: int
    remedy: OptionCode


class RemedyCompleted(ResolutionEvent):
    """A remedy was carried out for these units."""

    event_type: ClassVar[str] = "aftersales.resolution.remedy_completed.v1"

    remedy_ordinal: int
    settled: tuple[UnitsSettled, ...]
    refunded_minor: int = 0


EVENTS: tuple[type[EventBody], ...] = (
    CaseTriaged,
    EvidenceRequested,
    ReviewRequested,
    OfferMade,
    Agreed,
    ChoiceRefused,
    ApprovalRequested,
    ApprovalEscalated,
    ApprovalDecided,
    CaseRejected,
    ReturnAuthorised,
    InspectionDisputed,
    ReturnClosed,
    ReshipmentRequested,
    ReshipmentCancelled,
    ConfirmationRequested,
    ReminderDue,
    SlaBreached,
    WorkItemOpened,
    RefundResumed,
    RemedyCompleted,
    CaseClosed,
)
