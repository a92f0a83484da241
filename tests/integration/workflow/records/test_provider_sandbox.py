"""The sandbox adapter against the real sandbox server."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from contracts.identifiers import SubmissionId
from services.kit import webhooks
from services.workflow.adapters.provider_sandbox import SandboxProvider, open_sandbox_provider
from services.workflow.ports import OutcomeUnknownError, ProviderUnavailableError
from tests.support.payment_provider_behaviour import SECRETS, PaymentProviderBehaviour, SignedWebhook, Signer, a_submission
from tests.support.sandbox import API_KEY, WEBHOOK_SECRET, Receiver, SandboxServer, a_sandbox, wait_for

BY_HAND = "made-by-hand-"


class SandboxWorld:
    """The real sandbox, its switches and its webhooks."""

    def __init__(self, provider: SandboxProvider, api: httpx2.Client, receiver: Receiver) -> None:
        self.provider = provider
        self._api = api
        self._receiver = receiver

    def capture(self, amount_minor: int) -> str:
        body = {"amount_minor": amount_minor, "currency": "GBP", "method": "card", "merchant_reference": "536365"}
        answer = self._api.post("/v1/payments", json=body, headers={"idempotency-key": uuid4().hex})
        return str(answer.raise_for_status().json()["id"])

    def lose_answers(self, *, lose: bool) -> None:
        self._switch(drop_answer_rate=1 if lose else 0)

    def be_broken(self, *, broken: bool) -> None:
        self._switch(error_rate=1 if broken else 0)

    def fail_next_refund(self) -> None:
        self._switch(fail_next=[{"failure_code": "account_closed"}])

    def refund_by_hand(self, reference: str, amount_minor: int) -> str:
        body = {"payment_id": reference, "amount_minor": amount_minor, "currency": "GBP"}
        answer = self._api.post("/v1/refunds", json=body, headers={"idempotency-key": f"{BY_HAND}{uuid4()}"})
        return str(answer.raise_for_status().json()["id"])

    def reverse(self, submission_id: SubmissionId) -> None:
        self._api.post("/admin/reverse", json={"idempotency_key": str(submission_id)}).raise_for_status()

    def webhook_about(self, submission_id: SubmissionId) -> SignedWebhook:
        found = self._api.get("/v1/refunds", params={"idempotency_key": str(submission_id)}).raise_for_status().json()
        return self._arrived(str(submission_id), f"refund.{found['data'][0]['status']}")

    def webhooks_about_something_else(self) -> Sequence[SignedWebhook]:
        self.refund_by_hand(self.capture(100), 100)
        captured = json.dumps({"type": "payment.captured", "data": {}}).encode()
        return [self._arrived(BY_HAND, "refund.succeeded"), SignedWebhook(self.sign(captured), captured)]

    def sign(self, body: bytes, by: Signer = Signer.CURRENT, at: datetime | None = None) -> Mapping[str, str]:
        return webhooks.sign(WEBHOOK_SECRET if by is Signer.CURRENT else SECRETS[by], "evt_1", body, at)

    def _arrived(self, key: str, event_type: str) -> SignedWebhook:
        def arrived() -> SignedWebhook | None:
            for webhook in self._receiver.received:
                if webhook.event["data"]["idempotency_key"].startswith(key) and webhook.event["type"] == event_type:
                    return SignedWebhook(webhook.headers, webhook.body)
            return None

        return wait_for(arrived)

    def _switch(self, **switches: Any) -> None:
        self._api.patch("/admin/faults", json=switches).raise_for_status()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("payments", tmp_path_factory.mktemp("payments")) as running:
        yield running


class TestSandboxProvider(PaymentProviderBehaviour):
    @pytest.fixture
    async def world(self, server: SandboxServer) -> AsyncIterator[SandboxWorld]:
        with server.client() as api, Receiver() as receiver:
            api.post("/admin/reset-faults").raise_for_status()
            api.patch("/admin/faults", json={"settle_delay_ms": 0}).raise_for_status()
            api.put("/admin/webhook-endpoint", json={"url": receiver.url}).raise_for_status()
            async with open_sandbox_provider(server.url, API_KEY, [WEBHOOK_SECRET, SECRETS[Signer.FORMER]]) as provider:
                yield SandboxWorld(provider, api, receiver)
            api.put("/admin/webhook-endpoint", json={"url": None}).raise_for_status()


async def test_a_wrong_key_is_an_unknown_outcome_and_never_a_failure(server: SandboxServer) -> None:
    async with open_sandbox_provider(server.url, "no-such-key") as provider:
        with pytest.raises(OutcomeUnknownError):
            await provider.submit(a_submission("pay_1"))
        with pytest.raises(ProviderUnavailableError):
            await provider.find(a_submission("pay_1"))
