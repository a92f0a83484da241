"""The HTTP edge: every error is problem+json, bodies are bounded, every request has a trace."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

from services.kit.errors import TransientError
from services.kit.health import Health
from services.kit.http import JsonResponse, create_app, etag, require_match
from services.kit.idempotency import IdempotencyKeyHeader
from services.kit.problems import Problem

MISTAKE = "a mistake with anna@example.org inside"


class Line(BaseModel):
    sku: str
    quantity: int = Field(ge=1)


class OrderIn(BaseModel):
    lines: list[Line]


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def app(health: Health) -> FastAPI:
    app = create_app(title="test", health=health, max_body_bytes=1000, larger_bodies={r"^/v1/large$": 5000})

    @app.post("/v1/orders", status_code=201)
    async def orders(order: OrderIn, page: int = 1) -> dict[str, int]:
        return {"lines": len(order.lines), "page": page}

    @app.post("/v1/large")
    async def large(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.post("/v1/cases")
    async def cases(key: IdempotencyKeyHeader) -> dict[str, str]:
        return {"key": key}

    @app.get("/v1/broken")
    async def broken() -> None:
        raise RuntimeError(MISTAKE)

    @app.get("/v1/unavailable")
    async def unavailable() -> None:
        raise TransientError("the database is away")

    @app.get("/v1/missing/{number}")
    async def missing(number: str) -> None:
        raise Problem(404, "order_not_found", "There is no such order.", f"Send {number} first.", headers={"X-Extra": "1"})

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as opened:
        yield opened


def _problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["title"]
    assert problem["trace_id"] == response.headers["trace-id"]
    return problem


async def test_a_problem_is_answered_as_it_was_raised(client: httpx2.AsyncClient) -> None:
    response = await client.get("/v1/missing/42")
    assert _problem(response, 404, "order_not_found")["detail"] == "Send 42 first."
    assert response.headers["x-extra"] == "1"


async def test_wrong_fields_are_named_by_json_pointers(client: httpx2.AsyncClient) -> None:
    response = await client.post("/v1/orders?page=x", json={"lines": [{"sku": "a", "quantity": 0}, {"quantity": 1}]})
    pointers = {error["pointer"] for error in _problem(response, 422, "invalid_request")["errors"]}
    assert pointers == {"/lines/0/quantity", "/lines/1/sku", "query:page"}


async def test_a_body_that_is_not_json_is_400(client: httpx2.AsyncClient) -> None:
    response = await client.post("/v1/orders", content=b'{"lines": [', headers={"content-type": "application/json"})
    _problem(response, 400, "malformed_json")


@pytest.mark.parametrize("body", [b"\xff\xfe", b'"text"', b"[1]", b"null", b"", b"[" * 900])
async def test_no_body_makes_the_server_fail(client: httpx2.AsyncClient, body: bytes) -> None:
    response = await client.post("/v1/orders", content=body, headers={"content-type": "application/json"})
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"


async def test_unknown_routes_and_methods_are_problems(client: httpx2.AsyncClient) -> None:
    _problem(await client.get("/v1/nothing"), 404, "not_found")
    response = await client.delete("/v1/orders")
    _problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


async def test_an_unhandled_error_is_500_and_shows_nothing_of_itself(client: httpx2.AsyncClient) -> None:
    problem = _problem(await client.get("/v1/broken"), 500, "internal_error")
    assert "anna" not in json.dumps(problem)


async def test_what_will_pass_is_503_with_retry_after(client: httpx2.AsyncClient) -> None:
    response = await client.get("/v1/unavailable")
    _problem(response, 503, "unavailable")
    assert response.headers["retry-after"] == "2"


async def _chunks(total: int) -> AsyncIterator[bytes]:
    for _ in range(total // 100):
        yield b"x" * 100


async def test_a_body_above_the_limit_is_413_whether_declared_or_chunked(client: httpx2.AsyncClient) -> None:
    _problem(await client.post("/v1/orders", content=b"x" * 1001), 413, "body_too_large")
    chunked = await client.post("/v1/orders", content=_chunks(2000), headers={"content-type": "application/json"})
    _problem(chunked, 413, "body_too_large")
    _problem(await client.post("/v1/large", content=_chunks(6000)), 413, "body_too_large")


async def test_a_route_may_take_larger_bodies(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/v1/large", content=_chunks(4000))).json() == {"bytes": 4000}


async def test_a_trace_is_joined_or_begun(client: httpx2.AsyncClient) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    joined = await client.get("/healthz", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"})
    assert joined.headers["trace-id"] == trace_id
    begun = await client.get("/healthz", headers={"traceparent": "nonsense"})
    assert len(begun.headers["trace-id"]) == 32


async def test_an_idempotency_key_is_required_where_asked_for(client: httpx2.AsyncClient) -> None:
    _problem(await client.post("/v1/cases"), 400, "idempotency_key_required")
    _problem(await client.post("/v1/cases", headers={"Idempotency-Key": "k" * 201}), 400, "idempotency_key_required")
    assert (await client.post("/v1/cases", headers={"Idempotency-Key": "k"})).json() == {"key": "k"}


async def test_readiness_names_what_is_not_ready(client: httpx2.AsyncClient, health: Health) -> None:
    async def away() -> None:
        raise ConnectionRefusedError("no answer")

    async def fine() -> None:
        pass

    health.add("postgres", fine)
    assert (await client.get("/readyz")).status_code == 200
    health.add("kafka", away)
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"postgres": "ok", "kafka": "ConnectionRefusedError: no answer"}
    assert (await client.get("/healthz")).status_code == 200


async def test_a_stopping_process_is_not_ready(client: httpx2.AsyncClient, health: Health) -> None:
    health.draining = True
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "stopping")


async def test_metrics_count_by_route_and_not_by_path(client: httpx2.AsyncClient) -> None:
    await client.get("/v1/missing/secret-number")
    page = (await client.get("/metrics")).text
    assert 'route="/v1/missing/{number}",status="404"' in page
    assert "secret-number" not in page


async def test_the_api_page_needs_no_internet(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert "swagger-ui" in page
    assert "https://" not in page


def test_if_match_guards_a_change() -> None:
    require_match(etag(3), 3)
    require_match("*", 3)
    for sent, status in ((None, 428), (etag(2), 412)):
        with pytest.raises(Problem) as refused:
            require_match(sent, 3)
        assert refused.value.status == status


def test_json_responses_take_models() -> None:
    assert JsonResponse({"line": Line(sku="a", quantity=1)}).body == b'{"line":{"sku":"a","quantity":1}}'
