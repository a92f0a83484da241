"""The fake carrier behaves as the port promises, so unit tests on it mean something."""

import json

import pytest

from services.logistics.domain.recipient import Recipient
from services.logistics.domain.scans import ScanStatus
from tests.unit.logistics.carrier_behaviour import CarrierBehaviour, CarrierWorld
from tests.unit.logistics.fake_carrier import FakeCarrier


class FakeWorld:
    def __init__(self) -> None:
        self.fake = FakeCarrier()
        self.carrier = self.fake

    async def scan(self, waybill: str, status: ScanStatus) -> None:
        self.fake.scan(waybill, status)

    async def webhook_of_last_scan(self, waybill: str) -> bytes:
        return json.dumps({"type": "shipment.scanned", "waybill": waybill, "number": -1}).encode()

    async def recipient_of(self, waybill: str) -> Recipient:
        return self.fake.recipient_of(waybill)


class TestFakeCarrier(CarrierBehaviour):
    @pytest.fixture
    def world(self) -> CarrierWorld:
        return FakeWorld()
