"""One whole return over HTTP, as storefront and warehouse would make it: open, choose, label, receive, inspect, until its refund is settled."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import orjson

from contracts.events import CaseEvent
from contracts.resolution_v1 import ConfirmationRequested, OfferMade
from contracts.roles import Role
from contracts.shipment_v1 import ReturnLabelCreated
from deploy.local.bench.case_news import CaseNews, case_news
from deploy.local.bench.http_connection import HttpConnection
from deploy.local.bench.orders import MERCHANT
from deploy.local.bench.place import Place
from services.kit.tokens import ALL_MERCHANTS, issue_staff_token

_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.03
"""Intake hears of an event when everybody does; how long a caller leaves it each time before looking."""
_SUCCESS = range(200, 300)


class CallFailedError(RuntimeError):
    """A server answered with something else than success."""


@dataclass
class Door:
    """One service's HTTP door for one caller: connections that are used again, and how many calls were made."""

    host: str
    port: int
    token: str
    calls: int = 0
    _idle: list[HttpConnection] = field(default_factory=list)

    async def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """The JSON of an answer. Raises :class:`CallFailedError`."""
        content = b"" if body is None else orjson.dumps(body)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", f"Authorization: Bearer {self.token}"]
        lines += [f"Content-Length: {len(content)}", "Content-Type: application/json", *([f"Idempotency-Key: {key}"] if key else [])]
        connection = self._idle.pop() if self._idle else HttpConnection(self.host, self.port)
        self.calls += 1
        try:
            status, answer = await connection.send("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        except BaseException:
            await connection.close()
            raise
        self._idle.append(connection)
        if status not in _SUCCESS:
            raise CallFailedError(f"{method} {path}: {status} {answer[:300]!r}")
        return orjson.loads(answer) if answer else None

    async def close(self) -> None:
        """End the connections."""
        for connection in self._idle:
            await connection.close()
        self._idle.clear()


class ReturnCalls:
    """Makes returns: acts over HTTP, and looks at a case over HTTP whenever an event says that it went on."""

    def __init__(self, place: Place, news: CaseNews) -> None:
        credentials = place.stack.credentials
        staff = issue_staff_token(
            credentials.staff_private_key,
            staff_id="bench",
            roles=[Role.WAREHOUSE_SUPERVISOR],
            merchants=[ALL_MERCHANTS],
            lifetime=timedelta(hours=12),
        )
        self.intake = _door(place.stack.url("intake"), credentials.merchants[MERCHANT]["api_key"])
        self.logistics = _door(place.stack.url("logistics"), staff)
        self._news = news

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return self.intake.calls + self.logistics.calls

    async def whole(self, number: str) -> float:
        """One return of two units of an order; the seconds from the application to the settled refund. The customer then says that all is well."""
        began = perf_counter()
        case = await self.open(number)
        case_id = case["case_id"]
        path = f"/v1/cases/{case_id}"
        offer = (await self._seen_after(OfferMade, case_id, lambda seen: seen["offer"] is not None))["offer"]
        await self.intake.call("POST", f"{path}/choice", {"offer_id": offer["offer_id"], "option": "return_refund"}, f"choice/{number}")
        await self._seen_after(ReturnLabelCreated, case_id, lambda seen: bool(seen["returning"] and seen["returning"]["label_url"]))
        receipt = await self.logistics.call("POST", "/v1/receipts", {"case_number": case["case_number"]}, f"receipt/{number}")
        inspection = f"/v1/returns/{receipt['rma_id']}/inspection"
        await self.logistics.call("POST", inspection, {"result": "match"}, f"inspection/{number}")
        await self._seen_after(ConfirmationRequested, case_id, _is_refunded)
        seconds = perf_counter() - began
        await self.intake.call("POST", f"{path}/satisfaction", {"satisfied": True}, f"satisfied/{number}")
        self._news.forget(case_id)
        return seconds

    async def open(self, number: str) -> Any:
        """Open a case about an order; the answer."""
        body = {"order_number": number, "scene": "return.no_reason", "lines": [{"line_id": "1", "quantity": 2}], "locale": "en"}
        return await self.intake.call("POST", "/v1/cases", body, f"open/{number}")

    async def offered(self, case_id: str) -> None:
        """Wait until a case has its offer."""
        await self._seen_after(OfferMade, case_id, lambda seen: seen["offer"] is not None)

    async def hang_up(self) -> None:
        """End all connections; the next calls make new ones."""
        await self.intake.close()
        await self.logistics.close()

    async def _seen_after(self, event: type[CaseEvent], case_id: str, holds: Callable[[Any], bool]) -> Any:
        """The case as intake shows it once it knows of the event as well."""
        await self._news.heard(case_id, event)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                seen = await self.intake.call("GET", f"/v1/cases/{case_id}")
                if holds(seen):
                    return seen


@asynccontextmanager
async def return_calls(place: Place) -> AsyncIterator[ReturnCalls]:
    """Callers of a place's doors who listen to its events."""
    async with case_news(place.kafka) as news:
        calls = ReturnCalls(place, news)
        try:
            yield calls
        finally:
            await calls.hang_up()


def _is_refunded(seen: Any) -> bool:
    return seen["status"] == "confirming" and any(refund["state"] == "settled" for refund in seen["refunds"])


def _door(url: str, token: str) -> Door:
    parts = urlsplit(url)
    return Door(parts.hostname or "", parts.port or 0, token)
