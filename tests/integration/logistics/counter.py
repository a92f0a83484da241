"""The counter of the logistics service: its API on a real database, without the jobs and consumers that run beside it."""

from collections import Counter as Count
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
from fastapi import FastAPI

from contracts.envelope import Envelope
from contracts.events import EventBody
from contracts.identifiers import EventId
from contracts.merchant import load_merchants
from contracts.roles import Role
from services.kit.clock import utc_now
from services.kit.handlers import Received
from services.kit.health import Health
from services.kit.postgres import Pool, open_pool, transaction
from services.kit.sealing import Sealer, generate_sealing_key
from services.kit.tokens import StaffTokens, generate_staff_keys, issue_staff_token
from services.logistics.adapters.carriers import Carriers
from services.logistics.adapters.photo_store import PhotoStore
from services.logistics.adapters.sandbox_carrier import SandboxCarrier
from services.logistics.api.app import build_app
from services.logistics.api.desk import Desk
from services.logistics.consumers import LogisticsConsumers
from services.logistics.handlers.label_links import LabelLinks
from tests.integration.logistics.world import MERCHANT, Story, write_merchants
from tests.support.sandbox import WEBHOOK_SECRET

NOWHERE = "http://127.0.0.1:9"
"""No command waits for the carrier: bookings are the jobs' part."""
LINK_KEY = "key-for-tests-with-more-than-32-letters"


@dataclass(frozen=True)
class Counter:
    """Where the people of the warehouse and the carrier's webhooks come. ``settings`` make a process of its own serve the same."""

    app: FastAPI
    http: httpx2.AsyncClient
    pool: Pool
    consumers: LogisticsConsumers
    private_key: str
    settings: dict[str, str]

    async def hear(self, body: EventBody) -> None:
        """Take an event of another service in, as the consumers do."""
        envelope = Envelope(
            EventId(uuid4()), body.event_type, "aftersales/test", body.partition_key, utc_now(), 1, body.merchant_id, test=True
        )
        _model, handler = self.consumers.build().events[body.event_type]
        async with transaction(self.pool) as conn:
            await handler(conn, Received(body, envelope, body.topic, body.partition_key, 0, 0))

    async def authorised(self) -> Story:
        """A case whose goods are to come back."""
        story = Story()
        await self.hear(story.authorised())
        return story

    async def received(self) -> Story:
        """A case whose goods are here."""
        story = await self.authorised()
        headers = {**self.two()[0], "Idempotency-Key": uuid4().hex}
        answer = await self.http.post("/v1/receipts", json={"rma_id": str(story.rma_id)}, headers=headers)
        assert answer.status_code == 201, answer.text
        return story

    def two(self, role: Role = Role.WAREHOUSE_SUPERVISOR) -> tuple[dict[str, str], dict[str, str]]:
        """The headers of two people of one role."""
        tokens = [
            issue_staff_token(self.private_key, staff_id=name, roles=[role], merchants=[MERCHANT], lifetime=timedelta(hours=1))
            for name in ("wendy", "will")
        ]
        return {"Authorization": f"Bearer {tokens[0]}"}, {"Authorization": f"Bearer {tokens[1]}"}

    async def published(self, story: Story) -> Count[str]:
        """The last words of the types of a case's events, counted."""
        rows = await self.pool.fetch("SELECT event_type FROM outbox WHERE key = $1", str(story.case_id))
        return Count(row["event_type"].split(".")[2] for row in rows)

    async def count(self, query: str, subject: UUID | str) -> int:
        """The number that a query gives about a subject."""
        return int(await self.pool.fetchval(query, subject) or 0)


@asynccontextmanager
async def a_counter(dsn: str, home: Path) -> AsyncIterator[Counter]:
    """A counter on a migrated database."""
    private_key, public_key = generate_staff_keys()
    merchants_file, sealing_key = write_merchants(home / "merchants.json"), generate_sealing_key("k1")
    merchants = load_merchants(merchants_file)
    carrier = SandboxCarrier(NOWHERE, "unused")
    settings = {
        "AFTERSALES_LOGISTICS_POSTGRES_DSN": dsn,
        "AFTERSALES_LOGISTICS_LABEL_LINK_KEYS": LINK_KEY,
        "AFTERSALES_LOGISTICS_CARRIER_URL": NOWHERE,
        "AFTERSALES_LOGISTICS_CARRIER_API_KEY": "unused",
        "AFTERSALES_LOGISTICS_CARRIER_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "AFTERSALES_LOGISTICS_PHOTOS_DIR": str(home / "photos"),
        "AFTERSALES_MERCHANTS_FILE": str(merchants_file),
        "AFTERSALES_CONTACT_KEY": sealing_key,
        "AFTERSALES_STAFF_PUBLIC_KEY": public_key,
    }
    async with open_pool(dsn, service="logistics test") as pool:
        desk = Desk(
            pool=pool,
            merchants=merchants,
            carriers=Carriers([carrier], merchants),
            links=LabelLinks(NOWHERE, (LINK_KEY,), timedelta(days=30)),
            photos=PhotoStore(home / "photos"),
            tokens=StaffTokens(public_key),
            webhook_secrets=[WEBHOOK_SECRET],
        )
        app = build_app(desk, Health())
        consumers = LogisticsConsumers(merchants, Sealer.parse(sealing_key))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://logistics") as http:
            yield Counter(app, http, pool, consumers, private_key, settings)
    await carrier.close()
