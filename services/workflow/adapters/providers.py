"""The payment providers of this installation, by the name that orders use and by mode."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from pydantic import SecretStr

from services.workflow.adapters.provider_sandbox import open_sandbox_provider
from services.workflow.adapters.provider_stripe import open_stripe_provider
from services.workflow.ports import PaymentProvider, ProviderNotAvailableError


class ProviderSettings(Protocol):
    """The settings that name the providers. A provider without its settings is not there; several webhook secrets are separated by commas."""

    @property
    def sandbox_payments_url(self) -> str | None:
        """Where the sandbox's payment provider is."""

    @property
    def sandbox_payments_api_key(self) -> SecretStr | None:
        """The key to call it with."""

    @property
    def sandbox_payments_webhook_secrets(self) -> SecretStr | None:
        """The secrets its webhooks are signed with."""

    @property
    def stripe_test_api_key(self) -> SecretStr | None:
        """The key of the Stripe account's test mode."""

    @property
    def stripe_test_webhook_secrets(self) -> SecretStr | None:
        """The secrets of the webhook endpoint of test mode."""

    @property
    def stripe_live_api_key(self) -> SecretStr | None:
        """The key of the Stripe account's live mode."""

    @property
    def stripe_live_webhook_secrets(self) -> SecretStr | None:
        """The secrets of the webhook endpoint of live mode."""

    @property
    def stripe_api_base(self) -> str | None:
        """Where a mock of Stripe is; None for Stripe itself."""


class Providers:
    """The configured providers. Test merchants reach sandbox providers only, live merchants never do: one name may stand for one of each."""

    def __init__(self, providers: Sequence[PaymentProvider]) -> None:
        self._providers = {(provider.name, provider.sandbox): provider for provider in providers}

    def serves(self, name: str, test: bool) -> bool:
        """Whether the provider can be used for a merchant in test mode or not."""
        return (name, test) in self._providers

    def of(self, name: str, *, test: bool) -> PaymentProvider:
        """The provider for a merchant of that mode. Raises :class:`ProviderNotAvailableError`."""
        if not self.serves(name, test):
            raise ProviderNotAvailableError(name, test=test)
        return self._providers[name, test]

    def modes(self, name: str) -> Sequence[PaymentProvider]:
        """The provider of that name in all its modes, the live one first: its webhooks come to one address."""
        return [self._providers[name, test] for test in (False, True) if self.serves(name, test)]

    def named(self, name: str) -> PaymentProvider | None:
        """The provider of that name, the live one where there are both."""
        return next(iter(self.modes(name)), None)

    def all(self) -> Sequence[PaymentProvider]:
        """All of them, each mode for itself."""
        return tuple(self._providers.values())

    def names(self) -> Sequence[str]:
        """The names of all providers."""
        return tuple(dict.fromkeys(name for name, _ in self._providers))


@asynccontextmanager
async def open_providers(settings: ProviderSettings) -> AsyncIterator[Providers]:
    """The providers that the settings name, their connections closed with the block."""
    found: list[PaymentProvider] = []
    async with AsyncExitStack() as stack:
        url, key = settings.sandbox_payments_url, settings.sandbox_payments_api_key
        if url is not None and key is not None:
            secrets = _listed(settings.sandbox_payments_webhook_secrets)
            found.append(await stack.enter_async_context(open_sandbox_provider(url, key.get_secret_value(), secrets)))
        for key, listed in (
            (settings.stripe_test_api_key, settings.stripe_test_webhook_secrets),
            (settings.stripe_live_api_key, settings.stripe_live_webhook_secrets),
        ):
            if key is not None:
                opening = open_stripe_provider(key.get_secret_value(), _listed(listed), settings.stripe_api_base)
                found.append(await stack.enter_async_context(opening))
        yield Providers(found)


def _listed(secrets: SecretStr | None) -> Sequence[str]:
    return [secret.strip() for secret in (secrets.get_secret_value() if secrets else "").split(",") if secret.strip()]
