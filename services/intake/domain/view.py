"""What intake knows of a case from the facts of all services: the answer to "what comes next, by when, and who must act"."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field

from contracts.base import Model, Moment
from contracts.case_state import CaseOutcome, CaseStatus, OptionCode, Stage
from contracts.case_v1 import Channel, InspectionAnswer, OpenedBy
from contracts.decision_facts import AffectedUnits, Attributes, Verdict
from contracts.decision_result import Clause, EvidenceNeed, FreightPayer, Priority
from contracts.identifiers import CaseId, CustomerRef, MerchantId, OfferId, OrderId, ReshipId, RmaId
from contracts.progress import Progress, Then, WaitingFor
from contracts.scenes import Scene


class OfferAnswer(Model):
    """The customer's answer to an offer; ``option`` None means all of it was turned down. ``event_id`` is the fact that says so."""

    option: OptionCode | None
    at: Moment
    event_id: UUID


class OfferedOption(Model):
    """A remedy on offer, as far as the customer needs it."""

    code: OptionCode
    amount_minor: int
    goods_come_back: bool
    freight_payer: FreightPayer
    freight_cap_minor: int | None = None
    needs_approval: bool = False
    clause: Clause


class OfferView(Model):
    """The offer that can be answered now."""

    offer_id: OfferId
    offer_number: int
    options: tuple[OfferedOption, ...]
    only_option_reason: str | None = None
    valid_until: Moment
    answer: OfferAnswer | None = None


class AgreedView(Model):
    """What was agreed."""

    option: OptionCode
    amount_minor: int


class EvidenceRequestView(Model):
    """The evidence asked for now."""

    request_number: int
    needed: tuple[EvidenceNeed, ...]
    missing: tuple[str, ...] = ()
    due_at: Moment


class ReturnView(Model):
    """The return: ``state`` is ``authorised``, ``label_ready``, ``announced``, ``in_transit``, ``received``, ``inspected`` or how it ended."""

    rma_id: RmaId
    state: str
    units: tuple[AffectedUnits, ...] = ()
    freight_payer: FreightPayer = FreightPayer.NONE
    prepaid: bool = False
    ship_by: Moment | None = None
    label_url: str | None = None
    carrier: str | None = None
    waybill: str | None = None


class InspectionView(Model):
    """A mismatch the customer is asked about (R-RTN-05)."""

    rma_id: RmaId
    result: str
    disputed: tuple[AffectedUnits, ...]
    partial_refund_minor: int | None
    answer_by: Moment
    answer: InspectionAnswer | None = None


class ReshipmentView(Model):
    """New goods on their way: ``state`` is ``requested``, ``shipped``, ``delivered``, ``failed`` or ``cancelled``."""

    reship_id: ReshipId
    state: str
    carrier: str | None = None
    waybill: str | None = None
    reason: str | None = None


class RejectionView(Model):
    """Why the claim was refused, and what else there is (R-ELIG-11)."""

    reason: str
    clause: Clause
    alternatives: tuple[str, ...]


class RefusalView(Model):
    """A command that intake took and that could not be honoured further on."""

    command: str
    reason: str
    at: Moment


class ReviewView(Model):
    """A verdict on the evidence that nothing has followed yet: no answer of the platform, no further evidence."""

    verdict: Verdict
    reviewed: Attributes
    missing: tuple[str, ...]
    affected: tuple[AffectedUnits, ...] | None


class CaseView(Model):
    """Everything about a case that changes. ``sequences`` holds the last number seen per topic, so that the view never goes backwards.

    ``told`` holds the last fact of each command: the answer to a repeat names the fact that the first one made.
    """

    progress: Progress
    priority: Priority | None = None
    offer: OfferView | None = None
    agreed: AgreedView | None = None
    evidence_request: EvidenceRequestView | None = None
    returning: ReturnView | None = None
    inspection: InspectionView | None = None
    reshipment: ReshipmentView | None = None
    rejection: RejectionView | None = None
    last_refusal: RefusalView | None = None
    withdrawal_event_id: UUID | None = None
    evidence_refused: bool = False
    review: ReviewView | None = None
    satisfied: bool | None = None
    outcome: CaseOutcome | None = None
    closed_at: Moment | None = None
    reopenable: bool = False
    reopen_number: int = 0
    reopened_at: Moment | None = None
    sequences: dict[str, int] = Field(default_factory=dict)
    told: dict[str, UUID] = Field(default_factory=dict)

    @property
    def status(self) -> CaseStatus:
        """Where the case stands."""
        return self.progress.status


def first_view(opened_at: datetime, hazard_hints: tuple[str, ...], plan_within: timedelta, urgent_plan_within: timedelta) -> CaseView:
    """The view of a case just opened: what comes next is told at acceptance (R-INT-08, R-SLA-04, R-SLA-09)."""
    due_at = opened_at + (urgent_plan_within if hazard_hints else plan_within)
    return CaseView(
        progress=Progress(status=CaseStatus.SUBMITTED, stage=Stage.ACCEPT, waiting_for=WaitingFor.TRIAGE, due_at=due_at, then=Then.ALARM),
        priority=Priority.URGENT if hazard_hints else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """A case on record: what was said when it was opened, and its view. ``version`` counts its changes (ETag).

    ``timeline`` is what happened so far, as it is stored.
    """

    case_id: CaseId
    case_number: str
    merchant_id: MerchantId
    order_id: OrderId
    order_number: str
    customer_ref: CustomerRef
    scene: Scene
    linked_scenes: tuple[str, ...]
    currency: str
    locale: str
    channel: Channel
    opened_by: OpenedBy
    wanted_remedy: OptionCode | None
    application_number: int
    requested_at: datetime
    opened_at: datetime
    updated_at: datetime
    version: int
    test: bool
    view: CaseView
    timeline: bytes = b"[]"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """Something that happened to a case. ``data`` holds codes, numbers and times only; ``internal`` entries are not for the customer."""

    at: datetime
    code: str
    data: dict[str, Any] = field(default_factory=dict)
    internal: bool = False


@dataclass(frozen=True, slots=True)
class ChangedCase:
    """A case that was read locked, the view it has at ``at``, and what happened to it since it was read."""

    case: CaseRecord
    view: CaseView
    at: datetime
    entries: Sequence[TimelineEntry]
