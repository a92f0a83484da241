"""Everybody who talks to intake in these tests: the shop, its customers, its staff, and the other services by their events."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
from fastapi import FastAPI

from contracts.contact_v1 import ContactRecorded
from contracts.envelope import Envelope
from contracts.events import EventBody
from contracts.identifiers import EventId, MerchantId, customer_ref_for
from contracts.order_v1 import Order
from contracts.registry import parse
from contracts.roles import Role
from services.intake.consumers import build_handlers
from services.intake.house import House
from services.kit.api_keys import KEY_PREFIX
from services.kit.clock import utc_now
from services.kit.handlers import Received
from services.kit.postgres import transaction
from services.kit.tokens import issue_staff_token
from tests.support.builders import MERCHANT

Json = dict[str, Any]
PHONE, MAIL, POSTCODE = "07911 123456", "Ann.Example@Example.org", "n1 7gr"


def a_number() -> str:
    """An order number nobody else has."""
    return f"T{uuid4().hex[:10]}"


def a_snapshot(
    number: str, version: int = 4, *, customer_id: str | None = None, delivered: bool = True, lines: int = 2, **changes: Any
) -> Json:
    """A delivered order of lines ``1``… with three units each, as a storefront sends it, with a contact."""
    placed = utc_now() - timedelta(days=6)
    shipped = {
        "shipment_id": "s1",
        "shipped_at": _text(placed + timedelta(days=1)),
        "lines": [{"line_id": str(n + 1), "quantity": 3} for n in range(lines)],
    }
    if delivered:
        shipped["delivered_at"] = _text(placed + timedelta(days=3))
    snapshot: Json = {
        "number": number,
        "order_version": version,
        "status": "delivered" if delivered else "shipped",
        "currency": "GBP",
        "customer_id": customer_id or f"customer-of-{number}",
        "placed_at": _text(placed),
        "lines": [{"line_id": str(n + 1), "sku": f"SKU{n + 1}", "name": "Mug", "quantity": 3, "amount_minor": 1275} for n in range(lines)],
        "shipments": [shipped],
        "payments": [
            {
                "payment_id": "p1",
                "provider": "sandbox",
                "provider_reference": f"pay_{number}",
                "method": "card",
                "captured_minor": 1275 * lines,
                "captured_at": _text(placed),
            }
        ],
        "contact": a_contact(),
    }
    return snapshot | changes


def a_contact() -> Json:
    """How Ann is reached."""
    where = {"address_lines": ["1 Wharf Road"], "postcode": POSTCODE, "country": "GB"}
    return {"name": "Ann Example", "email": MAIL, "phone": PHONE, "locale": "en"} | where


def an_application(number: str, *, line: str = "1", quantity: int = 1, scene: str = "return.no_reason", **changes: Any) -> Json:
    """An application for one line."""
    return {"order_number": number, "scene": scene, "lines": [{"line_id": line, "quantity": quantity}]} | changes


@dataclass
class Desk:
    """Asks over HTTP, and hands events in as the consumers would."""

    app: FastAPI
    http: httpx2.AsyncClient
    house: House
    staff_private_key: str

    @classmethod
    @asynccontextmanager
    async def at(cls, app: FastAPI, house: House, staff_private_key: str) -> AsyncIterator["Desk"]:
        """A desk at an application."""
        transport = httpx2.ASGITransport(app=app, client=(f"10.{uuid4().int % 250}.{uuid4().int % 250}.1", 4711))
        async with httpx2.AsyncClient(transport=transport, base_url="http://intake") as http:
            yield cls(app, http, house, staff_private_key)

    def merchant(self, merchant_id: str = MERCHANT) -> dict[str, str]:
        """Headers of a merchant."""
        return {"Authorization": f"Bearer {KEY_PREFIX}{merchant_id}"}

    def staff(self, *roles: Role, merchants: Iterable[str] = (MERCHANT,), staff_id: str = "staff-7") -> dict[str, str]:
        """Headers of a member of staff."""
        token = issue_staff_token(
            self.staff_private_key, staff_id=staff_id, roles=roles or (Role.AGENT,), merchants=merchants, lifetime=timedelta(hours=1)
        )
        return {"Authorization": f"Bearer {token}"}

    async def customer(self, customer_id: str, merchant_id: str = MERCHANT) -> dict[str, str]:
        """Headers of a customer the shop has logged in."""
        answer = await self.http.post("/v1/customer-tokens", json={"customer_id": customer_id}, headers=self.merchant(merchant_id))
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    async def an_order(self, number: str | None = None, *, merchant_id: str = MERCHANT, **changes: Any) -> str:
        """Send an order and return its number."""
        number = number or a_number()
        answer = await self.http.put(f"/v1/orders/{number}", json=a_snapshot(number, **changes), headers=self.merchant(merchant_id))
        assert answer.status_code in {200, 201}, answer.text
        return number

    async def apply(self, application: Json, headers: dict[str, str] | None = None, key: str | None = None) -> httpx2.Response:
        """Send an application."""
        return await self.http.post(
            "/v1/cases", json=application, headers={**(headers or self.merchant()), "Idempotency-Key": key or uuid4().hex}
        )

    async def a_case(self, number: str | None = None, **changes: Any) -> Json:
        """Open a case (for an order of its own unless given) and return the answer."""
        number = number or await self.an_order()
        answer = await self.apply(an_application(number, **changes))
        assert answer.status_code == 202, answer.text
        return {**answer.json(), "order_number": number}

    async def look(self, case_id: str, headers: dict[str, str] | None = None) -> Json:
        """Read a case."""
        answer = await self.http.get(f"/v1/cases/{case_id}", headers=headers or self.merchant())
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    async def act(self, case_id: str, what: str, body: Json | None = None, headers: dict[str, str] | None = None) -> httpx2.Response:
        """Act on a case."""
        return await self.http.post(f"/v1/cases/{case_id}/{what}", json=body, headers=headers or self.merchant())

    async def tell(self, body: EventBody, sequence: int = 1, *, event_id: UUID | None = None, at: datetime | None = None) -> None:
        """Hand an event of another service to its handler, in a transaction as the consumers do."""
        _model, handler = build_handlers(self.house).events[body.event_type]
        async with transaction(self.house.pool) as connection:
            await handler(connection, _received(body, sequence, event_id, at))

    async def tell_together(self, *told: tuple[EventBody, int]) -> None:
        """Hand events of one topic to their handler together, each with its sequence, as consumers do with what follows one another."""
        handlers = build_handlers(self.house)
        (handler,) = {handlers.many[body.event_type] for body, _ in told}
        async with transaction(self.house.pool) as connection:
            await handler(connection, [_received(body, sequence) for body, sequence in told])

    async def published(self, key: object) -> list[EventBody | None]:
        """The events intake wrote to its outbox for a key, in order; None for a tombstone."""
        rows = await self.house.pool.fetch("SELECT event_type, value FROM outbox WHERE key = $1 ORDER BY id", str(key))
        return [None if row["value"] is None else parse(row["event_type"], row["value"]) for row in rows]

    async def contacts(self, customer_id: str) -> list[ContactRecorded | None]:
        """The contact events of a customer."""
        events = await self.published(customer_ref_for(MerchantId(MERCHANT), customer_id))
        return [event for event in events if event is None or isinstance(event, ContactRecorded)]

    async def order_on_record(self, number: str) -> Order:
        """The order as intake has it."""
        answer = await self.http.get(f"/v1/orders/{number}", headers=self.merchant())
        assert answer.status_code == 200, answer.text
        return Order.model_validate(answer.json()["order"])


def _received(body: EventBody, sequence: int, event_id: UUID | None = None, at: datetime | None = None) -> Received[Any]:
    envelope = Envelope(
        id=EventId(event_id or uuid4()),
        type=body.event_type,
        source="aftersales/test",
        subject=body.partition_key,
        time=at or utc_now(),
        sequence=sequence,
        merchant_id=body.merchant_id,
    )
    return Received(body, envelope, body.topic, body.partition_key, 0, sequence)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def is_problem(answer: httpx2.Response, status: int, code: str) -> bool:
    """Whether an answer is the problem it should be; the assertion shows what it is instead."""
    body = answer.json()
    assert (answer.status_code, body.get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["title"]
    assert body["trace_id"]
    return True
