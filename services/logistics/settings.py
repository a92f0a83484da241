"""What logistics must be told: where the carrier is, how label links are signed, and how long it waits for what."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from services.kit.settings import ServiceSettings, service_config
from services.logistics.domain.label_link import MINIMUM_KEY_LENGTH


def split_secrets(setting: SecretStr) -> tuple[str, ...]:
    """The secrets of a comma separated setting, in order."""
    return tuple(part.strip() for part in setting.get_secret_value().split(",") if part.strip())


def _some(setting: SecretStr) -> SecretStr:
    if not split_secrets(setting):
        raise ValueError("is empty: set at least one secret")
    return setting


def _long_enough(setting: SecretStr) -> SecretStr:
    if any(len(key) < MINIMUM_KEY_LENGTH for key in split_secrets(_some(setting))):
        raise ValueError(f"each key must have at least {MINIMUM_KEY_LENGTH} characters")
    return setting


Duration = Annotated[timedelta, Field(gt=timedelta(0))]
Secrets = Annotated[SecretStr, AfterValidator(_some)]
LinkKeys = Annotated[SecretStr, AfterValidator(_long_enough)]


class LogisticsSettings(ServiceSettings):
    """The settings ``AFTERSALES_LOGISTICS_…``; docs/api-logistics.md explains each. Durations are ISO 8601, secrets comma separated while they rotate."""

    model_config = service_config("logistics")

    public_url: str | None = None
    label_link_keys: LinkKeys
    label_link_lifetime: Duration = timedelta(days=30)
    carrier_url: str
    carrier_api_key: SecretStr
    carrier_webhook_secret: Secrets
    carrier_timeout_seconds: Annotated[float, Field(gt=0, le=20)] = 5.0
    lost_after: Duration = timedelta(hours=120)
    address_wait: Duration = timedelta(hours=24)
    track_every: Duration = timedelta(minutes=10)
    job_concurrency: Annotated[int, Field(ge=1, le=100)] = 8
    job_poll_seconds: Annotated[float, Field(gt=0)] = 0.25
    job_lease_seconds: Annotated[float, Field(ge=1)] = 30.0
    unit_weight_grams: Annotated[int, Field(ge=1)] = 500
    photos_dir: Path

    @property
    def own_url(self) -> str:
        """Where customers reach this service."""
        return self.public_url or f"http://{self.http_host}:{self.http_port}"
