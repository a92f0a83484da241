"""Test merchants reach sandbox providers only, and live merchants never do."""

import pytest

from services.workflow.adapters.providers import Providers
from services.workflow.ports import ProviderNotAvailableError
from tests.support.payment_provider import FakeProvider

PROVIDERS = Providers(
    [
        FakeProvider(name="sandbox"),
        FakeProvider(name="bank", sandbox=False),
        FakeProvider(name="both"),
        FakeProvider(name="both", sandbox=False),
    ]
)


@pytest.mark.parametrize(
    ("name", "test", "served"),
    [
        ("sandbox", True, True),
        ("sandbox", False, False),
        ("bank", True, False),
        ("bank", False, True),
        ("both", True, True),
        ("both", False, True),
        ("none", True, False),
    ],
)
def test_the_mode_of_the_merchant_decides(name: str, test: bool, served: bool) -> None:
    assert PROVIDERS.serves(name, test) is served
    if served:
        found = PROVIDERS.of(name, test=test)
        assert (found.name, found.sandbox) == (name, test)
    else:
        with pytest.raises(ProviderNotAvailableError):
            PROVIDERS.of(name, test=test)


def test_a_name_can_stand_for_both_modes_and_means_the_live_one_where_one_is_asked_for() -> None:
    assert [provider.sandbox for provider in PROVIDERS.modes("both")] == [False, True]
    found = PROVIDERS.named("both")
    assert found is not None
    assert not found.sandbox
    assert PROVIDERS.names() == ("sandbox", "bank", "both")


def test_a_provider_that_is_not_configured_is_not_there() -> None:
    assert PROVIDERS.named("nobody") is None
