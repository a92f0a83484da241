"""Webhooks of Stripe's beyond what all providers have in common: its header, its modes, its other events."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from stripe import WebhookSignature

from services.kit.problems import Problem
from services.workflow.adapters.stripe_webhooks import read_webhook
from services.workflow.ports import ProviderMisuseError, ProviderRefund, ProviderState

SECRET = "whsec_of_the_endpoint"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OURS = uuid4()


@pytest.fixture(autouse=True)
def _now() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def an_event(event_type: str = "refund.updated", *, livemode: bool = False, **refund: Any) -> bytes:
    made = {
        "object": "refund",
        "id": "re_1",
        "amount": 400,
        "currency": "gbp",
        "status": "succeeded",
        "metadata": {"submission_id": str(OURS)},
    }
    return json.dumps({"object": "event", "type": event_type, "livemode": livemode, "data": {"object": {**made, **refund}}}).encode()


def signature(body: bytes, at: datetime = NOW, secret: str = SECRET) -> str:
    return str(WebhookSignature.generate_signature_header(body.decode(), secret, int(at.timestamp())))


def read(body: bytes, header: str | None = None, *, live: bool = False) -> ProviderRefund | None:
    return read_webhook(["whsec_new", SECRET], {"Stripe-Signature": header if header is not None else signature(body)}, body, live=live)


def refusal(body: bytes, header: str) -> str:
    with pytest.raises(Problem) as refused:
        read(body, header)
    assert refused.value.status == 401
    return refused.value.code


@pytest.mark.parametrize("event_type", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"])
def test_every_event_about_a_refund_says_how_it_stands(event_type: str) -> None:
    said = read(an_event(event_type, status="failed", failure_reason="expired_or_canceled_card"))
    assert said is not None
    assert (said.submission_id, said.state, said.failure_code) == (OURS, ProviderState.FAILED, "expired_or_canceled_card")


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [
        ("pending", ProviderState.PENDING, None),
        ("requires_action", ProviderState.PENDING, None),
        ("succeeded", ProviderState.SUCCEEDED, None),
        ("failed", ProviderState.FAILED, "failed"),
        ("canceled", ProviderState.FAILED, "canceled"),
    ],
)
def test_each_status_is_one_of_our_states(status: str, state: ProviderState, code: str | None) -> None:
    said = read(an_event(status=status))
    assert said is not None
    assert (said.state, said.failure_code) == (state, code)


def test_what_is_not_about_a_refund_of_ours_in_this_mode_is_nothing() -> None:
    assert read(an_event("charge.refunded")) is None
    assert read(an_event(metadata={})) is None
    assert read(an_event(metadata={"submission_id": "by hand"})) is None
    assert read(an_event(livemode=True)) is None
    assert read(an_event(livemode=False), live=True) is None
    assert read(an_event(livemode=True), live=True) is not None


@pytest.mark.parametrize(
    "wrong", [{"status": "lost"}, {"status": None}, {"amount": "four"}, {"currency": "zzz"}, {"amount": 550, "currency": "isk"}]
)
def test_a_refund_that_cannot_be_read_is_misuse(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProviderMisuseError):
        read(an_event(**wrong))


def test_the_moment_that_counts_is_the_signed_one() -> None:
    body = an_event()
    old = signature(body, NOW - timedelta(minutes=6))
    assert refusal(body, f"{old},t={int(NOW.timestamp())}") == "webhook_timestamp_stale"
    assert refusal(body, signature(body, NOW + timedelta(minutes=6))) == "webhook_timestamp_stale"
    assert refusal(body, f"t={int(NOW.timestamp())},{old}") == "webhook_signature_invalid"
    assert read(body, signature(body, NOW - timedelta(minutes=4))) is not None


def test_a_header_in_any_other_form_is_an_invalid_signature() -> None:
    body = an_event()
    moment = int(NOW.timestamp())
    for wrong in (
        "",
        "t",
        "t=",
        "v1=,t=",
        f"t={moment}",
        f"t={moment},v1=",
        f"t={moment},v1=ü",
        f"t={moment},v0={'0' * 64}",
        "t=1e400,v1=00",
    ):
        assert refusal(body, wrong) == "webhook_signature_invalid"
    assert refusal(b"\xff", signature(body)) == "webhook_signature_invalid"
    assert refusal(body, signature(body, secret="whsec_of_somebody_else")) == "webhook_signature_invalid"


def test_a_doubled_part_of_the_signed_moment_is_read_as_it_was_verified() -> None:
    body = an_event()
    said = read(body, signature(body).replace(",", "=9,", 1))
    assert said is not None
    assert said.submission_id == UUID(str(OURS))


def test_without_a_secret_nothing_is_verified() -> None:
    body = an_event()
    with pytest.raises(Problem):
        read_webhook([], {"stripe-signature": signature(body)}, body, live=False)
    with pytest.raises(Problem):
        read_webhook(["  "], {"stripe-signature": signature(body, secret="  ")}, body, live=False)
