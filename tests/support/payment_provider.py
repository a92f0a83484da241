"""A payment provider in memory, for tests of what uses one. It passes the behaviour suite as the real ones do."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from uuid import UUID

from contracts.identifiers import SubmissionId
from services.kit import webhooks
from services.workflow.ports import (
    OutcomeUnknownError,
    PaymentProvider,
    ProviderMisuseError,
    ProviderRefund,
    ProviderState,
    ProviderUnavailableError,
    SettlementKind,
    SettlementLine,
    Submission,
)
from tests.support.payment_provider_behaviour import SECRETS, SignedWebhook, Signer


@dataclass
class FakeProvider:
    """A provider in memory, and its own ``World``. Outcomes come at once."""

    name: str = "sandbox"
    sandbox: bool = True
    payments: dict[str, int] = field(default_factory=dict)
    records: dict[SubmissionId, tuple[Submission, ProviderRefund]] = field(default_factory=dict)
    lines: list[SettlementLine] = field(default_factory=list)
    losing: bool = False
    broken: bool = False
    failing: int = 0

    @property
    def provider(self) -> PaymentProvider:
        return self

    def capture(self, amount_minor: int) -> str:
        reference = f"pay_{len(self.payments) + 1:04d}"
        self.payments[reference] = amount_minor
        return reference

    def lose_answers(self, *, lose: bool) -> None:
        self.losing = lose

    def be_broken(self, *, broken: bool) -> None:
        self.broken = broken

    def fail_next_refund(self) -> None:
        self.failing += 1

    def refund_by_hand(self, reference: str, amount_minor: int) -> str:
        refund_id = f"re_by_hand_{len(self.lines) + 1:04d}"
        self.payments[reference] -= amount_minor
        self._settle(SettlementKind.REFUND, refund_id, None, amount_minor, "GBP")
        return refund_id

    def reverse(self, submission_id: SubmissionId) -> None:
        submission, record = self.records[submission_id]
        self.records[submission_id] = (submission, replace(record, state=ProviderState.FAILED, failure_code="returned_by_bank"))
        self.payments[submission.provider_reference] += record.amount_minor
        self._settle(SettlementKind.REVERSAL, record.provider_refund_id or "", submission_id, record.amount_minor, record.currency)

    def webhook_about(self, submission_id: SubmissionId) -> SignedWebhook:
        _, record = self.records[submission_id]
        data = {"idempotency_key": str(submission_id), "amount_minor": record.amount_minor, "id": record.provider_refund_id}
        return self._webhook({"type": f"refund.{record.state.value}", "data": data})

    def webhooks_about_something_else(self) -> Sequence[SignedWebhook]:
        by_hand = {"type": "refund.succeeded", "data": {"idempotency_key": "made-by-hand-at-the-provider"}}
        return [self._webhook({"type": "payment.captured", "data": {}}), self._webhook(by_hand)]

    def sign(self, body: bytes, by: Signer = Signer.CURRENT, at: datetime | None = None) -> Mapping[str, str]:
        return webhooks.sign(SECRETS[by], "evt_1", body, at)

    def _webhook(self, told: Mapping[str, object]) -> SignedWebhook:
        body = json.dumps(told).encode()
        return SignedWebhook(self.sign(body), body)

    async def submit(self, submission: Submission) -> ProviderRefund:
        if self.broken:
            raise OutcomeUnknownError("broken")
        said = self._book(submission)
        if self.losing:
            raise OutcomeUnknownError("no answer")
        return said

    async def find(self, submission: Submission) -> ProviderRefund | None:
        if self.broken:
            raise ProviderUnavailableError("broken")
        _, record = self.records.get(submission.submission_id, (None, None))
        return record if record is not None and record.provider_refund_id is not None else None

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> ProviderRefund | None:
        webhooks.verify([SECRETS[Signer.CURRENT], SECRETS[Signer.FORMER]], headers, body)
        try:
            key = json.loads(body)["data"].get("idempotency_key")
        except (ValueError, KeyError, TypeError) as error:
            raise ProviderMisuseError("not the documented form") from error
        try:
            submission_id = SubmissionId(UUID(key))
        except (TypeError, ValueError):
            return None
        return self.records[submission_id][1]

    async def settlement_file(self, day: date) -> Sequence[SettlementLine]:
        if self.broken:
            raise ProviderUnavailableError("broken")
        return [line for line in self.lines if line.settled_at.date() == day]

    def _book(self, submission: Submission) -> ProviderRefund:
        if (known := self.records.get(submission.submission_id)) is not None:
            if known[0] != submission:
                raise ProviderMisuseError("another body")
            return known[1]
        left = self.payments.get(submission.provider_reference, 0)
        said = ProviderRefund(
            submission_id=submission.submission_id,
            state=ProviderState.SUCCEEDED,
            amount_minor=submission.amount_minor,
            currency=submission.currency,
            provider_refund_id=f"re_{len(self.records) + 1:04d}",
        )
        if submission.amount_minor > left:
            said = replace(said, state=ProviderState.FAILED, provider_refund_id=None, failure_code="amount_exceeds_refundable")
        elif self.failing:
            self.failing -= 1
            said = replace(said, state=ProviderState.FAILED, failure_code="account_closed")
        else:
            self.payments[submission.provider_reference] = left - submission.amount_minor
            self._settle(
                SettlementKind.REFUND,
                said.provider_refund_id or "",
                said.submission_id,
                said.amount_minor,
                said.currency,
            )
        self.records[submission.submission_id] = (submission, said)
        return said

    def _settle(self, kind: SettlementKind, refund_id: str, submission_id: SubmissionId | None, amount_minor: int, currency: str) -> None:
        self.lines.append(
            SettlementLine(
                reference=f"line_{len(self.lines) + 1:04d}",
                kind=kind,
                provider_refund_id=refund_id,
                submission_id=submission_id,
                amount_minor=amount_minor,
                currency=currency,
                settled_at=datetime.now(UTC),
            )
        )
