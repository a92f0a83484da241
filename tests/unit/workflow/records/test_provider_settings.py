"""Which providers there are follows from the settings, and a key of the wrong mode ends the service before it starts."""

from pathlib import Path

import pytest

from services.kit.settings import SettingsError, load_settings
from services.workflow.adapters.providers import open_providers
from services.workflow.settings import WorkflowSettings


@pytest.fixture(autouse=True)
def _complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERSALES_MERCHANTS_FILE", "/merchants.json")
    monkeypatch.setenv("AFTERSALES_WORKFLOW_POSTGRES_DSN", "postgresql://db/x")
    monkeypatch.setenv("AFTERSALES_WORKFLOW_HTTP_PORT", "8001")


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("STRIPE_TEST_API_KEY", "sk_live_123", "must begin with sk_test_ or rk_test_"),
        ("STRIPE_LIVE_API_KEY", "rk_test_123", "must begin with sk_live_ or rk_live_"),
        ("STRIPE_LIVE_API_KEY", "pk_live_123", "must begin with sk_live_ or rk_live_"),
        ("STRIPE_API_BASE", "http://stripe.example", "must be https, or on this machine"),
    ],
)
def test_a_key_of_the_wrong_mode_or_a_mock_in_the_clear_is_refused_by_name_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(f"AFTERSALES_WORKFLOW_{variable}", value)
    with pytest.raises(SettingsError) as refused:
        load_settings(WorkflowSettings)
    assert f"AFTERSALES_WORKFLOW_{variable}" in str(refused.value)
    assert problem in str(refused.value)
    assert "123" not in str(refused.value)


@pytest.mark.parametrize("base", ["http://127.0.0.1:12111", "http://localhost:1", "https://stripe.example"])
def test_a_mock_on_this_machine_or_behind_tls_is_taken(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("AFTERSALES_WORKFLOW_STRIPE_API_BASE", base)
    assert load_settings(WorkflowSettings).stripe_api_base == base


async def test_stripe_serves_test_and_live_merchants_each_in_their_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERSALES_WORKFLOW_STRIPE_TEST_API_KEY", "sk_test_1")
    async with open_providers(load_settings(WorkflowSettings)) as providers:
        assert providers.serves("stripe", test=True)
        assert not providers.serves("stripe", test=False)
    monkeypatch.setenv("AFTERSALES_WORKFLOW_STRIPE_LIVE_API_KEY", "rk_live_1")
    async with open_providers(load_settings(WorkflowSettings)) as providers:
        assert providers.of("stripe", test=True).sandbox
        assert not providers.of("stripe", test=False).sandbox
        assert providers.names() == ("stripe",)


async def test_without_settings_there_is_no_provider() -> None:
    settings = WorkflowSettings(merchants_file=Path("m.json"), postgres_dsn="x", http_port=1)
    async with open_providers(settings) as providers:
        assert providers.names() == ()
        assert providers.modes("stripe") == []
