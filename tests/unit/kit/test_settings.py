"""Settings: shared and own variables, and an error that names what to set."""

from pathlib import Path

import pytest

from services.kit.settings import ServiceSettings, SettingsError, load_settings, service_config


class ShopSettings(ServiceSettings):
    """Settings of a service that does not exist."""

    model_config = service_config("shop")

    evidence_dir: Path = Path("evidence")


@pytest.fixture(autouse=True)
def _complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERSALES_MERCHANTS_FILE", "/merchants.json")
    monkeypatch.setenv("AFTERSALES_SHOP_POSTGRES_DSN", "postgresql://shop:secret@db/x")
    monkeypatch.setenv("AFTERSALES_SHOP_HTTP_PORT", "8001")


def test_shared_settings_have_the_shared_prefix_and_own_ones_the_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERSALES_KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("AFTERSALES_SHOP_EVIDENCE_DIR", "/data")
    settings = load_settings(ShopSettings)
    assert settings.kafka_bootstrap_servers == "kafka:9092"
    assert settings.evidence_dir == Path("/data")
    assert settings.http_port == 8001


def test_every_missing_or_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFTERSALES_MERCHANTS_FILE")
    monkeypatch.delenv("AFTERSALES_SHOP_POSTGRES_DSN")
    monkeypatch.setenv("AFTERSALES_SHOP_HTTP_PORT", "eighty")
    with pytest.raises(SettingsError) as refused:
        load_settings(ShopSettings)
    message = str(refused.value)
    assert "AFTERSALES_MERCHANTS_FILE: is missing" in message
    assert "AFTERSALES_SHOP_POSTGRES_DSN: is missing" in message
    assert "AFTERSALES_SHOP_HTTP_PORT: Input should be a valid integer" in message
    assert "eighty" not in message


def test_credentials_are_not_shown_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERSALES_CONTACT_KEY", "k1:c2VjcmV0")
    shown = repr(load_settings(ShopSettings))
    assert "secret" not in shown
    assert "c2VjcmV0" not in shown


def test_tests_may_give_them_by_name() -> None:
    assert ShopSettings(merchants_file=Path("m.json"), postgres_dsn="x", http_port=1, temporal_address="t:1").temporal_address == "t:1"
