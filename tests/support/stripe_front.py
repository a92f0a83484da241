"""A server that stands for Stripe, for tests.

Each request is first sent on to Stripe's mock, so that Stripe's own OpenAPI description judges it; what the mock answers gets a memory laid over it.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from tests.support.stripe_book import Shown, StripeBook, StripeSaysNoError, page
from tests.support.stripe_mock import API_KEY


@dataclass(frozen=True)
class Asked:
    """A request. ``target`` is path and query as they were sent, ``parameters`` are those of query or body by name (``metadata[submission_id]``)."""

    method: str
    target: str
    body: bytes
    key: str

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode() or urlsplit(self.target).query))


@dataclass
class StripeFront:
    """``complaints`` are what the mock found wrong with our requests: there must be none."""

    mock: httpx2.Client
    book: StripeBook = field(default_factory=StripeBook)
    complaints: list[str] = field(default_factory=list)
    losing: bool = False
    broken: bool = False
    url: str = ""
    _in_progress: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask_mock(self, method: str, target: str, body: bytes = b"") -> Shown:
        """The mock's answer; a refusal is a complaint."""
        answer = self.mock.request(method, target, content=body, headers={"content-type": "application/x-www-form-urlencoded"})
        shown: Shown = answer.json()
        if not answer.is_success:
            self.complaints.append(f"{method} {target} {body.decode()}: {shown}")
            raise StripeSaysNoError(500, type="api_error", message="the mock refuses the request")
        return shown

    def answer(self, asked: Asked) -> tuple[int, Shown]:
        """What Stripe would answer, by the book, in the shape of the mock's fixture. Raises ``StripeSaysNoError``."""
        if self.broken:
            raise StripeSaysNoError(503, type="api_error")
        if (asked.method, asked.path) == ("POST", "/v1/refunds"):
            return self._once(asked)
        fixture = self.ask_mock(asked.method, asked.target)
        with self._lock:
            if asked.path == "/v1/refunds":
                payment = self.book.payment(asked.parameters["payment_intent"])["id"]
                return 200, _listed(fixture, [one for one in self.book.refunds if one["payment_intent"] == payment], asked.parameters)
            if asked.path == "/v1/balance_transactions":
                return 200, _listed(fixture, self._transactions(asked.parameters), asked.parameters)
            kind, _, name = asked.path.removeprefix("/v1/").partition("/")
            assert kind == "payment_intents", asked.path
            return 200, {**fixture, **self.book.payment(name)}

    def _once(self, asked: Asked) -> tuple[int, Shown]:
        """Stripe's idempotency: the first answer is stored, errors too; another body is refused, and so is a repeat while the first is worked on."""
        with self._lock:
            if asked.key in self._in_progress:
                raise StripeSaysNoError(409, code="idempotency_key_in_use")
            if (stored := self.book.answers.get(asked.key)) is not None:
                body, status, shown = stored
                if body != asked.body:
                    raise StripeSaysNoError(400, type="idempotency_error")
                return status, shown
            self._in_progress.add(asked.key)
        try:
            fixture = self.ask_mock(asked.method, asked.target, asked.body)
            with self._lock:
                status, shown = 200, {**fixture, **self._refund(asked.parameters)}
        except StripeSaysNoError as no:
            status, shown = no.status, no.body
        with self._lock:
            self._in_progress.discard(asked.key)
            self.book.answers[asked.key] = (asked.body, status, shown)
        return status, shown

    def _refund(self, parameters: Mapping[str, str]) -> Shown:
        if self.book.erring:
            self.book.erring -= 1
            raise StripeSaysNoError(500, type="api_error")
        metadata = {name[len("metadata[") : -1]: value for name, value in parameters.items() if name.startswith("metadata[")}
        return dict(self.book.refund(parameters["payment_intent"], int(parameters["amount"]), metadata))

    def _transactions(self, parameters: Mapping[str, str]) -> list[Shown]:
        first, end = int(parameters["created[gte]"]), int(parameters["created[lt]"])
        assert parameters["expand[0]"] == "data.source", parameters
        refunds = {one["id"]: one for one in self.book.refunds}
        return [
            {**one, "source": refunds[one["source"]]}
            for one in self.book.transactions
            if one["type"] == parameters["type"] and first <= one["created"] < end
        ]


def _listed(fixture: Shown, items: list[Shown], parameters: Mapping[str, str]) -> Shown:
    shown, more = page(items, parameters)
    (like, *_) = fixture["data"]
    return {**fixture, "data": [{**like, **one} for one in shown], "has_more": more}


class _Handler(BaseHTTPRequestHandler):
    front: StripeFront

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["content-length"])))

    def _serve(self, body: bytes) -> None:
        try:
            status, shown = self.front.answer(Asked(self.command, self.path, body, self.headers.get("Idempotency-Key", "")))
        except StripeSaysNoError as no:
            status, shown = no.status, no.body
        if self.front.losing and self.command == "POST":
            self.close_connection = True
            return
        content = json.dumps(shown).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.send_header("request-id", "req_1")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        """Keep quiet."""


@contextmanager
def a_stripe_front(mock_url: str) -> Iterator[StripeFront]:
    """A running front, ended with the block."""
    mock = httpx2.Client(base_url=mock_url, headers={"authorization": f"Bearer {API_KEY}"}, trust_env=False)
    front = StripeFront(mock)
    handler = type("Handler", (_Handler,), {"front": front})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    front.url = f"http://127.0.0.1:{server.server_address[1]}"
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
        mock.close()
