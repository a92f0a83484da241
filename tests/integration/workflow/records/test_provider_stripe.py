"""The Stripe adapter against a server that Stripe's own mock judges, and against that mock itself."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from stripe import WebhookSignature

from contracts.identifiers import SubmissionId
from services.workflow.adapters.provider_stripe import StripeProvider, open_stripe_provider
from services.workflow.ports import OutcomeUnknownError, ProviderMisuseError, ProviderState
from tests.support.payment_provider_behaviour import SECRETS, PaymentProviderBehaviour, SignedWebhook, Signer, a_submission, settled_today
from tests.support.stripe_front import StripeFront, a_stripe_front
from tests.support.stripe_mock import API_KEY, a_stripe_mock


class StripeWorld:
    """Stripe as the front plays it."""

    def __init__(self, provider: StripeProvider, front: StripeFront) -> None:
        self.provider = provider
        self.front = front
        self.book = front.book

    def capture(self, amount_minor: int) -> str:
        return self.book.capture(amount_minor)

    def lose_answers(self, *, lose: bool) -> None:
        self.front.losing = lose

    def be_broken(self, *, broken: bool) -> None:
        self.front.broken = broken

    def fail_next_refund(self) -> None:
        self.book.failing += 1

    def refund_by_hand(self, reference: str, amount_minor: int) -> str:
        return str(self.book.refund(reference, amount_minor, {})["id"])

    def reverse(self, submission_id: SubmissionId) -> None:
        self.book.fail(self.book.of_submission(str(submission_id)))

    def webhook_about(self, submission_id: SubmissionId) -> SignedWebhook:
        refund = self.book.of_submission(str(submission_id))
        return self._event("refund.failed" if refund["status"] == "failed" else "refund.updated", refund)

    def webhooks_about_something_else(self) -> Sequence[SignedWebhook]:
        self.refund_by_hand(self.capture(100), 100)
        payment = {"id": "pi_1", "object": "payment_intent", "amount": 400, "currency": "gbp"}
        return [self._event("refund.created", self.book.refunds[-1]), self._event("payment_intent.succeeded", payment)]

    def sign(self, body: bytes, by: Signer = Signer.CURRENT, at: datetime | None = None) -> Mapping[str, str]:
        moment = int((at or datetime.now(UTC)).timestamp())
        return {"Stripe-Signature": WebhookSignature.generate_signature_header(body.decode(), SECRETS[by], moment)}

    def _event(self, event_type: str, about: Mapping[str, Any]) -> SignedWebhook:
        event = self.front.ask_mock("GET", "/v1/events/evt_1")
        body = json.dumps({**event, "type": event_type, "data": {"object": about}}).encode()
        return SignedWebhook(self.sign(body), body)


@pytest.fixture(scope="module")
def mock_url() -> Iterator[str]:
    with a_stripe_mock() as url:
        yield url


@pytest.fixture
async def world(mock_url: str) -> AsyncIterator[StripeWorld]:
    with a_stripe_front(mock_url) as front:
        async with open_stripe_provider(API_KEY, [SECRETS[Signer.CURRENT], SECRETS[Signer.FORMER]], front.url) as provider:
            yield StripeWorld(provider, front)
        assert front.complaints == []


class TestStripeProvider(PaymentProviderBehaviour):
    """The behaviour of every provider, with the fixture ``world`` of this module."""


async def test_a_key_that_stripe_has_forgotten_pays_nothing_twice(world: StripeWorld) -> None:
    submission = a_submission(world.capture(1000))
    first = await world.provider.submit(submission)
    world.book.forget_keys()
    assert await world.provider.submit(submission) == first
    assert len(world.book.refunds) == 1


async def test_an_error_that_stripe_has_stored_stays_unknown_until_the_key_is_forgotten(world: StripeWorld) -> None:
    submission = a_submission(world.capture(1000))
    world.book.erring = 1
    for _ in range(2):  # the second time Stripe only repeats itself
        with pytest.raises(OutcomeUnknownError):
            await world.provider.submit(submission)
        assert await world.provider.find(submission) is None
    world.book.forget_keys()
    assert (await world.provider.submit(submission)).state is ProviderState.SUCCEEDED
    assert len(world.book.refunds) == 1


async def test_a_refused_submission_sent_again_with_another_amount_is_misuse(world: StripeWorld) -> None:
    submission = a_submission(world.capture(300), 400)
    assert (await world.provider.submit(submission)).failure_code == "invalid_amount"
    with pytest.raises(ProviderMisuseError):
        await world.provider.submit(replace(submission, amount_minor=200))


async def test_lists_are_read_to_their_end(world: StripeWorld) -> None:
    payment = world.capture(1000)
    oldest = a_submission(payment, 10)
    await world.provider.submit(oldest)
    made = {world.refund_by_hand(payment, 10) for _ in range(6)}
    assert await world.provider.find(oldest) is not None
    assert made < {line.provider_refund_id for line in await settled_today(world.provider)}


async def test_a_failure_after_a_pending_answer_is_a_refund_and_its_reversal(world: StripeWorld) -> None:
    world.fail_next_refund()
    submission = a_submission(world.capture(1000))
    assert (await world.provider.submit(submission)).state is ProviderState.PENDING
    assert [line.kind.value for line in await settled_today(world.provider)] == ["refund", "reversal"]


async def test_stripes_mock_alone_accepts_what_is_sent_and_remembers_nothing(mock_url: str) -> None:
    async with open_stripe_provider(API_KEY, [], mock_url) as provider:
        for reference in ("pi_1", "ch_1"):
            submission = replace(a_submission(reference), currency="USD")
            assert await provider.find(submission) is None
            with pytest.raises(ProviderMisuseError, match="another submission's id"):  # the mock forgets the metadata
                await provider.submit(submission)
        assert await settled_today(provider) == []


def test_stripes_mock_refuses_what_is_not_in_stripes_description(mock_url: str) -> None:
    refused = httpx2.post(f"{mock_url}/v1/refunds", data={"amounts": "4"}, headers={"authorization": f"Bearer {API_KEY}"}, trust_env=False)
    assert refused.status_code == 400
