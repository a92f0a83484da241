"""What the workflow service needs of its own records and of the world outside, as protocols.

The records share one PostgreSQL schema; who calls brings the connection, so that several of them change in one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from contracts.identifiers import CaseId, CustomerRef, MerchantId, OrderId, RefundId, SubmissionId
from contracts.order_v1 import Order
from contracts.progress import Progress
from contracts.resolution_v1 import ResolutionEvent
from contracts.roles import Role
from services.kit.postgres import Connection
from services.workflow.payloads.refund import IssueRefundInput, RefundHandle, RefundStep
from services.workflow.refunds.submission import SubmissionState


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHeader:
    """What every event about a case repeats. ``test`` says that its merchant is in test mode.

    ``opened_by`` is the staff id of who opened it for the customer, None where no staff did; events do not repeat it.
    """

    case_id: CaseId
    case_number: str
    merchant_id: MerchantId
    order_id: OrderId
    order_number: str
    customer_ref: CustomerRef
    locale: str
    currency: str
    test: bool
    opened_by: str | None = None

    def common(self, progress: Progress) -> dict[str, Any]:
        """The fields that every resolution event of the case has in common."""
        return {
            "merchant_id": self.merchant_id,
            "case_id": self.case_id,
            "case_number": self.case_number,
            "order_id": self.order_id,
            "order_number": self.order_number,
            "customer_ref": self.customer_ref,
            "locale": self.locale,
            "currency": self.currency,
            "progress": progress,
        }


class Cases(Protocol):
    """The case rows."""

    async def header(self, conn: Connection, case_id: CaseId) -> CaseHeader:
        """The header of a case. Raises ``CaseNotFoundError``."""

    async def progress(self, conn: Connection, case_id: CaseId) -> Progress:
        """Where the case stands, its row locked until the transaction ends. Raises ``CaseNotFoundError``."""

    async def publish(
        self, conn: Connection, header: CaseHeader, operation_id: UUID, events: Sequence[ResolutionEvent], progress: Progress | None = None
    ) -> None:
        """Append resolution events (ids derive from ``operation_id`` and type; a repeat adds nothing); ``progress`` becomes the case's own."""


class WorkItems(Protocol):
    """Tasks for people."""

    async def open(
        self,
        conn: Connection,
        operation_id: UUID,
        case_id: CaseId,
        kind: str,
        role: Role,
        detail: dict[str, Any],
        *,
        due_at: datetime | None = None,
        holds_refund: bool = False,
    ) -> None:
        """Open a task and publish it; the same ``operation_id`` again changes nothing. ``detail`` holds ids, codes and numbers only.

        ``due_at`` is when the task is raised again, or what it is about happens by itself; None where nothing waits for it.
        ``holds_refund``: the refund does not go on without it, so a case that waits for its refund now waits for ``role``.
        """


class OrderBook(Protocol):
    """The orders as the workflow service knows them, and the caps that follow from them."""

    async def apply(self, conn: Connection, order: Order) -> bool:
        """Take a snapshot in; the highest version wins. False where it is not news, or would break what is already given back."""

    async def get(self, conn: Connection, order_id: OrderId) -> Order:
        """The order as it stands. Raises ``OrderNotFoundError``."""


class ProviderState(StrEnum):
    """What the provider's own record says of a refund.

    ``failed`` means that nothing of it is, or stays, paid. A refund that was paid and then came back (the customer's bank returned it) is ``reversed``, with
    its ``failure_code``, where the provider tells the two apart; else it is told as ``failed`` too: who has it as ``succeeded`` takes that for a reversal.
    """

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRefund:
    """The provider's own record of one submission. ``provider_refund_id`` is None where it refused the submission for good (``failed``)."""

    submission_id: SubmissionId
    state: ProviderState
    amount_minor: int
    currency: str
    provider_refund_id: str | None = None
    failure_code: str | None = None
    settlement_reference: str | None = None


class SettlementKind(StrEnum):
    """Which way the money of a settlement line went."""

    REFUND = "refund"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementLine:
    """One line of a provider's settlement file: money that left for the customer (``refund``), or came back from there (``reversal``).

    ``reference`` is the provider's name for the line. ``submission_id`` is None where the refund was not asked for under a key of ours, such as one made
    by hand at the provider. ``amount_minor`` is positive whatever the kind, in minor units of ``currency`` (ISO 4217).
    """

    reference: str
    kind: SettlementKind
    provider_refund_id: str
    submission_id: SubmissionId | None
    amount_minor: int
    currency: str
    settled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a provider is asked to pay back. The submission's id is the idempotency key, on every repeat the same."""

    submission_id: SubmissionId
    provider_reference: str
    amount_minor: int
    currency: str
    merchant_reference: str


class ProviderError(Exception):
    """The base of what can go wrong with a payment provider.

    ProviderError
    ├── OutcomeUnknownError       nobody can say whether the submission was taken
    ├── ProviderUnavailableError  a look-up had no answer
    ├── ProviderMisuseError       the key was used before with another body, or the answer makes no sense: a person must look
    └── ProviderNotAvailableError no such provider is configured, or it is not for merchants of this mode
    """


class OutcomeUnknownError(ProviderError):
    """No answer, or one that does not tell: the submission may or may not have been taken."""


class ProviderUnavailableError(ProviderError):
    """The provider could not be asked just now."""


class ProviderMisuseError(ProviderError):
    """The provider says that we contradict ourselves, or its answer cannot be read."""


class ProviderNotAvailableError(ProviderError):
    """No such provider is configured, or it is not for merchants of this mode."""

    def __init__(self, name: str, *, test: bool) -> None:
        super().__init__(f"payment provider {name!r} is not available for {'test' if test else 'live'} merchants")


class PaymentProvider(Protocol):
    """A payment provider that gives money back to the payment it came from (R-RFD-02)."""

    @property
    def name(self) -> str:
        """The name orders use for it in ``Payment.provider``."""

    @property
    def sandbox(self) -> bool:
        """Whether its money is play money: test merchants reach such providers only, live merchants never do."""

    async def submit(self, submission: Submission) -> ProviderRefund:
        """Ask for a refund; repeating it with the same id changes nothing. Raises ``OutcomeUnknownError`` or ``ProviderMisuseError``."""

    async def find(self, submission: Submission) -> ProviderRefund | None:
        """The provider's record of a submission, None where it has none. Raises ``ProviderUnavailableError`` or ``ProviderMisuseError``."""

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> ProviderRefund | None:
        """Verify a webhook by the provider's own scheme, and say what it tells of a submission; None where it is about something else.

        Raises ``Problem`` 401 ``webhook_signature_invalid`` or ``webhook_timestamp_stale``, or ``ProviderMisuseError`` where it cannot be read.
        """

    async def settlement_file(self, day: date) -> Sequence[SettlementLine]:
        """What the provider settled on a day (UTC), for reconciliation (R-RFD-13): all of it, also what was not asked for by us.

        Raises ``ProviderUnavailableError`` or ``ProviderMisuseError``.
        """


class PaymentProviders(Protocol):
    """The payment providers of this installation."""

    def of(self, name: str, *, test: bool) -> PaymentProvider:
        """The provider for a merchant of that mode. Raises ``ProviderNotAvailableError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSubmission:
    """A submission whose outcome the provider has not told, and where to ask."""

    submission: Submission
    provider: str
    test: bool
    state: SubmissionState


class RefundSteps(Protocol):
    """What the records of refunds must be able to do, each in a transaction of its own."""

    async def request(self, issue: IssueRefundInput) -> Sequence[OpenSubmission]:
        """Make the refund's row, with its reservation and its first submissions; a repeat changes nothing. Returns what :meth:`open_submissions` does."""

    async def next_attempts(self, refund_id: RefundId) -> None:
        """Commit to attempt n+1 of what the provider says has failed (R-RFD-09)."""

    async def open_submissions(self, refund_id: RefundId) -> Sequence[OpenSubmission]:
        """The submissions whose outcome the provider has not told."""

    async def record(self, said: ProviderRefund) -> RefundStep | None:
        """Take in the provider's own record of a submission. Returns where the refund stands then, None where the submission is none of ours."""

    async def mark_unknown(self, submission_id: SubmissionId) -> None:
        """Nobody can say whether the provider took the submission."""

    async def not_found(self, submission_id: SubmissionId) -> None:
        """The provider has no record of the submission."""

    async def misuse(self, submission_id: SubmissionId) -> None:
        """The provider's answer makes no sense: finance looks."""

    async def stands(self, refund_id: RefundId) -> RefundStep:
        """Where the refund stands."""

    async def stands_and_waits(self, refund_id: RefundId) -> RefundStep:
        """Where the refund stands; if it has not ended, its process is woken from now on."""

    async def check_lateness(self, handle: RefundHandle) -> None:
        """Record a miss of R-SLA-14 once, and raise it (R-SLA-20)."""

    async def alarm(self, handle: RefundHandle) -> None:
        """The refund has waited for a person too long: raise the task again."""
