"""One whole return over HTTP, as storefront and warehouse would make it: open, choose, label, receive, inspect, until its refund is settled."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import orjson

from contracts.roles import Role
from deploy.local.bench.http_connection import HttpConnection
from deploy.local.bench.orders import MERCHANT
from deploy.local.bench.place import Place
from services.kit.tokens import ALL_MERCHANTS, issue_staff_token

_PATIENCE_SECONDS = 120.0
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
    """Makes returns. ``look_seconds`` is how long a caller waits before it looks at a case again."""

    def __init__(self, place: Place, look_seconds: float = 0.1) -> None:
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
        self.look_seconds = look_seconds

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return self.intake.calls + self.logistics.calls

    async def whole(self, number: str) -> float:
        """One return of two units of an order; the seconds from the application to the settled refund. The customer then says that all is well."""
        began = perf_counter()
        case = await self.open(number)
        path = f"/v1/cases/{case['case_id']}"
        offer = (await self._until(path, lambda seen: seen["offer"] is not None))["offer"]
        await self.intake.call("POST", f"{path}/choice", {"offer_id": offer["offer_id"], "option": "return_refund"}, f"choice/{number}")
        await self._until(path, lambda seen: bool(seen["returning"] and seen["returning"]["label_url"]))
        receipt = await self.logistics.call("POST", "/v1/receipts", {"case_number": case["case_number"]}, f"receipt/{number}")
        inspection = f"/v1/returns/{receipt['rma_id']}/inspection"
        await self.logistics.call("POST", inspection, {"result": "match"}, f"inspection/{number}")
        await self._until(
            path, lambda seen: any(refund["state"] == "settled" for refund in seen["refunds"]) and seen["status"] == "confirming"
        )
        seconds = perf_counter() - began
        await self.intake.call("POST", f"{path}/satisfaction", {"satisfied": True}, f"satisfied/{number}")
        return seconds

    async def open(self, number: str) -> Any:
        """Open a case about an order; the answer."""
        body = {"order_number": number, "scene": "return.no_reason", "lines": [{"line_id": "1", "quantity": 2}], "locale": "en"}
        return await self.intake.call("POST", "/v1/cases", body, f"open/{number}")

    async def offered(self, case_id: str) -> None:
        """Wait until a case has its offer."""
        await self._until(f"/v1/cases/{case_id}", lambda seen: seen["offer"] is not None)

    async def close(self) -> None:
        """End all connections."""
        await self.intake.close()
        await self.logistics.close()

    async def _until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                await asyncio.sleep(self.look_seconds)
                seen = await self.intake.call("GET", path)
                if holds(seen):
                    return seen


def _door(url: str, token: str) -> Door:
    parts = urlsplit(url)
    return Door(parts.hostname or "", parts.port or 0, token)
