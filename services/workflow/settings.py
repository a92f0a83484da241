"""Settings of the workflow service: ``AFTERSALES_WORKFLOW_<FIELD>``, and what all services share."""

from datetime import time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from services.kit.settings import ServiceSettings, service_config


class WorkflowSettings(ServiceSettings):
    """What the workflow service needs.

    ``policy_packs_dirs`` are folders of further policy packs besides those that come with the product, separated by commas.
    ``api_keys_file`` holds hashes of the merchants' API keys, for storefronts that ask for decisions and quotes; without it staff alone may ask.
    ``keep_operations`` is how long after a case's end the results of its operations are kept: at least as long as Temporal keeps its closed processes.
    ``reconcile_at`` is the time of day (UTC, ``HH:MM``) of the daily reconciliation.
    ``sandbox_payments_*`` reach the sandbox payment provider; without a URL there is none. ``stripe_*`` reach Stripe, in test mode, in live mode or in both;
    ``stripe_api_base`` is for a mock. Several webhook secrets are separated by commas.
    """

    model_config = service_config("workflow")

    task_queue: str = "aftersales-workflow"
    policy_packs_dirs: str = ""
    api_keys_file: Path | None = None
    max_concurrent_activities: int = Field(default=200, ge=1)
    max_cached_workflows: int = Field(default=2000, ge=1)
    deliveries_at_once: int = Field(default=32, ge=1)
    sweep_seconds: float = Field(default=30.0, gt=0)
    keep_operations: timedelta = timedelta(days=35)
    reconcile_at: time = time(2, 15)
    sandbox_payments_url: str | None = None
    sandbox_payments_api_key: SecretStr | None = None
    sandbox_payments_webhook_secrets: SecretStr | None = None
    stripe_test_api_key: SecretStr | None = None
    stripe_test_webhook_secrets: SecretStr | None = None
    stripe_live_api_key: SecretStr | None = None
    stripe_live_webhook_secrets: SecretStr | None = None
    stripe_api_base: str | None = None

    @field_validator("stripe_test_api_key")
    @classmethod
    def _key_of_test_mode(cls, key: SecretStr | None) -> SecretStr | None:
        return _begins_with(key, "sk_test_", "rk_test_")

    @field_validator("stripe_live_api_key")
    @classmethod
    def _key_of_live_mode(cls, key: SecretStr | None) -> SecretStr | None:
        return _begins_with(key, "sk_live_", "rk_live_")

    @field_validator("stripe_api_base")
    @classmethod
    def _keys_are_not_sent_in_the_clear(cls, url: str | None) -> str | None:
        address = urlsplit(url or "https://")
        if address.scheme != "https" and address.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("must be https, or on this machine: the API key is sent there")
        return url

    @property
    def more_policy_packs(self) -> tuple[Path, ...]:
        """The folders of further policy packs."""
        return tuple(Path(folder.strip()) for folder in self.policy_packs_dirs.split(",") if folder.strip())


def _begins_with(key: SecretStr | None, *beginnings: str) -> SecretStr | None:
    if key is not None and not key.get_secret_value().startswith(beginnings):
        raise ValueError(f"must begin with {' or '.join(beginnings)}: test merchants must never reach live money, nor live ones play money")
    return key
