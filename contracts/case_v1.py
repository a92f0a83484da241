"""What customers, agents and storefronts said of a case: facts that intake recorded, on ``aftersales.case.v1``."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import Model, Moment
from contracts.case_state import OptionCode
from contracts.decision_facts import AffectedUnits, Attributes, EvidenceItem, Verdict
from contracts.events import CaseEvent, EventBody, StaffActor
from contracts.identifiers import CustomerRef, OfferId
from contracts.order_v1 import Order
from contracts.scenes import Scene
from contracts.topics import Topic


class Channel(StrEnum):
    """The way a case came in (R-INT-01)."""

    SELF_SERVICE = "self_service"
    CHAT = "chat"
    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    SOCIAL = "social"
    APP = "app"
    MESSAGE_BOARD = "message_board"
    STOREFRONT = "storefront"
    IMPORT = "import"


class OpenedBy(Model):
    """Who opened the case: the customer, the storefront on their behalf, or a member of staff for them (``staff`` set)."""

    kind: Annotated[str, Field(pattern="^(customer|storefront|staff)$")]
    staff: StaffActor | None = None


class CaseOpened(CaseEvent):
    """A case was accepted, with the order as it stood.

    ``requested_at`` decides the windows; it differs from ``opened_at`` only for imported cases. ``accept_if_offered`` is the
    customer's consent, given
    with the application, to ``wanted_remedy`` at the full quoted amount: an offer that contains it counts as accepted (R-INT-02,
    R-CASE-03).
    ``hazard_hints`` are the flags found in the customer's words; the words stay in intake as ``text_id`` (R-PRI-07).
    ``application_number`` counts applications for these lines (R-CASE-06).
    """

    event_type: ClassVar[str] = "aftersales.case.opened.v1"
    topic: ClassVar[Topic] = Topic.CASE

    case_number: str
    customer_ref: CustomerRef
    locale: str
    channel: Channel
    opened_by: OpenedBy
    scene: Scene
    affected: Annotated[tuple[AffectedUnits, ...], Field(min_length=1)]
    claimed: Attributes = Attributes()
    wanted_remedy: OptionCode | None = None
    accept_if_offered: bool = False
    reason_given: bool = False
    text_id: str | None = None
    hazard_hints: tuple[str, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    application_number: int = 1
    requested_at: Moment
    opened_at: Moment
    order: Order


class EvidenceAdded(CaseEvent):
    """A piece of evidence was stored."""

    event_type: ClassVar[str] = "aftersales.case.evidence_added.v1"
    topic: ClassVar[Topic] = Topic.CASE

    item: EvidenceItem


class EvidenceRefused(CaseEvent):
    """The customer will not send the evidence asked for (R-EVD-09)."""

    event_type: ClassVar[str] = "aftersales.case.evidence_refused.v1"
    topic: ClassVar[Topic] = Topic.CASE

    refused_at: Moment


class EvidenceReviewed(CaseEvent):
    """An agent judged the evidence, and confirmed or changed what the customer claimed (R-EVD-08, R-EVD-13).

    ``missing`` says exactly what is missing where the verdict is ``insufficient``: codes such as ``photo:parcel``.
    """

    event_type: ClassVar[str] = "aftersales.case.evidence_reviewed.v1"
    topic: ClassVar[Topic] = Topic.CASE

    verdict: Verdict
    reviewed: Attributes
    affected: tuple[AffectedUnits, ...] | None = None
    missing: tuple[str, ...] = ()
    reviewer: StaffActor
    reviewed_at: Moment


class OptionChosen(CaseEvent):
    """The customer (or staff for them) accepted one option of one offer. The commit time at intake, ``chosen_at``, decides timeliness."""

    event_type: ClassVar[str] = "aftersales.case.option_chosen.v1"
    topic: ClassVar[Topic] = Topic.CASE

    offer_id: OfferId
    option: OptionCode
    chosen_at: Moment
    chosen_by: OpenedBy


class OfferRejected(CaseEvent):
    """The customer turned down an offer as a whole (R-AUTH-08 counts them)."""

    event_type: ClassVar[str] = "aftersales.case.offer_rejected.v1"
    topic: ClassVar[Topic] = Topic.CASE

    offer_id: OfferId
    rejected_at: Moment


class CaseWithdrawn(CaseEvent):
    """The customer withdrew the case (R-CASE-05)."""

    event_type: ClassVar[str] = "aftersales.case.withdrawn.v1"
    topic: ClassVar[Topic] = Topic.CASE

    withdrawn_at: Moment
    withdrawn_by: OpenedBy


class ReturnShipped(CaseEvent):
    """The customer sent the goods with a carrier of their own choice."""

    event_type: ClassVar[str] = "aftersales.case.return_shipped.v1"
    topic: ClassVar[Topic] = Topic.CASE

    carrier: str
    waybill: str
    shipped_at: Moment


class InspectionAnswer(StrEnum):
    """The customer's answer to an inspection mismatch (R-RTN-05)."""

    TAKE_BACK = "take_back"
    ACCEPT_PARTIAL = "accept_partial"
    MEDIATION = "mediation"


class InspectionAnswered(CaseEvent):
    """The customer answered an inspection mismatch."""

    event_type: ClassVar[str] = "aftersales.case.inspection_answered.v1"
    topic: ClassVar[Topic] = Topic.CASE

    answer: InspectionAnswer
    answered_at: Moment


class SatisfactionStated(CaseEvent):
    """The customer said whether the case is solved to their satisfaction (R-CASE-07)."""

    event_type: ClassVar[str] = "aftersales.case.satisfaction_stated.v1"
    topic: ClassVar[Topic] = Topic.CASE

    satisfied: bool
    stated_at: Moment


class CaseReopened(CaseEvent):
    """An ended case goes on. ``reopen_number`` counts from 1; ``reason`` is a code such as ``late_evidence`` or ``agent``."""

    event_type: ClassVar[str] = "aftersales.case.reopened.v1"
    topic: ClassVar[Topic] = Topic.CASE

    reopen_number: Annotated[int, Field(ge=1)]
    reason: str
    reopened_at: Moment
    reopened_by: OpenedBy


EVENTS: tuple[type[EventBody], ...] = (
    CaseOpened,
    EvidenceAdded,
    EvidenceRefused,
    EvidenceReviewed,
    OptionChosen,
    OfferRejected,
    CaseWithdrawn,
    ReturnShipped,
    InspectionAnswered,
    SatisfactionStated,
    CaseReopened,
)
