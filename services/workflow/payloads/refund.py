"""What travels to and from the refund process: ids and numbers, never a whole order, so that histories stay small and say nothing personal."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.base import AmountMinor, Model, Moment
from contracts.case_state import OptionCode
from contracts.identifiers import CaseId, MerchantId, OrderId, RefundId
from contracts.quote import RefundRequest


class RefundTimers(Model):
    """The limits of a refund.

    ``retry_count`` further attempts at ``retry_distance`` follow a failed one (R-RFD-09). The provider is asked about an open submission after
    ``first_look``, then at doubling distances up to ``longest_look``. ``submit_within`` is R-SLA-14. While a person must act, the finance task is
    raised again every ``alarm``.
    """

    retry_count: Annotated[int, Field(ge=0)] = 3
    retry_distance: timedelta = timedelta(minutes=10)
    first_look: timedelta = timedelta(seconds=20)
    longest_look: timedelta = timedelta(hours=1)
    submit_within: timedelta = timedelta(hours=24)
    alarm: timedelta = timedelta(hours=24)


class RequestRefund(Model):
    """A refund to be made: of which case and order, what for, how much was agreed, and who allowed it.

    ``agreed_minor`` is what the customer was told (None: whatever the quote says); less than that is never paid without a person (no refund is
    short). ``approver`` is ``system`` or a staff id; ``tier`` the authority it was allowed under (R-AUTH-02). ``remedy`` is the option carried out.
    """

    refund_id: RefundId
    case_id: CaseId
    merchant_id: MerchantId
    order_id: OrderId
    request: RefundRequest
    remedy: OptionCode
    reason: str
    policy_version: str
    approver: str = "system"
    tier: str = "system"
    agreed_minor: AmountMinor | None = None


class IssueRefundInput(Model):
    """The input of the process ``IssueRefund``, and of its first step wherever that is taken.

    ``case_workflow_id`` is told when the refund needs a person and when it goes on.
    """

    refund: RequestRefund
    timers: RefundTimers = RefundTimers()
    case_workflow_id: str


class RefundPhase(StrEnum):
    """What the process does next about a refund.

    ``retry``: the provider's own record says that an attempt failed, and another may follow. ``person``: it goes on only when finance says so.
    """

    OPEN = "open"
    RETRY = "retry"
    PERSON = "person"
    SETTLED = "settled"
    FAILED = "failed"


class RefundStep(Model):
    """Where a refund stands after an activity. ``attempt`` is the highest attempt made; ``code`` says why it failed or waits for a person."""

    phase: RefundPhase
    amount_minor: int = 0
    attempt: int = 0
    code: str = ""


class RefundResult(Model):
    """How a refund ended: all of it was paid, or finance gave it up after proven failure (``failed``, with the code of the failure)."""

    state: Literal["settled", "failed"]
    amount_minor: int = 0
    code: str = ""


class RefundSignal(Model):
    """Something happened to the refund: the process looks at its row. The signal itself proves nothing."""

    event_id: UUID


class RefundHandle(Model):
    """Names a refund, with what an activity must know of its process; ``at`` is the process's clock."""

    refund_id: RefundId
    timers: RefundTimers
    at: Moment
