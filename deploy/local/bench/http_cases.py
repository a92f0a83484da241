"""Cases over HTTP: how much of the speed of bare transactions, and of a bare HTTP route, is left when a case is accepted durably."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from uuid import UUID, uuid4

import orjson

from contracts.merchant import load_merchants
from deploy.local.bench.baselines.case_rows import CaseRows
from deploy.local.bench.http_connection import HttpConnection, a_post, rate_of
from deploy.local.bench.orders import MERCHANT, a_snapshot, order_row
from deploy.local.bench.place import Place
from deploy.local.bench.programs.intake_with_noop import NOOP
from deploy.local.bench.report import Result, Row
from deploy.local.bench.turns import Turn, in_turns
from deploy.local.process import ProcessSpec
from deploy.local.server import HttpServer
from deploy.local.stack.environment import child_environment
from services.intake.adapters.orders import PostgresOrders
from services.kit.postgres import Pool, open_pool

HOST = "127.0.0.1"
CONNECTIONS = 16
"""As many as a process of intake has to PostgreSQL."""
_ACCEPTED = 202
_ORDERS_AT_ONCE = 500

ROWS = (
    TO_ROWS := Row(
        "http.cases_to_rows",
        "ratio",
        f"POST /v1/cases on one process of intake's API ÷ the same rows by one INSERT per table in one asyncpg transaction per case; "
        f"{CONNECTIONS} connections each; median of turns A B A B",
        hold=0.3,
        aim=0.8,
    ),
    TO_NOOP := Row(
        "http.cases_to_noop",
        "ratio",
        "the same POST /v1/cases ÷ a POST to the same process that checks caller, key and body alike and does nothing; median of turns",
        hold=0.25,
        aim=0.6,
    ),
    CASES := Row("http.cases", "cases/s", "POST /v1/cases, answered 202; median of turns"),
    TRANSACTIONS := Row("http.rows", "transactions/s", "the transactions of the first ratio; median of turns"),
    REQUESTS := Row("http.noop", "requests/s", "the requests that do nothing; median of turns"),
)


async def measure_http(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`."""
    size = place.size
    async with AsyncExitStack() as opened:
        pool = await opened.enter_async_context(
            open_pool(place.stack.settings("intake")["AFTERSALES_INTAKE_POSTGRES_DSN"], service="bench")
        )
        api = await opened.enter_async_context(_api(place))
        numbers = await _plant_orders(place, pool, size.requests * (size.turns + 1) + 1)
        case_id = await api.open_case(next(numbers))
        async with pool.acquire() as connection:
            rows = await CaseRows.like(connection, case_id)

        async def write_rows() -> None:
            async with pool.acquire() as connection:
                await rows.write(connection)

        async def cases() -> float:
            return await rate_of([partial(api.expect, api.case(next(numbers))) for _ in range(size.requests)], CONNECTIONS)

        async def transactions() -> float:
            return await rate_of([write_rows] * size.requests, CONNECTIONS)

        async def requests() -> float:
            return await rate_of([partial(api.expect, api.noop())] * size.requests, CONNECTIONS)

        programs: dict[str, Turn] = {"cases": cases, "rows": transactions, "noop": requests}
        rates = await in_turns(programs, size.turns)
    yield TO_ROWS.is_(rates.ratio("cases", "rows"))
    yield TO_NOOP.is_(rates.ratio("cases", "noop"))
    yield CASES.is_(rates.of("cases"))
    yield TRANSACTIONS.is_(rates.of("rows"))
    yield REQUESTS.is_(rates.of("noop"))


class _Api:
    """The server under load, with its idle connections."""

    def __init__(self, port: int, api_key: str) -> None:
        self._idle = [HttpConnection(HOST, port) for _ in range(CONNECTIONS)]
        self._api_key = api_key

    def case(self, number: str) -> bytes:
        """A request that opens a case about an order."""
        body = {"order_number": number, "scene": "return.no_reason", "lines": [{"line_id": "1", "quantity": 2}], "locale": "en"}
        return a_post(HOST, "/v1/cases", orjson.dumps(body), [("X-Api-Key", self._api_key), ("Idempotency-Key", f"open/{number}")])

    def noop(self) -> bytes:
        """The same request to the route that does nothing."""
        return self.case("B0000000").replace(b"POST /v1/cases ", f"POST {NOOP} ".encode(), 1)

    async def expect(self, request: bytes) -> None:
        """Send a request that must be accepted."""
        await self.answer(request)

    async def answer(self, request: bytes) -> bytes:
        """The answer to a request that must be accepted. Raises ``RuntimeError`` where it is not."""
        connection = self._idle.pop()
        try:
            status, body = await connection.send(request)
        finally:
            self._idle.append(connection)
        if status != _ACCEPTED:
            raise RuntimeError(f"intake answered {status}: {body[:300]!r}")
        return body

    async def open_case(self, number: str) -> UUID:
        """Open a case; its id."""
        return UUID(orjson.loads(await self.answer(self.case(number)))["case_id"])

    async def close(self) -> None:
        """End the connections."""
        for connection in self._idle:
            await connection.close()


@asynccontextmanager
async def _api(place: Place) -> AsyncIterator[_Api]:
    """Intake's API, and the route that does nothing, as a process of their own: no consumer and no relay computes beside them."""
    settings = place.stack.settings("intake")
    port = int(settings["AFTERSALES_INTAKE_HTTP_PORT"])
    argv = [sys.executable, "-m", "deploy.local.bench.programs.intake_with_noop"]
    spec = ProcessSpec("intake api", argv, place.stack.home / "logs" / "intake-api.log", child_environment(settings))
    server = HttpServer(spec, f"http://{HOST}:{port}")
    api = _Api(port, place.stack.credentials.merchants[MERCHANT]["api_key"])
    try:
        await server.start()
        await server.wait_ready()
        yield api
    finally:
        await api.close()
        await server.stop()


async def _plant_orders(place: Place, pool: Pool, wanted: int) -> Iterator[str]:
    """Put orders on record, each good for one case; their numbers."""
    merchant = load_merchants(place.stack.home / "merchants.json")[MERCHANT]
    run = uuid4().hex[:6].upper()
    numbers = [f"B{run}{number}" for number in range(wanted)]
    async with pool.acquire() as connection:
        for first in range(0, wanted, _ORDERS_AT_ONCE):
            rows = [order_row(merchant, a_snapshot(number)) for number in numbers[first : first + _ORDERS_AT_ONCE]]
            await PostgresOrders().upsert(connection, rows)
    return iter(numbers)
