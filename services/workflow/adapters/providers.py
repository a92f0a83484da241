"""The payment providers of this installation, by the name that orders use."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from pydantic import SecretStr

from services.workflow.adapters.provider_sandbox import open_sandbox_provider
from services.workflow.ports import PaymentProvider, ProviderNotAvailableError


class ProviderSettings(Protocol):
    """The settings that name the providers. A provider without its settings is not there."""

    @property
    def sandbox_payments_url(self) -> str | None:
        """Where the sandbox's payment provider is."""

    @property
    def sandbox_payments_api_key(self) -> SecretStr | None:
        """The key to call it with."""

    @property
    def sandbox_payments_webhook_secrets(self) -> SecretStr | None:
        """The secrets its webhooks are signed with, separated by commas (several while they are rotated)."""


class Providers:
    """The configured providers. Test merchants reach sandbox providers only, live merchants never do."""

    def __init__(self, providers: Sequence[PaymentProvider]) -> None:
        self._providers = {provider.name: provider for provider in providers}

    def serves(self, name: str, test: bool) -> bool:
        """Whether the provider can be used for a merchant in test mode or not."""
        provider = self._providers.get(name)
        return provider is not None and provider.sandbox == test

    def of(self, name: str, *, test: bool) -> PaymentProvider:
        """The provider for a merchant of that mode. Raises :class:`ProviderNotAvailableError`."""
        if not self.serves(name, test):
            raise ProviderNotAvailableError(name, test=test)
        return self._providers[name]

    def named(self, name: str) -> PaymentProvider | None:
        """The provider of that name, for its webhooks."""
        return self._providers.get(name)

    def all(self) -> Sequence[PaymentProvider]:
        """All of them, each mode for itself."""
        return tuple(self._providers.values())

    def names(self) -> Sequence[str]:
        """The names of all providers."""
        return tuple(self._providers)


@asynccontextmanager
async def open_providers(settings: ProviderSettings) -> AsyncIterator[Providers]:
    """The providers that the settings name, their connections closed with the block."""
    url, key, secrets = settings.sandbox_payments_url, settings.sandbox_payments_api_key, settings.sandbox_payments_webhook_secrets
    if url is None or key is None:
        yield Providers([])
        return
    async with open_sandbox_provider(url, key.get_secret_value(), _listed(secrets)) as sandbox:
        yield Providers([sandbox])


def _listed(secrets: SecretStr | None) -> Sequence[str]:
    return [secret.strip() for secret in (secrets.get_secret_value() if secrets else "").split(",") if secret.strip()]
