"""Where everything of a stack is: engines, sandbox servers, services."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.engines.postgres_socket import by_socket
from deploy.local.ports import LOOPBACK
from deploy.local.provision.postgres import DATABASE, SERVICES, with_login
from deploy.local.stack.credentials import Credentials
from deploy.local.stack.external import ExternalEngines

SANDBOX = ("payments", "carrier", "mailbox")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses as clients need them. ``postgres_admin_dsn`` is None if each service's DSN was given from outside.

    Of our own PostgreSQL, the administrator's DSN names the TCP port, those of the services the Unix socket.
    """

    kafka_bootstrap_servers: str
    temporal_address: str
    temporal_namespace: str
    temporal_ui_url: str | None
    postgres_admin_dsn: str | None
    postgres_dsns: Mapping[str, str]
    urls: Mapping[str, str]
    smtp_url: str


def addresses_of(home: Path, ports: Mapping[str, int], credentials: Credentials, external: ExternalEngines) -> Addresses:
    """Work out all addresses: those given from outside, else our own ports."""
    admin, services = external.postgres_admin_dsn, external.postgres_dsns
    if services is None:
        own = f"postgresql://postgres:{credentials.postgres_admin_password}@{LOOPBACK}:{ports['postgres']}/postgres"
        services = _service_dsns(admin or by_socket(home, own), credentials)
        admin = admin or own
    own_ui = None if external.temporal_address else f"http://{LOOPBACK}:{ports['temporal_ui']}"
    return Addresses(
        kafka_bootstrap_servers=external.kafka_bootstrap_servers or f"{LOOPBACK}:{ports['kafka']}",
        temporal_address=external.temporal_address or f"{LOOPBACK}:{ports['temporal']}",
        temporal_namespace=external.temporal_namespace,
        temporal_ui_url=external.temporal_ui_url or own_ui,
        postgres_admin_dsn=admin,
        postgres_dsns=services,
        urls={name: f"http://{LOOPBACK}:{ports[name]}" for name in (*SERVICES, *SANDBOX)},
        smtp_url=f"smtp://{LOOPBACK}:{ports['mailbox_smtp']}",
    )


def _service_dsns(admin_dsn: str, credentials: Credentials) -> dict[str, str]:
    passwords = credentials.postgres_passwords
    return {service: with_login(admin_dsn, role=service, password=passwords[service], database=DATABASE) for service in SERVICES}
