"""The environment of each child process. A service gets what is its own and nothing of the others: no foreign DSN, no key it need not know."""

import os
from collections.abc import Mapping
from pathlib import Path

from deploy.local.ports import LOOPBACK
from deploy.local.provision.postgres import SERVICES
from deploy.local.stack.addresses import Addresses
from deploy.local.stack.credentials import Credentials

PREFIX = "AFTERSALES_"
READ_CONTACTS = frozenset({"intake", "logistics", "notifications"})
"""Who may open contact events: intake writes them, logistics needs addresses, notifications mail addresses."""
PAYMENT_PROVIDER = "sandbox"
CARRIER = "sandbox"
"""What the services call the sandbox's payment provider and carrier."""


def service_settings(
    service: str, *, ports: Mapping[str, int], addresses: Addresses, credentials: Credentials, files: Mapping[str, Path]
) -> dict[str, str]:
    """Return the settings of one service. ``files`` holds ``merchants``, ``intake_credentials``, ``api_keys`` and ``data`` (the home)."""
    own = f"{PREFIX}{service.upper()}_"
    settings = {
        f"{PREFIX}KAFKA_BOOTSTRAP_SERVERS": addresses.kafka_bootstrap_servers,
        f"{PREFIX}TEMPORAL_ADDRESS": addresses.temporal_address,
        f"{PREFIX}TEMPORAL_NAMESPACE": addresses.temporal_namespace,
        f"{PREFIX}MERCHANTS_FILE": str(files["merchants"]),
        f"{PREFIX}STAFF_PUBLIC_KEY": credentials.staff_public_key,
        f"{own}POSTGRES_DSN": addresses.postgres_dsns[service],
        f"{own}HTTP_HOST": LOOPBACK,
        f"{own}HTTP_PORT": str(ports[service]),
    }
    if service in READ_CONTACTS:
        settings[f"{PREFIX}CONTACT_KEY"] = credentials.contact_key
    extra = {
        "intake": {
            "CREDENTIALS_FILE": str(files["intake_credentials"]),
            "TOKEN_KEY": credentials.case_token_key,
            "IDENTITY_KEY": credentials.identity_key,
            "EVIDENCE_DIR": str(files["data"] / "evidence"),
        },
        "workflow": {
            "API_KEYS_FILE": str(files["api_keys"]),
            "SANDBOX_PAYMENTS_URL": addresses.urls["payments"],
            "SANDBOX_PAYMENTS_API_KEY": credentials.payments_api_key,
            "SANDBOX_PAYMENTS_WEBHOOK_SECRETS": credentials.payments_webhook_secret,
        },
        "logistics": {
            "CARRIER_URL": addresses.urls["carrier"],
            "CARRIER_API_KEY": credentials.carrier_api_key,
            "CARRIER_WEBHOOK_SECRET": credentials.carrier_webhook_secret,
            "LABEL_LINK_KEYS": credentials.label_link_key,
            "PHOTOS_DIR": str(files["data"] / "photos"),
        },
        "notifications": {"SANDBOX_SMTP_URL": addresses.smtp_url},
    }[service]
    return settings | {f"{own}{name}": value for name, value in extra.items()}


def sandbox_settings(server: str, *, addresses: Addresses, credentials: Credentials) -> dict[str, str]:
    """Return the settings of one sandbox server; secrets go by environment, for a command line is visible to others."""
    prefix = f"SANDBOX_{server.upper()}_"
    settings = {
        "payments": {
            "API_KEY": credentials.payments_api_key,
            "WEBHOOK_SECRET": credentials.payments_webhook_secret,
            "WEBHOOK_URL": f"{addresses.urls['workflow']}/v1/providers/{PAYMENT_PROVIDER}/webhooks",
        },
        "carrier": {
            "API_KEY": credentials.carrier_api_key,
            "WEBHOOK_SECRET": credentials.carrier_webhook_secret,
            "WEBHOOK_URL": f"{addresses.urls['logistics']}/v1/carriers/sandbox/webhooks",
        },
        "mailbox": {},
    }[server]
    return {f"{prefix}{name}": value for name, value in settings.items()}


def child_environment(settings: Mapping[str, str], inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the whole environment of a child: the shell's without the services' own secrets and addresses, then ``settings``."""
    private = {f"{PREFIX}POSTGRES_ADMIN_DSN", *(f"{PREFIX}{service.upper()}_POSTGRES_DSN" for service in SERVICES)}
    return {name: value for name, value in inherited.items() if name not in private} | {"PYTHONUNBUFFERED": "1"} | dict(settings)
