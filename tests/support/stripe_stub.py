"""Answers of Stripe's without a network: for what no mock server says, such as an error 500 or nothing at all."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import requests
from requests.adapters import BaseAdapter

from services.workflow.adapters.provider_stripe import StripeProvider

API_BASE = "http://stripe.invalid"
Answer = tuple[int, Mapping[str, Any]] | Exception
"""Status and JSON, or what goes wrong on the way."""


def an_error(status: int, **error: Any) -> Answer:
    """An error as Stripe words it."""
    return status, {"error": {"message": "words for people", "type": "invalid_request_error", **error}}


def a_list(*items: Mapping[str, Any]) -> Answer:
    """A list of one page."""
    return 200, {"object": "list", "data": list(items), "has_more": False, "url": "/v1/list"}


class StripeStub(BaseAdapter):
    """Answers by method and path (``"POST /v1/refunds"``), and keeps what was asked. A payment is in GBP and has no refunds unless it is said."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__()
        self.answers: dict[str, Answer] = {
            "GET /v1/refunds": a_list(),
            "GET /v1/payment_intents/pi_1": (200, {"object": "payment_intent", "id": "pi_1", "currency": "gbp"}),
            "GET /v1/charges/ch_1": (200, {"object": "charge", "id": "ch_1", "currency": "gbp"}),
            **answers,
        }
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.asked.append(request)
        answer = self.answers[f"{request.method} {request.path_url.partition('?')[0]}"]
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, body = answer
        response._content = json.dumps(body).encode()
        response.request = request
        return response

    def close(self) -> None:
        """Nothing to close."""

    def sent(self, method: str) -> list[requests.PreparedRequest]:
        """The requests of a method."""
        return [request for request in self.asked if request.method == method]


@asynccontextmanager
async def a_stubbed_provider(
    api_key: str = "sk_test_1", webhook_secrets: Sequence[str] = (), **answers: Answer
) -> AsyncIterator[tuple[StripeProvider, StripeStub]]:
    """The adapter on a stub; names of ``answers`` are methods, which stand for the refunds' path."""
    stub = StripeStub({f"{method.upper()} /v1/refunds": answer for method, answer in answers.items()})
    with requests.Session() as session, ThreadPoolExecutor(2) as executor:
        session.mount(API_BASE, stub)
        yield StripeProvider(api_key, webhook_secrets, executor, session, API_BASE), stub
