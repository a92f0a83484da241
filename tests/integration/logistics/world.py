"""Logistics in its world: the real service process, Kafka, PostgreSQL and the sandbox carrier; tests play the other services and the people."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

import httpx2
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from uuid_utils.compat import uuid7

from contracts.case_state import CaseStatus, Stage
from contracts.case_v1 import ReturnShipped
from contracts.contact_v1 import ContactRecorded
from contracts.decision import FreightPayer
from contracts.decision_facts import AffectedUnits
from contracts.envelope import Envelope, to_headers
from contracts.events import EventBody
from contracts.identifiers import CaseId, CustomerRef, EventId, MerchantId, ReshipId, RmaId, order_id_for, reship_id_for, rma_id_for
from contracts.merchant import Merchant, Mode
from contracts.progress import Progress, WaitingFor
from contracts.registry import parse
from contracts.resolution_v1 import ReshipmentCancelled, ReshipmentRequested, ReturnAuthorised, ReturnClosed
from contracts.shipment_v1 import ShipmentEvent
from contracts.storefront_v1 import Contact
from contracts.topics import Topic
from services.kit.clock import utc_now
from services.kit.postgres import Connection
from services.kit.sealing import Sealer
from tests.integration.logistics.service import ServiceProcess
from tests.support.builders import a_merchant
from tests.support.sandbox import SandboxServer

MERCHANT = MerchantId("logi-shop")
LIVE_MERCHANT = MerchantId("logi-live")
HOME = Contact(
    name="A. Customer",
    phone="+44 113 496 0000",
    email="a@b.example",
    address_lines=("1 High Street", "Leeds"),
    postcode="LS1 1AA",
    country="GB",
)
T = TypeVar("T")
EventT = TypeVar("EventT", bound=ShipmentEvent)


def write_merchants(path: Path) -> Path:
    """The merchants of these tests, as a file."""
    merchants: list[Merchant] = [
        a_merchant(merchant_id=MERCHANT),
        a_merchant(merchant_id="logi-other"),
        a_merchant(merchant_id=LIVE_MERCHANT, mode=Mode.LIVE),
    ]
    path.write_text(json.dumps([merchant.model_dump(mode="json") for merchant in merchants]))
    return path


async def until(condition: Callable[[], Awaitable[T | None]], what: str, seconds: float = 60.0) -> T:
    """The first truthy value of ``condition``; fails the test if there is none within the deadline."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        value = await condition()
        if value:
            return value
        assert asyncio.get_running_loop().time() < deadline, f"{what}: still not so after {seconds} s"
        await asyncio.sleep(0.02)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One case of one customer, as the other services tell it."""

    merchant_id: MerchantId = MERCHANT
    case_id: CaseId = field(default_factory=lambda: CaseId(uuid4()))
    customer_ref: CustomerRef = field(default_factory=lambda: CustomerRef(uuid4()))
    units: tuple[AffectedUnits, ...] = (AffectedUnits(line_id="1", quantity=2),)
    locale: str = "en"

    @property
    def case_number(self) -> str:
        return f"C26-{self.case_id.hex[:8]}"

    @property
    def rma_id(self) -> RmaId:
        return rma_id_for(self.case_id, 1)

    @property
    def reship_id(self) -> ReshipId:
        return reship_id_for(self.case_id, 1)

    def authorised(self, **changes: Any) -> ReturnAuthorised:
        values: dict[str, Any] = {
            "rma_id": self.rma_id,
            "remedy_ordinal": 1,
            "units": self.units,
            "freight_payer": FreightPayer.MERCHANT,
            "prepaid": True,
            "ship_by": utc_now() + timedelta(days=7),
        }
        return ReturnAuthorised(**self._base(), **(values | changes))

    def closed(self, result: str, take_back: tuple[AffectedUnits, ...] = ()) -> ReturnClosed:
        return ReturnClosed(**self._base(), rma_id=self.rma_id, result=result, take_back=take_back)

    def own_parcel(self, waybill: str, carrier: str = "Royal Mail") -> ReturnShipped:
        return ReturnShipped(merchant_id=self.merchant_id, case_id=self.case_id, carrier=carrier, waybill=waybill, shipped_at=utc_now())

    def reshipment(self, skus: Mapping[str, str] | None = None) -> ReshipmentRequested:
        return ReshipmentRequested(
            **self._base(),
            reship_id=self.reship_id,
            remedy_ordinal=1,
            units=self.units,
            skus=dict(skus or {}),
            ship_by=utc_now() + timedelta(hours=2),
        )

    def reshipment_cancelled(self) -> ReshipmentCancelled:
        return ReshipmentCancelled(**self._base(), reship_id=self.reship_id, reason="withdrawn")

    def contact(self, sealer: Sealer, contact: Contact = HOME, version: int = 1) -> ContactRecorded:
        return ContactRecorded(
            merchant_id=self.merchant_id,
            customer_ref=self.customer_ref,
            contact_version=version,
            recorded_at=utc_now(),
            key_id=sealer.key_id,
            sealed=sealer.seal(contact.model_dump_json().encode(), str(self.customer_ref)),
        )

    def again(self, **changes: Any) -> "Story":
        """Another case of the same customer."""
        return replace(self, case_id=CaseId(uuid4()), **changes)

    def _base(self) -> dict[str, Any]:
        return {
            "merchant_id": self.merchant_id,
            "case_id": self.case_id,
            "case_number": self.case_number,
            "order_id": order_id_for(self.merchant_id, "545231"),
            "order_number": "545231",
            "customer_ref": self.customer_ref,
            "locale": self.locale,
            "currency": "GBP",
            "progress": Progress(status=CaseStatus.EXECUTING, stage=Stage.EXECUTE, waiting_for=WaitingFor.RETURN_SHIPMENT),
        }


class ShipmentEvents:
    """Everything on ``aftersales.shipment.v1``, as it comes; ``raw`` are the bytes of all values."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = AIOKafkaConsumer(
            Topic.SHIPMENT.value, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
        )
        self._task: asyncio.Task[None] | None = None
        self.by_case: dict[str, list[tuple[UUID, ShipmentEvent]]] = {}
        self.raw: list[bytes] = []

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._consumer.stop()

    async def _read(self) -> None:
        async for record in self._consumer:
            headers = {name: value.decode() for name, value in record.headers}
            body = parse(headers["ce_type"], record.value)
            assert isinstance(body, ShipmentEvent)
            self.raw.append(record.value)
            self.by_case.setdefault(record.key.decode(), []).append((UUID(headers["ce_id"]), body))

    def of(self, case_id: CaseId) -> list[ShipmentEvent]:
        """The events of a case, those sent again only once."""
        return list(dict(self.by_case.get(str(case_id), [])).values())


@dataclass
class World:
    """Everything around one logistics service."""

    service: ServiceProcess
    carrier: SandboxServer
    carrier_api: httpx2.Client
    producer: AIOKafkaProducer
    events: ShipmentEvents
    sealer: Sealer
    database: Connection
    staff: dict[str, httpx2.AsyncClient]
    sequences: Counter[str] = field(default_factory=Counter)

    async def tell(self, body: EventBody, *, times: int = 1) -> None:
        """Publish an event as its owner would, ``times`` times."""
        key = body.partition_key
        self.sequences[f"{body.topic}/{key}"] += 1
        envelope = Envelope(
            id=EventId(uuid7()),
            type=body.event_type,
            source="aftersales/test",
            subject=key,
            time=utc_now(),
            sequence=self.sequences[f"{body.topic}/{key}"],
            merchant_id=body.merchant_id,
            test=True,
        )
        for _ in range(times):
            await self.producer.send_and_wait(
                body.topic.value, value=body.model_dump_json().encode(), key=key.encode(), headers=to_headers(envelope)
            )

    async def tell_erased(self, story: Story) -> None:
        """Publish the tombstone of a customer."""
        body = story.contact(self.sealer)
        self.sequences[f"{body.topic}/{body.partition_key}"] += 1
        envelope = Envelope(
            id=EventId(uuid7()),
            type=body.event_type,
            source="aftersales/test",
            subject=body.partition_key,
            time=utc_now(),
            sequence=self.sequences[f"{body.topic}/{body.partition_key}"],
            merchant_id=body.merchant_id,
            test=True,
        )
        await self.producer.send_and_wait(Topic.CONTACT.value, value=None, key=body.partition_key.encode(), headers=to_headers(envelope))

    async def heard(self, story: Story, kind: type[EventT], seconds: float = 60.0) -> EventT:
        """Wait for the one event of a kind in a case."""

        async def find() -> EventT | None:
            found = [event for event in self.events.of(story.case_id) if isinstance(event, kind)]
            assert len(found) <= 1
            return found[0] if found else None

        return await until(find, f"{kind.__name__} of {story.case_number}", seconds)

    def kinds(self, story: Story) -> list[str]:
        """The names of the events of a case so far, in order."""
        return [type(event).__name__ for event in self.events.of(story.case_id)]

    async def get(self, path: str, role: str = "warehouse_supervisor") -> dict[str, Any]:
        answer = await self.staff[role].get(path)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    async def return_in(self, story: Story, state: str) -> dict[str, Any]:
        """Wait until the return of a case is in a state."""

        async def look() -> dict[str, Any] | None:
            answer = await self.staff["warehouse_supervisor"].get(f"/v1/returns/{story.rma_id}")
            content: dict[str, Any] = answer.json()
            return content if answer.status_code == 200 and content["state"] == state else None

        return await until(look, f"return of {story.case_number} {state}")

    async def shipment_in(self, shipment_id: UUID, state: str) -> dict[str, Any]:
        """Wait until an outbound shipment is in a state."""

        async def look() -> dict[str, Any] | None:
            answer = await self.staff["warehouse_supervisor"].get(f"/v1/shipments/{shipment_id}")
            content: dict[str, Any] = answer.json()
            return content if answer.status_code == 200 and content["state"] == state else None

        return await until(look, f"shipment {shipment_id} {state}")

    async def receive(self, key: str | None = None, *, role: str = "warehouse_supervisor", **body: Any) -> httpx2.Response:
        return await self.staff[role].post("/v1/receipts", json=body, headers={"idempotency-key": key or uuid4().hex})

    async def inspect(self, story: Story, key: str | None = None, *, role: str = "warehouse_supervisor", **body: Any) -> httpx2.Response:
        headers = {"idempotency-key": key or uuid4().hex}
        return await self.staff[role].post(f"/v1/returns/{story.rma_id}/inspection", json=body, headers=headers)

    def scan(self, waybill: str, *statuses: str) -> None:
        """The carrier's people see the parcel."""
        for status in statuses:
            self.carrier_api.post(f"/v1/shipments/{waybill}/scans", json={"status": status}).raise_for_status()

    def bookings(self, reference: UUID) -> list[dict[str, Any]]:
        """What the carrier has booked for a return or shipment, by its own record."""
        answer = self.carrier_api.get("/v1/shipments", params={"merchant_reference": str(reference)})
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def faults(self, **switches: Any) -> None:
        self.carrier_api.put("/admin/faults", json=switches).raise_for_status()

    def log_lines(self) -> list[dict[str, Any]]:
        """What the service wrote to its log."""
        return [json.loads(line) for line in self.service.log_file.read_text().splitlines() if line.startswith("{")]
