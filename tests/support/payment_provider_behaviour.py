"""The behaviour every payment provider adapter must have.

A test module subclasses :class:`PaymentProviderBehaviour` and gives the fixture ``world``.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from typing import Protocol
from uuid import uuid4

import pytest

from contracts.identifiers import SubmissionId
from services.kit import webhooks
from services.kit.problems import Problem
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


class Signer(Enum):
    """Who signs a webhook: the secret in force, the one that is being rotated out, or somebody else."""

    CURRENT = auto()
    FORMER = auto()
    STRANGER = auto()


SECRETS = {signer: webhooks.generate_secret() for signer in Signer}
"""For providers that sign as in Standard Webhooks."""


@dataclass(frozen=True)
class SignedWebhook:
    """A webhook as it arrives."""

    headers: Mapping[str, str]
    body: bytes


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

    def refund_by_hand(self, reference: str, amount_minor: int) -> str:
        """A refund that somebody makes at the provider, past us; the provider's id of it."""

    def reverse(self, submission_id: SubmissionId) -> None:
        """A refund that was paid comes back from the customer's bank, and the provider tells it."""

    def webhook_about(self, submission_id: SubmissionId) -> SignedWebhook:
        """The latest webhook about a submission, as the provider sent it."""

    def webhooks_about_something_else(self) -> Sequence[SignedWebhook]:
        """What the provider also tells, such as a refund made by hand."""

    def sign(self, body: bytes, by: Signer = Signer.CURRENT, at: datetime | None = None) -> Mapping[str, str]:
        """The headers of a webhook as this provider signs it, now unless given."""


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
        found = await world.provider.find(submission)
        assert found is not None
        assert (found.submission_id, found.amount_minor, found.currency) == (submission.submission_id, 400, "GBP")
        assert found.provider_refund_id == answered.provider_refund_id is not None

    async def test_a_submission_sent_again_is_the_same_refund(self, world: World) -> None:
        submission = a_submission(world.capture(1000), 600)
        first = await world.provider.submit(submission)
        again = await world.provider.submit(submission)
        assert again.provider_refund_id == first.provider_refund_id

    async def test_what_was_never_sent_is_not_found(self, world: World) -> None:
        assert await world.provider.find(a_submission(world.capture(1000))) is None

    async def test_a_refusal_is_the_providers_own_record_of_failure_and_stays_one(self, world: World) -> None:
        submission = a_submission(world.capture(300), 400)
        refused = [await world.provider.submit(submission) for _ in range(2)]
        ((state, code),) = {(said.state, said.failure_code) for said in refused}
        assert state is ProviderState.FAILED
        assert code
        assert await world.provider.find(submission) is None

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
        assert await world.provider.find(submission) is not None

    async def test_an_error_is_an_unknown_outcome_and_sending_again_is_safe(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        world.be_broken(broken=True)
        with pytest.raises(OutcomeUnknownError):
            await world.provider.submit(submission)
        with pytest.raises(ProviderUnavailableError):
            await world.provider.find(submission)
        world.be_broken(broken=False)
        assert await world.provider.find(submission) is None
        assert (await world.provider.submit(submission)).provider_refund_id is not None

    async def test_a_failure_at_the_issuer_has_its_code(self, world: World) -> None:
        world.fail_next_refund()
        submission = a_submission(world.capture(1000))
        await world.provider.submit(submission)
        found = await world.provider.find(submission)
        assert found is not None
        assert found.state is ProviderState.FAILED
        assert found.failure_code

    async def test_a_webhook_says_which_submission_ended_how(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        await world.provider.submit(submission)
        webhook = world.webhook_about(submission.submission_id)
        said = world.provider.read_webhook(webhook.headers, webhook.body)
        assert said is not None
        assert (said.submission_id, said.state, said.amount_minor) == (submission.submission_id, ProviderState.SUCCEEDED, 400)

    async def test_a_webhook_about_something_else_is_nothing(self, world: World) -> None:
        told = world.webhooks_about_something_else()
        assert told
        assert {world.provider.read_webhook(webhook.headers, webhook.body) for webhook in told} == {None}

    async def test_a_webhook_that_cannot_be_read_is_misuse(self, world: World) -> None:
        for body in (b"{", b"[]", b'"refund"'):
            with pytest.raises(ProviderMisuseError):
                world.provider.read_webhook(world.sign(body), body)

    async def test_a_webhook_that_the_provider_did_not_sign_is_refused(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        await world.provider.submit(submission)
        webhook = world.webhook_about(submission.submission_id)
        altered = webhook.body.replace(b"400", b"401")
        assert altered != webhook.body
        assert _refusal(world, world.sign(webhook.body, Signer.STRANGER), webhook.body) == (401, "webhook_signature_invalid")
        assert _refusal(world, webhook.headers, altered) == (401, "webhook_signature_invalid")
        assert _refusal(world, {}, webhook.body) == (401, "webhook_signature_invalid")
        assert _refusal(world, dict.fromkeys(webhook.headers, "v1=,nan"), webhook.body) == (401, "webhook_signature_invalid")

    @pytest.mark.parametrize("minutes", [-6, 6])
    async def test_a_webhook_signed_more_than_five_minutes_off_is_stale(self, world: World, minutes: int) -> None:
        headers = world.sign(b"{}", at=datetime.now(UTC) + timedelta(minutes=minutes))
        assert _refusal(world, headers, b"{}") == (401, "webhook_timestamp_stale")

    async def test_a_webhook_signed_with_the_secret_that_is_rotated_out_is_taken(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        await world.provider.submit(submission)
        body = world.webhook_about(submission.submission_id).body
        said = world.provider.read_webhook(world.sign(body, Signer.FORMER), body)
        assert said is not None
        assert said.submission_id == submission.submission_id

    async def test_the_settlement_file_lists_what_was_paid_once(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        said = await world.provider.submit(submission)
        (line,) = [line for line in await settled_today(world.provider) if line.submission_id == submission.submission_id]
        assert (line.kind, line.amount_minor, line.currency) == (SettlementKind.REFUND, 400, "GBP")
        assert line.provider_refund_id == said.provider_refund_id
        assert abs(line.settled_at - datetime.now(UTC)) < timedelta(minutes=5)
        assert await world.provider.settlement_file(date(2001, 1, 1)) == []

    async def test_a_refund_that_was_paid_and_came_back_is_reversed_or_failed_with_its_code(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        assert (await world.provider.submit(submission)).state is ProviderState.SUCCEEDED
        world.reverse(submission.submission_id)
        found = await world.provider.find(submission)
        webhook = world.webhook_about(submission.submission_id)
        told = world.provider.read_webhook(webhook.headers, webhook.body)
        for said in (found, told):
            assert said is not None
            assert (said.submission_id, said.amount_minor) == (submission.submission_id, 400)
            assert said.state in {ProviderState.REVERSED, ProviderState.FAILED}  # not every provider tells them apart
            assert said.failure_code
            assert said.provider_refund_id

    async def test_money_that_came_back_can_be_refunded_again_under_a_new_key(self, world: World) -> None:
        first = a_submission(world.capture(400))
        await world.provider.submit(first)
        world.reverse(first.submission_id)
        second = a_submission(first.provider_reference)
        assert (await world.provider.submit(second)).state is ProviderState.SUCCEEDED

    async def test_the_settlement_file_lists_a_reversal_beside_its_refund(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        await world.provider.submit(submission)
        world.reverse(submission.submission_id)
        lines = [line for line in await settled_today(world.provider) if line.submission_id == submission.submission_id]
        assert [(line.kind, line.amount_minor) for line in lines] == [(SettlementKind.REFUND, 400), (SettlementKind.REVERSAL, 400)]
        assert len({line.provider_refund_id for line in lines}) == 1
        assert len({line.reference for line in lines}) == 2

    async def test_the_settlement_file_lists_a_refund_made_by_hand_without_a_submission(self, world: World) -> None:
        made = world.refund_by_hand(world.capture(1000), 250)
        (line,) = [line for line in await settled_today(world.provider) if line.provider_refund_id == made]
        assert (line.kind, line.submission_id, line.amount_minor, line.currency) == (SettlementKind.REFUND, None, 250, "GBP")

    async def test_a_settlement_file_that_cannot_be_had_says_so(self, world: World) -> None:
        world.be_broken(broken=True)
        with pytest.raises(ProviderUnavailableError):
            await world.provider.settlement_file(datetime.now(UTC).date())
        world.be_broken(broken=False)

    async def test_a_submission_sent_twice_at_the_same_time_is_one_refund(self, world: World) -> None:
        submission = a_submission(world.capture(1000))
        answers = await asyncio.gather(*(world.provider.submit(submission) for _ in range(2)), return_exceptions=True)
        found = await world.provider.find(submission)
        assert found is not None
        for answer in answers:
            if not isinstance(answer, OutcomeUnknownError):  # it may say that it is still at it
                assert isinstance(answer, ProviderRefund)
                assert answer.provider_refund_id == found.provider_refund_id
        assert len([line for line in await settled_today(world.provider) if line.submission_id == submission.submission_id]) == 1


async def settled_today(provider: PaymentProvider) -> list[SettlementLine]:
    """The lines of the last five minutes' days: of two where midnight (UTC) has just passed."""
    now = datetime.now(UTC)
    days = sorted({(now - timedelta(minutes=5)).date(), now.date()})
    return [line for day in days for line in await provider.settlement_file(day)]


def _refusal(world: World, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
    with pytest.raises(Problem) as refused:
        world.provider.read_webhook(headers, body)
    return refused.value.status, refused.value.code
