"""The workflow service in this process: worker, deliveries, real records, real payment provider; events are handed in as its consumers would."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx2
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter

from contracts.envelope import Envelope
from contracts.events import EventBody
from contracts.identifiers import EventId
from deploy.local.bench.place import Place
from services.kit.clock import utc_now
from services.kit.data_converter import DATA_CONVERTER
from services.kit.deliveries import Deliverer
from services.kit.handlers import Received
from services.kit.postgres import Pool, open_pool, transaction
from services.workflow.adapters.providers import open_providers
from services.workflow.consumers import CaseConsumers
from services.workflow.deliverer import CaseDeliverer
from services.workflow.settings import WorkflowSettings
from services.workflow.starter import CaseStarter
from services.workflow.worker import books_of, build_worker

T = TypeVar("T")
PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 0.02


class WorkflowService:
    """A running workflow service."""

    def __init__(self, pool: Pool, client: Client, consumers: CaseConsumers) -> None:
        self.pool = pool
        self.client = client
        self._handlers = consumers.handlers()

    async def tell(self, body: EventBody) -> None:
        """Hand an event in."""
        event_id = EventId(uuid4())
        envelope = Envelope(event_id, body.event_type, "aftersales/bench", body.partition_key, utc_now(), 1, body.merchant_id, test=True)
        received = Received(body, envelope, body.topic, body.partition_key, 0, 0)
        async with transaction(self.pool) as connection:
            await self._handlers.events[body.event_type][1](connection, received)


async def eventually(look: Callable[[], Awaitable[T | None]], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """The first answer that is not None. Raises ``TimeoutError`` naming ``what`` where there is none in time."""
    try:
        async with asyncio.timeout(seconds):
            while (answer := await look()) is None:  # noqa: ASYNC110 - what is waited for happens in a server
                await asyncio.sleep(_POLL_SECONDS)
            return answer
    except TimeoutError:
        raise TimeoutError(f"{what}: not within {seconds:.0f} s") from None


@asynccontextmanager
async def a_workflow_service(place: Place, *, queue: str) -> AsyncIterator[WorkflowService]:
    """The service on the place's own schema, with a task queue of its own."""
    settings = workflow_settings(place, queue)
    stop = asyncio.Event()
    async with open_pool(settings.postgres_dsn, service="workflow") as pool, open_providers(settings) as providers:
        client = await temporal(place, DATA_CONVERTER)
        books = books_of(pool, settings, providers)
        starter = CaseStarter(client, books, queue)
        deliverer = Deliverer(pool, CaseDeliverer(client, books, starter, queue).deliver, concurrency=settings.deliveries_at_once)
        delivering = asyncio.create_task(deliverer.run(stop))
        try:
            async with build_worker(client, books, providers, settings):
                yield WorkflowService(pool, client, CaseConsumers(books))
        finally:
            stop.set()
            await delivering


async def temporal(place: Place, converter: DataConverter = pydantic_data_converter) -> Client:
    """A client of the place's Temporal, as the SDK comes unless another ``converter`` is given."""
    state = place.stack.state
    return await Client.connect(state["temporal_address"], namespace=state["temporal_namespace"], data_converter=converter)


def workflow_settings(place: Place, queue: str) -> WorkflowSettings:
    """The settings of the place's workflow service, as the service itself would read them."""
    given = place.stack.settings("workflow")
    own = "AFTERSALES_WORKFLOW_"
    names = {name.removeprefix(own).lower(): value for name, value in given.items() if name.startswith(own)}
    shared = {
        "kafka_bootstrap_servers": given["AFTERSALES_KAFKA_BOOTSTRAP_SERVERS"],
        "temporal_address": given["AFTERSALES_TEMPORAL_ADDRESS"],
        "merchants_file": Path(given["AFTERSALES_MERCHANTS_FILE"]),
    }
    return WorkflowSettings.model_validate(names | shared | {"task_queue": queue})


class PaymentDesk:
    """The sandbox's payment provider, as the shop uses it."""

    def __init__(self, place: Place, http: httpx2.AsyncClient) -> None:
        self._url = place.stack.url("payments")
        self._http = http
        self._headers = {"Authorization": f"Bearer {place.stack.credentials.payments_api_key}"}

    async def settle_at_once(self, *, webhooks: bool = True) -> None:
        """From now on a refund is settled with the answer to its request, so that the provider's own delay is not measured.

        ``webhooks`` False: none is sent, since nobody listens at this place and each would be repeated in vain.
        """
        faults = {"settle_delay_ms": 0, "webhook_drop_rate": 0 if webhooks else 1}
        (await self._http.patch(f"{self._url}/admin/faults", json=faults, headers=self._headers)).raise_for_status()

    async def capture(self, numbers: list[str], amount_minor: int) -> list[str]:
        """Take a payment for each order; the provider's references."""
        taken: list[str] = []
        for first in range(0, len(numbers), _MOST_CAPTURES):
            batch = [
                {"amount_minor": amount_minor, "currency": "GBP", "method": "card", "merchant_reference": number}
                for number in numbers[first : first + _MOST_CAPTURES]
            ]
            headers = self._headers | {"Idempotency-Key": uuid4().hex}
            answer = await self._http.post(f"{self._url}/v1/payments/batch", json={"payments": batch}, headers=headers)
            taken += [payment["id"] for payment in answer.raise_for_status().json()["data"]]
        return taken


_MOST_CAPTURES = 1000
