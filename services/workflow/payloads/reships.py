"""What travels between the reshipment process, its activities and the case process."""

from uuid import UUID

from contracts.base import Model, Moment
from contracts.identifiers import ReshipId
from contracts.progress import Progress
from services.workflow.payloads.case import Agreement, CaseCard, CaseSignal, CaseTimers, Operation


class ReshipInput(Model):
    """The input of ``ReshipGoods``."""

    card: CaseCard
    reship_id: ReshipId
    agreement: Agreement
    timers: CaseTimers
    case_workflow_id: str


class RequestReshipment(Operation):
    """Ask logistics for new goods (R-RSH-04, R-RSH-05)."""

    reship_id: ReshipId
    agreement: Agreement


class ReshipStanding(Model):
    """Where a reshipment stands. ``word`` is ``shipped``, ``delivered`` or the reason of a failure; empty where the fact is not on record.

    ``facts`` are those on record already, which a run that starts again has not heard.
    """

    progress: Progress
    due_at: Moment
    word: str = ""
    facts: tuple[CaseSignal, ...] = ()


class FollowReshipment(Operation):
    """Take a fact about a reshipment from its row."""

    reship_id: ReshipId
    fact: UUID
    due_at: Moment
