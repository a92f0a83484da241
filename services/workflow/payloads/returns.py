"""What travels between the return process, its activities and the case process."""

from uuid import UUID

from contracts.base import AmountMinor, Model, Moment
from contracts.decision_facts import AffectedUnits
from contracts.identifiers import RmaId
from contracts.progress import Progress
from contracts.quote import RefundRequest
from services.workflow.payloads.case import Agreement, CaseCard, CaseSignal, CaseTimers, Operation
from services.workflow.payloads.refund import RequestRefund


class ReturnInput(Model):
    """The input of ``ReturnGoods``."""

    card: CaseCard
    rma_id: RmaId
    agreement: Agreement
    timers: CaseTimers
    case_workflow_id: str


class AuthoriseReturn(Operation):
    """Let the customer send the units of an agreement back (R-RTN-01)."""

    rma_id: RmaId
    agreement: Agreement


class ReturnStanding(Model):
    """Where a return stands: until when the parcel must be handed in, and when the customer is reminded of it.

    ``facts`` are those on record already, which a run that starts again has not heard.
    """

    progress: Progress
    ship_by: Moment
    remind_at: Moment
    facts: tuple[CaseSignal, ...] = ()


class JudgeReturn(Operation):
    """Take an inspection (or the loss of the parcel) from its row, and prepare what is to be refunded at once."""

    rma_id: RmaId
    fact: UUID
    agreement: Agreement
    answer_by: Moment


class Finding(Model):
    """What an inspection or loss means: a refund to be made now, units in dispute, or (``lost_by_customer``) a loss that only a person can refund.

    ``known`` is False where no such fact is on record. ``held`` asks for the accepted units where their refund waits for the dispute, ``in_dispute`` for the
    disputed ones; ``disputed_value_minor`` is what these would come to, the most a partial refund can be.
    """

    known: bool = True
    result: str = ""
    refund: RequestRefund | None = None
    accepted: tuple[AffectedUnits, ...] = ()
    disputed: tuple[AffectedUnits, ...] = ()
    held: RefundRequest | None = None
    in_dispute: RefundRequest | None = None
    disputed_value_minor: AmountMinor = 0
    lost_by_customer: bool = False
    progress: Progress


class ProposePartial(Operation):
    """Tell the customer of the partial refund that the supervisor proposes for the disputed units (R-RTN-05)."""

    rma_id: RmaId
    result: str
    disputed: tuple[AffectedUnits, ...]
    partial_refund_minor: AmountMinor | None
    answer_by: Moment


class ReadAnswer(Operation):
    """Take the customer's answer to a mismatch from its row; a proposal that was never made cannot be accepted."""

    fact: UUID
    partial_refund_minor: AmountMinor | None


class DisputeAnswer(Model):
    """The customer's answer: ``take_back``, ``accept_partial`` or ``mediation``; None where it was refused or is not on record."""

    answer: str | None


class PreparePartial(Operation):
    """Prepare the refund of what was settled: the ``held`` units in full, and ``partial_minor`` for those ``in_dispute`` together (0: nothing)."""

    agreement: Agreement
    held: RefundRequest | None
    in_dispute: RefundRequest | None
    partial_minor: AmountMinor
    approver: str
    tier: str


class PreparedRefund(Model):
    """A refund to be made, None where it would come to nothing."""

    refund: RequestRefund | None
    progress: Progress
