"""What travels between the case process, its activities and its signals: ids, codes, numbers and moments, never a whole order or a word of a customer."""

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from contracts.base import AmountMinor, Model, Moment
from contracts.case_state import CaseOutcome, OptionCode
from contracts.decision_facts import AffectedUnits
from contracts.decision_result import ApprovalNeed, EvidenceNeed, FreightPayer, Priority
from contracts.identifiers import ApprovalId, CaseId, CustomerRef, MerchantId, OfferId, OrderId
from contracts.progress import Progress
from contracts.quote import RefundRequest
from contracts.resolution_v1 import ApprovalKind, UnitsSettled
from contracts.roles import Role
from contracts.scenes import Scene
from services.workflow.payloads.approval import ApprovalTimers
from services.workflow.payloads.refund import RefundTimers


class FactKind(StrEnum):
    """What a signal can be about. The fact itself is a row; the signal only wakes the process."""

    EVIDENCE_ADDED = "evidence_added"
    EVIDENCE_REFUSED = "evidence_refused"
    EVIDENCE_REVIEWED = "evidence_reviewed"
    OPTION_CHOSEN = "option_chosen"
    OFFER_REJECTED = "offer_rejected"
    WITHDRAWN = "withdrawn"
    RETURN_SHIPPED = "return_shipped"
    INSPECTION_ANSWERED = "inspection_answered"
    SATISFACTION_STATED = "satisfaction_stated"
    RETURN_IN_TRANSIT = "return_in_transit"
    RETURN_RECEIVED = "return_received"
    RETURN_INSPECTED = "return_inspected"
    RETURN_LOST = "return_lost"
    RESHIPMENT_SHIPPED = "reshipment_shipped"
    RESHIPMENT_DELIVERED = "reshipment_delivered"
    RESHIPMENT_FAILED = "reshipment_failed"
    APPROVAL_DECIDED = "approval_decided"
    WORK_ITEM_RESOLVED = "work_item_resolved"
    REFUND_NEEDS_PERSON = "refund_needs_person"
    REFUND_RESUMED = "refund_resumed"


class CaseSignal(Model):
    """Something happened to the case. ``event_id`` names the fact and is taken once; ``data`` holds ids and codes that help to sort it."""

    event_id: UUID
    kind: str
    data: dict[str, str | int | bool | None] = Field(default_factory=dict)


class CaseCard(Model):
    """What the screen of every process of a case shows, and what its activities need to find the case. Fixed for the life of a run.

    ``steps_within``: the run tries its steps within its workflow tasks first (see ``workflows/process.py``). ``sparing``: its processes send what changed on
    their screens once they wait, and the refund of a return is tried within the return's process (decision 11). ``pays_within``: that try is made within a
    workflow task first (decision 12). ``timed_waits``: a wait whose end has passed ends by a timer too (decision 13). Runs started before that was so do not.
    """

    case_id: CaseId
    merchant_id: MerchantId
    case_number: str
    order_id: OrderId
    order_number: str
    customer_ref: CustomerRef
    scene: Scene
    currency: str
    time_zone: str
    run_number: int = 0
    steps_within: bool = False
    sparing: bool = False
    pays_within: bool = False
    timed_waits: bool = False


class CaseTimers(Model):
    """The limits of the case's waits, as its policy has them; the moments that a customer is told come with the step they belong to."""

    offer_grace: timedelta
    review: timedelta
    confirm: timedelta
    return_remind: timedelta
    return_transit: timedelta
    return_process: timedelta
    inspection_answer: timedelta
    inspection_remind: timedelta
    reship_delivery: timedelta
    longest_round: timedelta = timedelta(hours=24)
    approval: ApprovalTimers = ApprovalTimers()
    refund: RefundTimers = RefundTimers()


class CaseInput(Model):
    """The input of ``AfterSalesCase``. ``facts`` are those of this run so far (a lost run starts again with all of them).

    ``resume_offer`` goes on at the offer that lapsed, because a timely choice arrived after the end.
    """

    card: CaseCard
    facts: tuple[CaseSignal, ...] = ()
    resume_offer: bool = False


class CaseResult(Model):
    """How a case ended, for those who look at the finished process."""

    outcome: CaseOutcome


class CaseStep(StrEnum):
    """What the case process does next."""

    COLLECT_EVIDENCE = "collect_evidence"
    AWAIT_REVIEW = "await_review"
    ASK_APPROVAL = "ask_approval"
    AWAIT_CHOICE = "await_choice"
    CARRY_OUT = "carry_out"
    AWAIT_OWNER = "await_owner"
    ENDED = "ended"


class Because(StrEnum):
    """Why a case is assessed (again)."""

    OPENED = "opened"
    EVIDENCE = "evidence"
    SILENCE = "silence"
    REVIEW = "review"
    APPROVAL = "approval"
    OFFER_REJECTED = "offer_rejected"
    OPTION_DECLINED = "option_declined"
    OPTION_FAILED = "option_failed"
    AMOUNTS_CHANGED = "amounts_changed"
    OWNER = "owner"
    RESUMED = "resumed"


class EvidencePlan(Model):
    """What is asked for: the process wakes once it seems to be there."""

    request_number: int
    needed: tuple[EvidenceNeed, ...]
    due_at: Moment


class ApprovalPlan(Model):
    """An approval that must be had before the case goes on."""

    kind: ApprovalKind
    tier: Role
    reason: str
    rule: str
    amount_minor: AmountMinor = 0


class OfferPlan(Model):
    """The offer that stands. ``automatic`` is carried out if nobody answers (R-RSH-04); None closes the case then."""

    offer_id: OfferId
    number: int
    options: tuple[OptionCode, ...]
    valid_until: Moment
    remind_at: Moment | None = None
    automatic: OptionCode | None = None


class ChosenOption(Model):
    """An option that was accepted. It is carried out once ``approval`` was had (None: no approval is needed)."""

    offer_id: OfferId
    option: OptionCode
    amount_minor: AmountMinor
    approval: ApprovalNeed | None = None


class Agreement(Model):
    """What is carried out now. ``request`` is None where no money moves; ``approver`` and ``tier`` allowed it (R-AUTH-02)."""

    offer_id: OfferId
    option: OptionCode
    remedy_ordinal: int
    amount_minor: AmountMinor
    units: tuple[AffectedUnits, ...]
    freight_payer: FreightPayer
    request: RefundRequest | None = None
    policy_version: str
    approver: str = "system"
    tier: str = "system"


class Plan(Model):
    """Where a case stands after an activity, and what its process does next; the part that belongs to ``step`` is set.

    ``timers``, ``priority``, ``policy_version`` and ``facts`` come with the first plan of a run; the facts are those on record for it, which somebody who
    starts a process over by hand does not give it. ``owner_kind`` names the work item that waits for its owner.
    """

    step: CaseStep
    progress: Progress
    timers: CaseTimers | None = None
    priority: Priority | None = None
    policy_version: str | None = None
    amount_minor: AmountMinor = 0
    evidence: EvidencePlan | None = None
    approval: ApprovalPlan | None = None
    offer: OfferPlan | None = None
    chosen: ChosenOption | None = None
    agreement: Agreement | None = None
    owner_kind: str | None = None
    outcome: CaseOutcome | None = None
    refused: str | None = None
    facts: tuple[CaseSignal, ...] = ()

    @property
    def remedy_ordinal(self) -> int | None:
        """The number of the remedy that was agreed on, None where none was."""
        return self.agreement.remedy_ordinal if self.agreement else None

    @property
    def request_number(self) -> int | None:
        """The number of the request for evidence that stands, None where none does."""
        return self.evidence.request_number if self.evidence else None


class Operation(Model):
    """The base of every activity input that writes: the same ``operation_id`` again gets the stored result. ``at`` is the process's own now."""

    operation_id: UUID
    case_id: CaseId
    at: Moment


class AssessCase(Operation):
    """Gather the facts, decide, and set out the next step. ``unavailable`` options are no longer offered in this run."""

    because: Because
    fact: UUID | None = None
    special_approval: ApprovalId | None = None
    evidence_approval: ApprovalId | None = None
    unavailable: tuple[OptionCode, ...] = ()
    offer_id: OfferId | None = None


class ChooseOption(Operation):
    """Take the customer's choice, as the fact's row has it; without a ``fact``, the option that is carried out if nobody answers."""

    offer_id: OfferId
    fact: UUID | None = None
    automatic: OptionCode | None = None


class AgreeOption(Operation):
    """Carry an option out whose approvals were had; the rows of the approvals are the proof."""

    offer_id: OfferId
    option: OptionCode
    approvals: tuple[ApprovalId, ...]


class ReturnClosing(Model):
    """How the return of the remedy in hand ended, and what goes back to the customer.

    ``result`` is ``refunded``, ``not_shipped``, ``taken_back``, ``lost``, ``mediation``, ``refund_given_up`` or ``withdrawn``.
    """

    result: str
    take_back: tuple[AffectedUnits, ...] = ()


class EndCase(Operation):
    """Close the case, and with it the return of the remedy in hand.

    ``said`` is the customer's word that the case is solved, where that ends it: if nobody said so, the case goes on.
    """

    outcome: CaseOutcome
    option: OptionCode | None = None
    closing: ReturnClosing | None = None
    said: UUID | None = None


class WithdrawCase(Operation):
    """Honour the customer's withdrawal, or refuse it (R-CASE-05)."""

    fact: UUID


class Withdrawal(Model):
    """Whether a withdrawal was honoured, and where the case stands after it."""

    honoured: bool
    progress: Progress


class CompleteRemedy(Operation):
    """A remedy was carried out: say so, and ask the customer whether the case is solved (R-CASE-07); without ``answer_by`` nobody is asked."""

    remedy_ordinal: int
    settled: tuple[UnitsSettled, ...] = ()
    refunded_minor: AmountMinor = 0
    outcome: CaseOutcome
    answer_by: Moment | None = None
    closing: ReturnClosing | None = None
    ask_again: bool = False


class ReadWord(Operation):
    """Look up what a signal says, before it ends a wait for a person: the customer's word (``fact``), or the end of a task (``work_item_id``)."""

    fact: UUID | None = None
    work_item_id: UUID | None = None


class Word(Model):
    """Whether that is on record. ``satisfied`` is the customer's own word, None where a task was done."""

    known: bool
    satisfied: bool | None = None


class Breach(Operation):
    """A limit was missed (R-SLA-20): record it, raise the owner, tell the customer the new time.

    ``waiting_workflow`` is the process that goes on once the work item is resolved, None where none waits for that.
    """

    sla: str
    due_at: Moment
    new_due_at: Moment
    owner: Role
    work_item: str
    waiting_workflow: str | None = None


class RaiseOwner(Operation):
    """A person must solve the case now: back to review, with an owner and a work item (R-CASE-07, R-AUTH-08)."""

    kind: str
    owner: Role
    due_at: Moment
    mediation: bool = False


class Remind(Operation):
    """Half of a wait has gone by; ``moment`` is the message of the catalogue that is repeated."""

    moment: str
    due_at: Moment


class RemedyEnd(Model):
    """How a remedy ended. Without an ``outcome`` it could not be carried out (``failure`` says why), and what else there is must be offered.

    ``ask`` says whether the customer is asked if that solved the case (R-CASE-07). ``given_up``: finance gave (a part of) the refund up.
    """

    outcome: CaseOutcome | None
    settled: tuple[UnitsSettled, ...] = ()
    refunded_minor: AmountMinor = 0
    closing: ReturnClosing | None = None
    failure: str = ""
    ask: bool = True
    withdrawn: bool = False
    given_up: bool = False
