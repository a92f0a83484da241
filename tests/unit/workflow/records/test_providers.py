"""Test merchants reach sandbox providers only, and live merchants never do."""

import pytest

from services.workflow.adapters.providers import Providers
from services.workflow.ports import ProviderNotAvailableError
from tests.support.payment_provider import FakeProvider

PROVIDERS = Providers([FakeProvider(name="sandbox"), FakeProvider(name="bank", sandbox=False)])


@pytest.mark.parametrize(
    ("name", "test", "served"),
    [("sandbox", True, True), ("sandbox", False, False), ("bank", True, False), ("bank", False, True), ("none", True, False)],
)
def test_the_mode_of_the_merchant_decides(name: str, test: bool, served: bool) -> None:
    assert PROVIDERS.serves(name, test) is served
    if served:
        assert PROVIDERS.of(name, test=test).name == name
    else:
        with pytest.raises(ProviderNotAvailableError):
            PROVIDERS.of(name, test=test)


def test_a_provider_that_is_not_configured_is_not_there() -> None:
    assert PROVIDERS.named("nobody") is None
