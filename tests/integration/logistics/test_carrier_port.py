"""The real sandbox carrier behaves as the port promises."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from services.logistics.adapters.sandbox_carrier import SandboxCarrier
from services.logistics.domain.recipient import Recipient
from services.logistics.domain.scans import ScanStatus
from services.logistics.ports.carrier import Booked, CarrierUnavailableError, OutboundBooking, OutcomeUnknownError
from tests.support.sandbox import API_KEY, Receiver, SandboxServer, a_sandbox, wait_for
from tests.unit.logistics.carrier_behaviour import CarrierBehaviour, CarrierWorld, a_return


class SandboxWorld:
    def __init__(self, server: SandboxServer, api: httpx2.Client, receiver: Receiver) -> None:
        self.carrier = SandboxCarrier(server.url, API_KEY, timeout_seconds=5)
        self.api = api
        self._receiver = receiver

    async def scan(self, waybill: str, status: ScanStatus) -> None:
        self.api.post(f"/v1/shipments/{waybill}/scans", json={"status": status.value}).raise_for_status()

    async def webhook_of_last_scan(self, waybill: str) -> bytes:
        scans = self.api.get(f"/v1/shipments/{waybill}").json()["scans"]

        def arrived() -> bytes | None:
            return next((hook.body for hook in self._receiver.received if hook.event["data"]["scan"]["id"] == scans[-1]["id"]), None)

        return wait_for(arrived)

    async def recipient_of(self, waybill: str) -> Recipient:
        to = self.api.get(f"/v1/shipments/{waybill}").json()["to"]
        return Recipient(name=to["name"], phone=to["phone"], lines=tuple(to["lines"]), postcode=to["postcode"], country=to["country"])


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SandboxServer, Receiver]]:
    home: Path = tmp_path_factory.mktemp("carrier-port")
    with Receiver() as receiver, a_sandbox("carrier", home, SANDBOX_CARRIER_WEBHOOK_URL=receiver.url) as server:
        yield server, receiver


@pytest.fixture
async def world(sandbox: tuple[SandboxServer, Receiver]) -> AsyncIterator[SandboxWorld]:
    server, receiver = sandbox
    with server.client() as api:
        api.post("/admin/reset-faults").raise_for_status()
        world = SandboxWorld(server, api, receiver)
        yield world
        await world.carrier.close()


@pytest.fixture(autouse=True)
def _no_faults() -> None:
    """The world fixture of this module clears the faults itself."""


class TestSandboxCarrier(CarrierBehaviour):
    @pytest.fixture
    def world(self, world: SandboxWorld) -> CarrierWorld:
        return world


async def test_a_dropped_answer_is_an_unknown_outcome_that_look_up_solves(world: SandboxWorld) -> None:
    world.api.put("/admin/faults", json={"drop_answer_rate": 1}).raise_for_status()
    with pytest.raises(OutcomeUnknownError):
        await world.carrier.book_return(a_return(), "dropped")
    assert isinstance(await world.carrier.find_booking("dropped"), Booked)


async def test_an_address_with_many_lines_is_folded_into_those_the_carrier_takes(world: SandboxWorld) -> None:
    recipient = Recipient(name="A", phone=None, lines=("1", "2", "3", "4", "5", "Leeds"), postcode=None, country="GB")
    booked = await world.carrier.book_outbound(OutboundBooking(reference="many", weight_grams=99_999, recipient=recipient), "many")
    assert (await world.recipient_of(booked.waybill)).lines == ("1", "2", "3", "4, 5, Leeds")


async def test_a_carrier_that_is_down_or_broken_is_unavailable(world: SandboxWorld) -> None:
    world.api.put("/admin/faults", json={"error_rate": 1}).raise_for_status()
    with pytest.raises(OutcomeUnknownError):
        await world.carrier.book_return(a_return(), "broken")
    with pytest.raises(CarrierUnavailableError):
        await world.carrier.find_booking("broken")
    nobody = SandboxCarrier("http://127.0.0.1:9", API_KEY)
    with pytest.raises(CarrierUnavailableError) as raised:
        await nobody.book_return(a_return(), "down")
    assert not isinstance(raised.value, OutcomeUnknownError)
    await nobody.close()
