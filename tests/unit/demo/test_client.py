"""HTTP calls of the demo's people: repeated while a server is away, refused with its own words."""

from collections.abc import Callable

import httpx2
import pytest

from deploy.local.demo import client
from deploy.local.demo.client import Api, Refused, Unreachable

Answer = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_FIRST_PAUSE_SECONDS", 0.0)


def an_api(answer: Answer) -> Api:
    return Api(httpx2.AsyncClient(transport=httpx2.MockTransport(answer)), "http://shop.test", "token")


async def test_a_server_that_comes_back_is_asked_again_under_the_same_key() -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        if len(asked) == 1:
            raise httpx2.ConnectError("refused")
        return httpx2.Response(503 if len(asked) == 2 else 202, json={"case_id": "1"})

    assert await an_api(answer).post("/v1/cases", {"a": 1}, key="k1") == {"case_id": "1"}
    assert [request.headers["idempotency-key"] for request in asked] == ["k1"] * 3
    assert {request.headers["authorization"] for request in asked} == {"Bearer token"}
    assert {request.content for request in asked} == {b'{"a":1}'}


async def test_a_server_that_stays_away_is_given_up_in_words() -> None:
    with pytest.raises(Unreachable, match=r"GET /v1/cases at http://shop\.test: 500"):
        await an_api(lambda _request: httpx2.Response(500, text="boom")).get("/v1/cases")


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ({"code": "invalid_lines", "detail": "no"}, "invalid_lines", "422 invalid_lines (no)"),
        ({"code": "invalid_lines", "errors": [{"pointer": "/lines/0", "detail": "too many"}]}, "invalid_lines", "/lines/0: too many"),
        ({"error": {"code": "payment_not_found", "message": "no such payment"}}, "payment_not_found", "no such payment"),
        ({}, "unknown", "422 unknown"),
    ],
)
async def test_a_refusal_is_not_repeated_and_keeps_the_servers_words(body: dict[str, object], code: str, says: str) -> None:
    asked = 0

    def answer(_request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        return httpx2.Response(422, json=body)

    with pytest.raises(Refused) as refusal:
        await an_api(answer).post("/v1/cases", {})
    assert (asked, refusal.value.code, refusal.value.status) == (1, code, 422)
    assert says in str(refusal.value)


async def test_a_list_is_followed_to_its_end() -> None:
    pages = {None: {"items": [1, 2], "next_cursor": "b"}, "b": {"items": [3], "next_cursor": None}}
    api = an_api(lambda request: httpx2.Response(200, json=pages[request.url.params.get("cursor")]))
    assert [item async for item in api.pages("/v1/things", limit=2)] == [1, 2, 3]


async def test_lines_of_a_settlement_list_are_read_one_by_one() -> None:
    api = an_api(lambda _request: httpx2.Response(200, content=b'{"a":1}\n\n{"a":2}\n'))
    assert await api.lines("/v1/settlements") == [{"a": 1}, {"a": 2}]
