"""Webhooks of the sandbox: signed, sent until taken, and as unreliable as the switches say."""

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from deploy.local.sandbox import webhook_queue, webhook_sender
from deploy.local.sandbox.faults import FaultBoard
from deploy.local.sandbox.store import Store
from deploy.local.sandbox.switches import HttpSwitches
from tests.support.sandbox import WEBHOOK_SECRET, Receiver, SandboxServer, a_sandbox, wait_for


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def provider(tmp_path: Path, receiver: Receiver) -> Iterator[SandboxServer]:
    # A wall clock that is not UTC: signatures must not depend on it.
    with a_sandbox("payments", tmp_path, SANDBOX_PAYMENTS_WEBHOOK_URL=receiver.url, TZ="Asia/Shanghai") as server:
        yield server


@pytest.fixture
def api(provider: SandboxServer) -> Iterator[httpx2.Client]:
    with provider.client() as client:
        yield client


def refund_some(api: httpx2.Client, count: int = 1, **faults: Any) -> list[str]:
    """Refund ``count`` times under these faults; the refunds' ids in order."""
    api.put("/admin/faults", json={"settle_delay_ms": 0, **faults}).raise_for_status()
    body = {"amount_minor": 1000, "currency": "GBP", "method": "card", "merchant_reference": "1"}
    payment = api.post("/v1/payments", json=body, headers={"idempotency-key": "payment"}).json()["id"]
    wanted = {"payment_id": payment, "amount_minor": 10, "currency": "GBP"}
    return [api.post("/v1/refunds", json=wanted, headers={"idempotency-key": f"refund-{n}"}).json()["id"] for n in range(count)]


def test_an_outcome_is_told_with_a_signature_that_only_the_secret_makes(api: httpx2.Client, receiver: Receiver) -> None:
    [refund_id] = refund_some(api)
    wait_for(lambda: receiver.received)
    [webhook] = receiver.received
    event = Webhook(WEBHOOK_SECRET).verify(webhook.body, webhook.headers)
    assert (event["type"], event["data"]) == ("refund.succeeded", api.get(f"/v1/refunds/{refund_id}").json())
    with pytest.raises(WebhookVerificationError):
        Webhook(WEBHOOK_SECRET).verify(webhook.body.replace(b'"amount_minor":10', b'"amount_minor":99'), webhook.headers)


def test_a_failure_is_told_with_its_reason(api: httpx2.Client, receiver: Receiver) -> None:
    refund_some(api, settle_fail_rate=1)
    event = wait_for(lambda: receiver.received)[0].event
    assert (event["type"], event["data"]["status"], event["data"]["failure_code"]) == ("refund.failed", "failed", "account_closed")


def test_a_webhook_is_sent_under_one_id_until_it_is_taken(api: httpx2.Client, receiver: Receiver) -> None:
    receiver.refusals = 2
    refund_some(api)
    wait_for(lambda: receiver.received)
    assert {webhook.id for webhook in receiver.refused} == {receiver.received[0].id}
    [told] = wait_for(lambda: api.get("/admin/webhooks", params={"state": "delivered"}).json()["data"])
    assert (told["attempts"], told["last_status"]) == (3, 204)


def test_duplicates_come_under_the_same_id_and_every_one_is_signed(api: httpx2.Client, receiver: Receiver) -> None:
    refund_some(api, 5, webhook_duplicate_rate=1)
    wait_for(lambda: len(receiver.received) == 10)
    assert set(Counter(webhook.id for webhook in receiver.received).values()) == {2}
    for webhook in receiver.received:
        Webhook(WEBHOOK_SECRET).verify(webhook.body, webhook.headers)


def test_reordered_webhooks_all_come_but_not_in_the_order_of_the_facts(api: httpx2.Client, receiver: Receiver) -> None:
    refunds = refund_some(api, 12, webhook_reorder=True, webhook_reorder_window_ms=1500, seed=1)
    wait_for(lambda: len(receiver.received) == 12)
    told = [webhook.event["data"]["id"] for webhook in receiver.received]
    assert sorted(told) == sorted(refunds)
    assert told != refunds


def test_a_dropped_webhook_never_comes_and_the_look_up_tells_until_it_is_resent(api: httpx2.Client, receiver: Receiver) -> None:
    [refund_id] = refund_some(api, webhook_drop_rate=1)
    [dropped] = api.get("/admin/webhooks", params={"state": "dropped"}).json()["data"]
    assert api.get(f"/v1/refunds/{refund_id}").json()["status"] == "succeeded"
    assert receiver.received == []
    assert api.post("/admin/webhooks/resend", json={"event_id": dropped["event_id"]}).json() == {"queued": 1}
    assert wait_for(lambda: receiver.received)[0].id == dropped["event_id"]


def test_webhooks_that_nobody_took_are_sent_after_kill_9_and_restart(
    provider: SandboxServer, api: httpx2.Client, receiver: Receiver
) -> None:
    receiver.refusals = 1_000_000
    refunds = refund_some(api, 20)
    wait_for(lambda: receiver.refused)
    provider.kill_and_restart()
    receiver.refusals = 0
    wait_for(lambda: {webhook.event["data"]["id"] for webhook in receiver.received} == set(refunds), seconds=30)


@pytest.mark.parametrize("delay_ms", range(1, 5))
async def test_a_webhook_is_sent_whenever_it_comes_due(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, delay_ms: int
) -> None:
    clock = count()  # as on a busy machine: between any two looks at the clock, time goes on
    for module in (webhook_queue, webhook_sender):
        monkeypatch.setattr(module, "now_ms", clock.__next__)
    store = Store(tmp_path / "webhooks.sqlite3", webhook_queue.SCHEMA)
    board = FaultBoard(store, HttpSwitches)
    board.replace({"webhook_delay_ms": delay_ms})
    queue = webhook_queue.WebhookQueue(store, board)
    queue.endpoint = receiver.url
    queue.enqueue("refund.succeeded", "refund", "refund", {})
    sender = webhook_sender.WebhookSender(queue, WEBHOOK_SECRET)
    sender.start()
    try:
        await asyncio.to_thread(wait_for, lambda: receiver.received, 10)
    finally:
        await sender.stop()
        store.close()


def test_without_an_endpoint_webhooks_wait_for_one(tmp_path: Path, receiver: Receiver) -> None:
    with a_sandbox("payments", tmp_path) as server, server.client() as api:
        refund_some(api, 3)
        assert [one["attempts"] for one in api.get("/admin/webhooks").json()["data"]] == [0, 0, 0]
        api.put("/admin/webhook-endpoint", json={"url": receiver.url}).raise_for_status()
        wait_for(lambda: len(receiver.received) == 3)


def test_sigterm_ends_a_server_cleanly_with_webhooks_under_way(provider: SandboxServer, api: httpx2.Client, receiver: Receiver) -> None:
    receiver.refusals = 1_000_000
    refund_some(api, 5)
    assert provider.end(signal.SIGTERM) == 0
