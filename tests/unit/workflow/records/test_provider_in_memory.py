"""The provider in memory behaves like a provider, so that unit tests that use it say something."""

import pytest

from tests.support.payment_provider import FakeProvider
from tests.support.payment_provider_behaviour import PaymentProviderBehaviour


class TestProviderInMemory(PaymentProviderBehaviour):
    @pytest.fixture
    def world(self) -> FakeProvider:
        return FakeProvider()
