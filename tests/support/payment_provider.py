"""The behaviour every payment provider adapter must have, and a provider in memory for unit tests.

A test module subclasses :class:`PaymentProviderBehaviour` and gives the fixture ``world``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Protocol
from uuid import UUID, uuid4

import pytest

from contracts.identifiers import SubmissionId
from services.workflow.ports import (
    OutcomeUnknownError,
    PaymentProvider,
    ProviderMisuseError,
    ProviderRefund,
    ProviderState,
    ProviderUnavailableError,
    Submission,
)


class World(Protocol):
    """A provider and the hands to make its world misbehave."""

    @property
    def provider(self) -> PaymentProvider: ...

    def capture(self, amount_minor: int) -> str:
        """A captured payment in GBP; its reference."""

    def lose_answers(self, *, lose: bool) -> None:
        """Do what is asked, but answer nothing."""

    def be_broken(self, *, broken: bool) -> None:
        """Do nothing and answer with an error."""

    def fail_next_refund(self) -> None:
        """The next refund fails at the issuer."""

    def webhook_about(self, submission_id: SubmissionId) -> bytes:
        """The body of the webhook with the outcome of a submission."""


def a_submission(reference: str, amount_minor: int = 400) -> Submission:
    """A submission of its own."""
    return Submission(
        submission_id=SubmissionId(uuid4()),
        provider_reference=reference,
        amount_minor=amount_minor,
        currency="GBP",
        merchant_reference=str(uuid4()),
    )


class PaymentProviderBehaviour:
    """What the refund code leans on. Subclasses give the fixture ``world``."""

    async def test_a_submission_can_be_looked_up_by_its_id(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        answered = await world.provider.submit(submission)
        found = await world.provider.find(submission.submission_id)
        assert found is not None
        assert (found.submission_id, found.amount_minor, found.currency) == (submission.submission_id, 400, "GBP")
        assert found.provider_refund_id == answered.provider_refund_id is not None

    async def test_a_submission_sent_again_is_the_same_refund(self, world: World) -> None:
        submission = a_submission(world.capture(1000), 600)
        first = await world.provider.submit(submission)
        again = await world.provider.submit(submission)
        assert again.provider_refund_id == first.provider_refund_id

    async def test_what_was_never_sent_is_not_found(self, world: World) -> None:
        assert await world.provider.find(SubmissionId(uuid4())) is None

    async def test_a_refusal_is_the_providers_own_record_of_failure_and_stays_one(self, world: World) -> None:
        submission = a_submission(world.capture(300), 400)
        refused = [await world.provider.submit(submission) for _ in range(2)]
        assert {(said.state, said.failure_code) for said in refused} == {(ProviderState.FAILED, "amount_exceeds_refundable")}
        assert await world.provider.find(submission.submission_id) is None

    async def test_an_id_used_for_another_amount_is_misuse(self, world: World) -> None:
        submission = a_submission(world.capture(1000), 400)
        await world.provider.submit(submission)
        with pytest.raises(ProviderMisuseError):
            await world.provider.submit(replace(submission, amount_minor=401))

    async def test_a_lost_answer_is_an_unknown_outcome_that_the_look_up_settles(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        world.lose_answers(lose=True)
        with pytest.raises(OutcomeUnknownError):
            await world.provider.submit(submission)
        world.lose_answers(lose=False)
        assert await world.provider.find(submission.submission_id) is not None

    async def test_an_error_is_an_unknown_outcome_and_sending_again_is_safe(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        world.be_broken(broken=True)
        with pytest.raises(OutcomeUnknownError):
            await world.provider.submit(submission)
        with pytest.raises(ProviderUnavailableError):
            await world.provider.find(submission.submission_id)
        world.be_broken(broken=False)
        assert await world.provider.find(submission.submission_id) is None
        assert (await world.provider.submit(submission)).provider_refund_id is not None

    async def test_a_failure_at_the_issuer_has_its_code(self, world: World) -> None:
        world.fail_next_refund()
        submission = a_submission(world.capture(1000))
        await world.provider.submit(submission)
        found = await world.provider.find(submission.submission_id)
        assert found is not None
        assert found.state is ProviderState.FAILED
        assert found.failure_code

    async def test_a_webhook_says_which_submission_ended_how(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        await world.provider.submit(submission)
        said = world.provider.read_webhook(world.webhook_about(submission.submission_id))
        assert said is not None
        assert (said.submission_id, said.state, said.amount_minor) == (submission.submission_id, ProviderState.SUCCEEDED, 400)

    async def test_a_webhook_about_something_else_is_nothing(self, world: World) -> None:
        assert world.provider.read_webhook(json.dumps({"type": "payment.captured", "data": {}}).encode()) is None
        by_hand = {"type": "refund.succeeded", "data": {"idempotency_key": "made-by-hand-at-the-provider"}}
        assert world.provider.read_webhook(json.dumps(by_hand).encode()) is None

    async def test_a_webhook_that_is_no_json_is_misuse(self, world: World) -> None:
        with pytest.raises(ProviderMisuseError):
            world.provider.read_webhook(b"{")

    async def test_what_was_paid_is_on_the_days_list(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        await world.provider.submit(submission)
        listed = {refund.submission_id: refund.amount_minor for refund in await world.provider.settled(datetime.now(UTC).date())}
        assert listed[submission.submission_id] == 400


@dataclass
class FakeProvider:
    """A provider in memory, and its own :class:`World`. Outcomes come at once."""

    name: str = "sandbox"
    sandbox: bool = True
    payments: dict[str, int] = field(default_factory=dict)
    records: dict[SubmissionId, tuple[Submission, ProviderRefund]] = field(default_factory=dict)
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

    def webhook_about(self, submission_id: SubmissionId) -> bytes:
        _, record = self.records[submission_id]
        data = {"idempotency_key": str(submission_id), "amount_minor": record.amount_minor, "id": record.provider_refund_id}
        return json.dumps({"type": f"refund.{record.state.value}", "data": data}).encode()

    async def submit(self, submission: Submission) -> ProviderRefund:
        if self.broken:
            raise OutcomeUnknownError("broken")
        said = self._book(submission)
        if self.losing:
            raise OutcomeUnknownError("no answer")
        return said

    async def find(self, submission_id: SubmissionId) -> ProviderRefund | None:
        if self.broken:
            raise ProviderUnavailableError("broken")
        _, record = self.records.get(submission_id, (None, None))
        return record if record is not None and record.provider_refund_id is not None else None

    def read_webhook(self, body: bytes) -> ProviderRefund | None:
        try:
            told = json.loads(body)
        except ValueError as error:
            raise ProviderMisuseError("no JSON") from error
        try:
            submission_id = SubmissionId(UUID(told["data"].get("idempotency_key")))
        except (TypeError, ValueError):
            return None
        return self.records[submission_id][1]

    async def settled(self, day: date) -> Sequence[ProviderRefund]:
        return [record for _, record in self.records.values() if record.state is ProviderState.SUCCEEDED]

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
        self.records[submission.submission_id] = (submission, said)
        return said
