"""The people around a running stack, over its HTTP doors only: the shop's storefront, its customers, its staff, the warehouse, the carrier.

``Shop(stack, http)`` gives callers; ``await shop.an_order()`` places a paid and delivered order; ``await shop.open_case(order, scene)`` gives a
:class:`Case` that is led through its life by ``choose``, ``send_evidence``, ``receive``, ``inspect`` … Whatever a test waits for has a deadline.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2

from contracts.roles import Role
from contracts.scenes import Scene
from deploy.local.demo.people.pictures import picture
from deploy.local.stack.running import RunningStack
from services.kit.tokens import ALL_MERCHANTS, issue_staff_token
from tests.support.waiting import eventually

DEMO_SHOP, DEMO_STRICT, HIGH_STREET = "demo-shop", "demo-strict", "high-street"
"""Merchants of a local stack: deadlines in seconds but generous, deadlines meant to lapse, deadlines as in life (nothing lapses while a test runs)."""

PATIENCE_SECONDS = 45.0
WAREHOUSE, AGENT = Role.WAREHOUSE_SUPERVISOR, Role.AGENT


class Caller:
    """Somebody at one server."""

    def __init__(self, http: httpx2.AsyncClient, base_url: str, token: str | None = None) -> None:
        self._http = http
        self.base_url = base_url
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask(self, method: str, path: str, body: Any = None, *, key: str | None = None, **parts: Any) -> httpx2.Response:
        """Whatever the server answers. ``body`` is sent as JSON, or as it is where it is bytes."""
        headers = {**self.headers, **parts.pop("headers", {})}
        if key is not None:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            parts["content"] = body if isinstance(body, bytes) else json.dumps(body)
        url = path if path.startswith("http") else self.base_url + path
        return await self._http.request(method, url, headers=headers, **parts)

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET that must succeed."""
        return _good(await self.ask("GET", path, params={name: value for name, value in params.items() if value is not None}))

    async def post(self, path: str, body: Any = None, *, key: str | None = None, **parts: Any) -> Any:
        """The JSON of a POST that must succeed."""
        return _good(await self.ask("POST", path, body, key=key, **parts))

    async def put(self, path: str, body: Any) -> Any:
        """The JSON of a PUT that must succeed."""
        return _good(await self.ask("PUT", path, body))


def _good(answer: httpx2.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:600]}"
    return answer.json() if answer.content else None


def refusal(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem details of a refusal, which must be this one (RFC 9457)."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text[:600]
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code, problem
    assert problem["status"] == status
    assert problem["title"]
    assert problem["trace_id"]
    return problem


@dataclass(frozen=True)
class PlacedOrder:
    """An order as the storefront sent it, and the provider's payment for it."""

    merchant: str
    number: str
    payment: str
    snapshot: Mapping[str, Any]

    @property
    def mail(self) -> str | None:
        """The customer's mail address, None for one who gave none."""
        address: str | None = self.snapshot["contact"].get("email")
        return address


def an_order_snapshot(number: str, **changes: Any) -> dict[str, Any]:
    """Three mugs at 4.25, delivered three days ago (``delivered_days_ago``), paid by card; payments are the caller's to add."""
    days = changes.pop("delivered_days_ago", 3)
    delivered = datetime.now(UTC) - timedelta(days=days)
    placed = (delivered - timedelta(days=2)).isoformat()
    lines = changes.get("lines", [{"line_id": "1", "sku": "22993", "name": "Mug", "quantity": 3, "amount_minor": 1275}])
    parts = [{"line_id": line["line_id"], "quantity": line["quantity"]} for line in lines]
    return {
        "number": number,
        "order_version": 1,
        "status": "delivered",
        "currency": "GBP",
        "customer_id": f"c-{number}",
        "placed_at": placed,
        "paid_at": placed,
        "lines": lines,
        "shipments": [{"shipment_id": "s1", "shipped_at": placed, "delivered_at": delivered.isoformat(), "lines": parts}],
        "contact": {
            "name": "Ann Example",
            "email": f"{number.lower()}@customers.example",
            "phone": "+447700900123",
            "postcode": "EX4 4PL",
            "country": "GB",
            "address_lines": ["1 Market Street", "Exeter"],
            "locale": "en",
        },
    } | changes


class Shop:
    """A running stack as the people around it see it."""

    def __init__(self, stack: RunningStack, http: httpx2.AsyncClient) -> None:
        self.stack = stack
        self._http = http
        self._credentials = stack.credentials
        self._urls: Mapping[str, str] = stack.state["urls"]
        self.payments = Caller(http, self._urls["payments"], self._credentials.payments_api_key)
        self.carrier = Caller(http, self._urls["carrier"], self._credentials.carrier_api_key)
        self.mailbox = Caller(http, self._urls["mailbox"])

    def nobody(self, service: str) -> Caller:
        """Somebody without credentials."""
        return Caller(self._http, self._urls[service])

    def storefront(self, merchant: str) -> Caller:
        """A merchant's own server, at intake."""
        return Caller(self._http, self._urls["intake"], self._credentials.merchants[merchant]["api_key"])

    def webhook_secret(self, merchant: str) -> str:
        """What a merchant signs its webhooks with."""
        return self._credentials.merchants[merchant]["webhook_secret"]

    def staff(self, service: str, role: Role, name: str | None = None, merchants: Sequence[str] = (ALL_MERCHANTS,)) -> Caller:
        """A member of staff at a service. Another ``name`` is another person."""
        token = issue_staff_token(
            self._credentials.staff_private_key,
            staff_id=name or role.value,
            roles=[role],
            merchants=list(merchants),
            lifetime=timedelta(hours=1),
        )
        return Caller(self._http, self._urls[service], token)

    async def customer(self, order: PlacedOrder) -> Caller:
        """The customer of an order, logged in at the storefront, which exchanged its word for a case token (R-SEC-01)."""
        answer = await self.storefront(order.merchant).post("/v1/customer-tokens", {"customer_id": order.snapshot["customer_id"]})
        return Caller(self._http, self._urls["intake"], answer["token"])

    async def capture(self, number: str, amount_minor: int, currency: str = "GBP") -> str:
        """A card payment at the provider; its id."""
        body = {"amount_minor": amount_minor, "currency": currency, "method": "card", "merchant_reference": number}
        return str((await self.payments.post("/v1/payments", body, key=f"capture/{number}"))["id"])

    async def an_order(self, merchant: str = DEMO_SHOP, **changes: Any) -> PlacedOrder:
        """A delivered order, on record at intake, paid by card unless it says how. ``changes`` as for :func:`an_order_snapshot`."""
        number = changes.pop("number", f"E{uuid4().hex[:10].upper()}")
        snapshot = an_order_snapshot(number, **changes)
        total = sum(line["amount_minor"] for line in snapshot["lines"]) + sum(one["amount_minor"] for one in snapshot.get("freight", ()))
        payment = await self.capture(number, total, snapshot["currency"])
        paid = {"payment_id": "p1", "provider": "sandbox", "provider_reference": payment, "method": "card"}
        snapshot.setdefault("payments", [paid | {"captured_minor": total, "captured_at": snapshot["paid_at"]}])
        await self.storefront(merchant).put(f"/v1/orders/{number}", snapshot)
        return PlacedOrder(merchant, number, payment, snapshot)

    async def open_case(
        self, order: PlacedOrder, scene: Scene = Scene.RETURN_NO_REASON, units: int = 2, *, by: Caller | None = None, **changes: Any
    ) -> "Case":
        """Open a case about ``units`` of the first line; by the customer unless somebody else is named."""
        customer = await self.customer(order)
        body: dict[str, Any] = {
            "order_number": order.number,
            "scene": scene.value,
            "lines": [{"line_id": order.snapshot["lines"][0]["line_id"], "quantity": units}],
            "locale": "en",
        }
        if scene is not Scene.RETURN_NO_REASON:
            body["description"] = "It is not as it should be."
        answer = await (by or customer).post("/v1/cases", body | changes, key=f"open/{order.number}/{uuid4().hex[:6]}")
        return Case(self, order, customer, answer["case_id"], answer["case_number"])


@dataclass
class Case:
    """A case and its customer. ``await case.until("offer_pending")`` gives the case as its customer reads it, once it is there."""

    shop: Shop
    order: PlacedOrder
    customer: Caller
    case_id: str
    number: str
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where it is at intake."""
        return f"/v1/cases/{self.case_id}"

    async def read(self) -> dict[str, Any]:
        """As it stands now."""
        self.seen = await self.customer.get(self.path)
        return self.seen

    async def until(self, *statuses: str, has: str | None = None, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """As it stands once its status is one of these and (where named) the field ``has`` is filled."""

        async def there() -> bool:
            case = await self.read()
            return case["status"] in statuses and (has is None or case[has] is not None)

        try:
            await eventually(there, f"case {self.number} to be {' or '.join(statuses)}{f' with {has}' if has else ''}", seconds)
        except AssertionError as error:
            told = [entry["code"] for entry in self.seen["timeline"]]
            raise AssertionError(f"{error}; it is {self.seen['status']}, next {self.seen['next_step']}, told {told}") from None
        return self.seen

    async def ended(self, outcome: str) -> dict[str, Any]:
        """As it stands once it is over, which must be with this outcome."""
        case = await self.until("closed", "cancelled", "rejected")
        assert case["outcome"] == outcome, case["timeline"]
        return case

    async def act(self, command: str, body: Any = None, *, by: Caller | None = None) -> Any:
        """Do something to it that must be accepted."""
        return await (by or self.customer).post(f"{self.path}/{command}", body)

    async def refused(self, command: str, body: Any = None, *, status: int, code: str, by: Caller | None = None) -> dict[str, Any]:
        """Do something to it that must be refused like this."""
        return refusal(await (by or self.customer).ask("POST", f"{self.path}/{command}", body), status, code)

    async def choose(self, option: str) -> None:
        """Wait for the offer and take this option of it."""
        offer = (await self.until("offer_pending", has="offer"))["offer"]
        assert option in [one["code"] for one in offer["options"]], offer["options"]
        await self.act("choice", {"offer_id": offer["offer_id"], "option": option})

    async def labelled(self) -> dict[str, Any]:
        """Its return, once the customer has the label."""

        async def label() -> dict[str, Any] | None:
            returning: dict[str, Any] | None = (await self.read())["returning"]
            return returning if returning and returning["label_url"] else None

        found: dict[str, Any] = await eventually(label, f"the return label of {self.number}", PATIENCE_SECONDS)
        return found

    async def send_evidence(self) -> None:
        """Wait until evidence is asked for and send it."""
        await self.send_pictures((await self.until("evidence_pending", has="evidence_request"))["evidence_request"]["needed"])

    async def send_pictures(self, needed: Sequence[Mapping[str, Any]]) -> None:
        """Send a picture of each thing that is needed."""
        for need in needed:
            params = {"kind": "photo", "shows": need["shows"]}
            content = picture(f"{self.number}/{need['shows']}", need["shows"])
            await self.customer.post(f"{self.path}/evidence", content, params=params, headers={"Content-Type": "image/jpeg"})

    async def review(self, **reviewed: Any) -> None:
        """Wait until an agent must look at the evidence and accept it."""
        await self.until("under_review")
        agent = self.shop.staff("intake", AGENT)
        await self.act("evidence/review", {"verdict": "accepted", "missing": [], "reviewed": reviewed}, by=agent)

    async def receive(self) -> str:
        """The parcel of a return that logistics knows arrives, with only the case number written in it (R-RTN-01); the id of its return."""
        warehouse = self.shop.staff("logistics", WAREHOUSE)

        async def known() -> bool:
            return bool((await warehouse.get("/v1/returns", case_number=self.number))["items"])

        await eventually(known, f"logistics to hear of the return of {self.number}", PATIENCE_SECONDS)
        receipt = await warehouse.post("/v1/receipts", {"case_number": self.number}, key=f"receipt/{self.number}")
        assert receipt["state"] == "assigned", receipt
        return str(receipt["rma_id"])

    async def inspect(self, rma_id: str, **result: Any) -> None:
        """The warehouse judges what came back; all is well unless said."""
        warehouse = self.shop.staff("logistics", WAREHOUSE)
        await warehouse.post(f"/v1/returns/{rma_id}/inspection", result or {"result": "match"}, key=f"inspection/{rma_id}")

    async def approval(self, **fields: Any) -> dict[str, Any]:
        """The approval that is open on it, once there is one in which these ``fields`` are so."""
        reader = self.shop.staff("workflow", Role.SUPERVISOR)

        async def found() -> dict[str, Any] | None:
            items = (await reader.get("/v1/approvals", status="open", case_number=self.number))["items"]
            return next((one for one in items if fields.items() <= one.items()), None)

        approval: dict[str, Any] = await eventually(found, f"an open approval on {self.number} with {fields}", PATIENCE_SECONDS)
        return approval

    async def task(self, kind: str) -> dict[str, Any]:
        """The open task of this kind on it, once there is one."""
        reader = self.shop.staff("workflow", Role.SUPERVISOR)

        async def found() -> dict[str, Any] | None:
            items = (await reader.get("/v1/work-items", state="open", case_number=self.number, kind=kind))["items"]
            return items[0] if items else None

        task: dict[str, Any] = await eventually(found, f"a task {kind} on {self.number}", PATIENCE_SECONDS)
        return task

    async def resolve(self, task: Mapping[str, Any]) -> None:
        """Whoever the task is for says that it is done."""
        path = f"/v1/work-items/{task['work_item_id']}/resolve"
        await self.shop.staff("workflow", Role(task["role"])).post(path, {"resolution": "done"}, key=str(task["work_item_id"]))
