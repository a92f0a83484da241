"""What Stripe's answers mean for a submission: paid, refused for good, unknown, or for a person to look at."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
import requests

from services.workflow.ports import OutcomeUnknownError, ProviderMisuseError, ProviderState, ProviderUnavailableError, Submission
from tests.support.payment_provider_behaviour import a_submission
from tests.support.stripe_stub import Answer, a_list, a_stubbed_provider, an_error


def a_refund(submission: Submission, **changes: Any) -> dict[str, Any]:
    metadata = {"submission_id": str(submission.submission_id), "merchant_reference": submission.merchant_reference}
    return {"object": "refund", "id": "re_1", "amount": 400, "currency": "gbp", "status": "succeeded", "metadata": metadata, **changes}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (an_error(400, code="charge_already_refunded"), "charge_already_refunded"),
        (an_error(400, param="amount"), "invalid_amount"),
        (an_error(400), "invalid_request"),
        (an_error(404, code="resource_missing", param="payment_intent"), "resource_missing"),
        (an_error(402, type="card_error", code="expired_card"), "expired_card"),
        (an_error(400, code="balance_insufficient"), "balance_insufficient"),
    ],
)
async def test_a_final_refusal_is_a_failed_refund_with_stripes_code(answer: Answer, code: str) -> None:
    async with a_stubbed_provider(post=answer) as (provider, _):
        said = await provider.submit(a_submission("pi_1"))
    assert (said.state, said.failure_code, said.provider_refund_id) == (ProviderState.FAILED, code, None)


@pytest.mark.parametrize(
    "answer",
    [
        an_error(500, type="api_error"),
        an_error(503, type="api_error"),
        an_error(409, code="lock_timeout"),
        an_error(409, code="idempotency_key_in_use"),
        an_error(429, code="rate_limit"),
        an_error(400, code="rate_limit"),
        an_error(401),
        an_error(403),
        (502, {"no": "error"}),
        requests.ConnectTimeout(),
        requests.ReadTimeout(),
        requests.ConnectionError(),
    ],
)
async def test_what_does_not_tell_is_unknown_and_a_look_up_that_does_not_tell_is_no_not_found(answer: Answer) -> None:
    submission = a_submission("pi_1")
    async with a_stubbed_provider(post=answer) as (provider, _):
        with pytest.raises(OutcomeUnknownError):
            await provider.submit(submission)
    async with a_stubbed_provider(get=answer) as (provider, stub):
        with pytest.raises(OutcomeUnknownError):
            await provider.submit(submission)
        with pytest.raises(ProviderUnavailableError):
            await provider.find(submission)
        assert stub.sent("POST") == []


@pytest.mark.parametrize(
    "answer",
    [
        an_error(400, type="idempotency_error"),
        an_error(400, code="livemode_mismatch"),
        an_error(400, code="parameter_unknown", param="amounts"),
        (200, {"object": "refund", "id": "re_1", "amount": 400, "currency": "gbp", "status": "succeeded", "metadata": {}}),
        (200, {"object": "refund", "id": "re_1", "metadata": {"submission_id": str(uuid4())}}),
    ],
)
async def test_what_contradicts_us_is_for_a_person(answer: Answer) -> None:
    async with a_stubbed_provider(post=answer) as (provider, _):
        with pytest.raises(ProviderMisuseError):
            await provider.submit(a_submission("pi_1"))


async def test_a_refund_that_is_there_already_is_not_asked_for_again_whatever_became_of_the_key() -> None:
    submission = a_submission("pi_1")
    async with a_stubbed_provider(get=a_list(a_refund(submission, status="pending")), post=AssertionError("sent")) as (provider, _):
        said = await provider.submit(submission)
        assert (said.provider_refund_id, said.state) == ("re_1", ProviderState.PENDING)
        with pytest.raises(ProviderMisuseError):
            await provider.submit(replace(submission, amount_minor=401))


async def test_two_refunds_under_one_submission_are_for_a_person() -> None:
    submission = a_submission("pi_1")
    async with a_stubbed_provider(get=a_list(a_refund(submission), a_refund(submission, id="re_2"))) as (provider, _):
        with pytest.raises(ProviderMisuseError):
            await provider.find(submission)


async def test_a_payment_that_is_not_in_this_account_is_never_called_not_found() -> None:
    async with a_stubbed_provider(get=an_error(400, code="resource_missing", param="payment_intent")) as (provider, _):
        with pytest.raises(ProviderMisuseError):
            await provider.find(a_submission("pi_1"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"currency": "USD"}, "currency_mismatch"),
        ({"currency": "KWD", "amount_minor": 5124}, "amount_not_expressible"),
        ({"provider_reference": "pay_1"}, "payment_reference_unknown"),
    ],
)
async def test_what_stripe_could_not_pay_rightly_is_refused_before_it_is_sent(changes: dict[str, Any], code: str) -> None:
    submission = replace(a_submission("pi_1"), **changes)
    async with a_stubbed_provider() as (provider, stub):
        said = await provider.submit(submission)
    assert (said.state, said.failure_code) == (ProviderState.FAILED, code)
    assert stub.sent("POST") == []


@pytest.mark.parametrize(("reference", "parameter"), [("pi_1", "payment_intent"), ("ch_1", "charge")])
async def test_a_refund_is_asked_for_with_its_key_its_payment_and_our_ids(reference: str, parameter: str) -> None:
    submission = a_submission(reference)
    async with a_stubbed_provider(post=(200, a_refund(submission))) as (provider, stub):
        await provider.submit(submission)
    (sent,) = stub.sent("POST")
    assert sent.headers["Idempotency-Key"] == str(submission.submission_id)
    assert sent.headers["Authorization"] == "Bearer sk_test_1"
    assert parse_qs(str(sent.body)) == {
        parameter: [reference],
        "amount": ["400"],
        "metadata[submission_id]": [str(submission.submission_id)],
        "metadata[merchant_reference]": [submission.merchant_reference],
    }


async def test_the_key_says_which_mode_it_is_and_no_other_kind_of_key_is_taken() -> None:
    for key, sandbox in (("sk_test_1", True), ("rk_test_1", True), ("sk_live_1", False), ("rk_live_1", False)):
        async with a_stubbed_provider(key) as (provider, _):
            assert provider.sandbox is sandbox
    with pytest.raises(ValueError, match="begins with"):
        async with a_stubbed_provider("pk_live_1"):
            pass
