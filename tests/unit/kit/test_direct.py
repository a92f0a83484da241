"""Direct routes: served without the framework's dependencies, and in all else routes like others."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from services.kit.direct import add_direct_route
from services.kit.health import Health
from services.kit.http import JsonResponse, create_app
from services.kit.problems import Problem


async def _weigh(request: Request) -> Response:
    if request.headers.get("x-refuse"):
        raise Problem(409, "refused", "Not like this.")
    return JsonResponse({"bytes": len(await request.body())}, status_code=202)


@pytest.fixture
def app() -> FastAPI:
    app = create_app(title="test", health=Health(), max_body_bytes=1000)

    @app.get("/v1/things")
    async def things() -> list[str]:
        return ["one"]

    add_direct_route(app, "/v1/things", _weigh, status_code=202, summary="Weigh it", tags=["things"])
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as opened:
        yield opened


async def test_its_endpoint_takes_the_request_and_gives_the_answer(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/things", content=b"abc")

    assert (answer.status_code, answer.json()) == (202, {"bytes": 3})
    assert answer.headers["trace-id"]


async def test_what_it_refuses_is_a_problem(client: httpx2.AsyncClient) -> None:
    refused = await client.post("/v1/things", headers={"x-refuse": "yes"})
    too_large = await client.post("/v1/things", content=b"a" * 1001)

    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    assert (too_large.status_code, too_large.json()["code"]) == (413, "body_too_large")


async def test_other_methods_of_its_path_are_served_or_refused_as_ever(client: httpx2.AsyncClient) -> None:
    refused = await client.delete("/v1/things")

    assert (await client.get("/v1/things")).json() == ["one"]
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"


async def test_it_is_counted_under_its_path(client: httpx2.AsyncClient) -> None:
    await client.post("/v1/things")

    assert 'route="/v1/things",status="202"' in (await client.get("/metrics")).text


def test_it_is_documented(app: FastAPI) -> None:
    documented = app.openapi()["paths"]["/v1/things"]

    assert documented.keys() == {"get", "post"}
    assert (documented["post"]["summary"], documented["post"]["tags"]) == ("Weigh it", ["things"])
    assert "202" in documented["post"]["responses"]
