"""Settings of the workflow service: ``AFTERSALES_WORKFLOW_<FIELD>``, and what all services share."""

from datetime import time
from pathlib import Path

from pydantic import Field, SecretStr

from services.kit.settings import ServiceSettings, service_config


class WorkflowSettings(ServiceSettings):
    """What the workflow service needs.

    ``policy_packs_dirs`` are folders of further policy packs besides those that come with the product, separated by commas.
    ``api_keys_file`` holds hashes of the merchants' API keys, for storefronts that ask for decisions and quotes; without it staff alone may ask.
    ``reconcile_at`` is the time of day (UTC, ``HH:MM``) of the daily reconciliation.
    ``sandbox_payments_*`` reach the sandbox payment provider; without a URL there is none. Several webhook secrets are separated by commas.
    """

    model_config = service_config("workflow")

    task_queue: str = "aftersales-workflow"
    policy_packs_dirs: str = ""
    api_keys_file: Path | None = None
    max_concurrent_activities: int = Field(default=200, ge=1)
    max_cached_workflows: int = Field(default=2000, ge=1)
    deliveries_at_once: int = Field(default=32, ge=1)
    sweep_seconds: float = Field(default=30.0, gt=0)
    reconcile_at: time = time(2, 15)
    sandbox_payments_url: str | None = None
    sandbox_payments_api_key: SecretStr | None = None
    sandbox_payments_webhook_secrets: SecretStr | None = None

    @property
    def more_policy_packs(self) -> tuple[Path, ...]:
        """The folders of further policy packs."""
        return tuple(Path(folder.strip()) for folder in self.policy_packs_dirs.split(",") if folder.strip())
