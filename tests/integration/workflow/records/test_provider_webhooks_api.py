"""Webhooks of providers over HTTP: whichever mode's secret verifies takes it, for its own submissions only, and the status says what became of it."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from stripe import WebhookSignature

from contracts.identifiers import CaseId
from services.kit.postgres import transaction
from tests.support.builders import a_case, a_payment, an_order
from tests.support.stripe_stub import a_stubbed_provider
from tests.support.workflow_api import a_client, an_api
from tests.support.workflow_records import RecordsDesk, an_issue, heard_by_nobody

pytestmark = pytest.mark.engines

SECRETS = {"test": "whsec_of_test_mode", "live": "whsec_of_live_mode"}


@pytest.fixture
async def client(desk: RecordsDesk) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        a_stubbed_provider("sk_test_1", [SECRETS["test"]]) as (test, _),
        a_stubbed_provider("sk_live_1", [SECRETS["live"]]) as (live, _),
        a_client(an_api(desk, [test, live])) as called,
    ):
        yield called


async def a_submission_of(desk: RecordsDesk, mode: str, provider: str = "stripe") -> dict[str, Any]:
    """A submission of a merchant of that mode."""
    order = an_order(uuid4().hex[:12], payments=(a_payment(1275, provider=provider),))
    case_id = CaseId(uuid4())
    opened = a_case(order=order, case_id=case_id, case_number=f"C26-{case_id.hex[:6]}")
    async with transaction(desk.pool) as conn:
        await desk.orders.apply(conn, order)
        await desk.cases.open(conn, opened, heard_by_nobody(), test=mode == "test")
    issue = an_issue(opened)
    await desk.request(issue)
    (submission,) = await desk.submissions(issue.refund.refund_id)
    return submission


async def tell(client: httpx2.AsyncClient, mode: str, submission: dict[str, Any], *, livemode: bool | None = None) -> tuple[int, str]:
    """The status and code that a webhook about a paid submission gets."""
    metadata = {"submission_id": str(submission["submission_id"])}
    refund = {"id": "re_1", "amount": submission["amount_minor"], "currency": "gbp", "status": "succeeded", "metadata": metadata}
    livemode = mode == "live" if livemode is None else livemode
    event = {"object": "event", "type": "refund.updated", "livemode": livemode, "data": {"object": refund}}
    return await post(client, SECRETS[mode], json.dumps(event).encode())


async def post(client: httpx2.AsyncClient, secret: str, body: bytes, at: int | None = None) -> tuple[int, str]:
    headers = {"Stripe-Signature": WebhookSignature.generate_signature_header(body.decode(), secret, at)}
    answer = await client.post("/v1/providers/stripe/webhooks", content=body, headers=headers)
    return answer.status_code, answer.json()["code"] if answer.content else ""


async def state_of(desk: RecordsDesk, submission: dict[str, Any]) -> str:
    (now,) = await desk.submissions(submission["refund_id"])
    return str(now["state"])


@pytest.mark.parametrize("mode", ["test", "live"])
async def test_a_webhook_of_either_mode_settles_its_submission(desk: RecordsDesk, client: httpx2.AsyncClient, mode: str) -> None:
    submission = await a_submission_of(desk, mode)
    assert await tell(client, mode, submission) == (204, "")
    assert await state_of(desk, submission) == "succeeded"


async def test_play_money_settles_no_live_submission(desk: RecordsDesk, client: httpx2.AsyncClient) -> None:
    submission = await a_submission_of(desk, "live")
    assert await tell(client, "test", submission) == (204, "")
    assert await tell(client, "live", submission, livemode=False) == (204, "")
    assert await state_of(desk, submission) == "created"


async def test_a_provider_settles_no_submission_of_another(desk: RecordsDesk, client: httpx2.AsyncClient) -> None:
    submission = await a_submission_of(desk, "test", provider="sandbox")
    assert await tell(client, "test", submission) == (204, "")
    assert await state_of(desk, submission) == "created"


async def test_the_status_says_what_is_wrong_with_a_webhook(client: httpx2.AsyncClient) -> None:
    long_ago = int(time.time()) - 400
    assert await post(client, "whsec_of_somebody_else", b"{}") == (401, "webhook_signature_invalid")
    assert await post(client, SECRETS["live"], b"{}", long_ago) == (401, "webhook_timestamp_stale")
    assert await post(client, SECRETS["test"], b"{}", long_ago) == (401, "webhook_timestamp_stale")
    assert await post(client, SECRETS["live"], b"{}") == (400, "webhook_unreadable")
    assert await tell(client, "test", {"submission_id": uuid4(), "amount_minor": 1}) == (204, "")
