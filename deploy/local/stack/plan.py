"""What a stack consists of: which servers, on which ports, with which settings."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.engines.kafka import Kafka
from deploy.local.engines.postgres import Postgres
from deploy.local.engines.temporal import Temporal
from deploy.local.ports import LOOPBACK, choose_ports
from deploy.local.process import ProcessSpec
from deploy.local.provision.postgres import SERVICES
from deploy.local.server import HttpServer, Server
from deploy.local.stack.addresses import SANDBOX, Addresses, addresses_of
from deploy.local.stack.child import Kind
from deploy.local.stack.credentials import Credentials, ensure_credentials
from deploy.local.stack.environment import child_environment, sandbox_settings, service_settings
from deploy.local.stack.external import ExternalEngines
from deploy.local.stack.files import STATE_FILE, read_json
from deploy.local.stack.merchants import ensure_merchants_file, merchant_ids, write_api_keys, write_intake_credentials

SERVICE_STOP_SECONDS = 40.0
"""How long a service may take to finish what it has in hand; longer than it gives each of its own parts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The servers by kind, in the order of starting, and everything others must know about them."""

    servers: tuple[tuple[Kind, Server], ...]
    ports: Mapping[str, int]
    addresses: Addresses
    credentials: Credentials
    settings: Mapping[str, Mapping[str, str]]


def make_plan(home: Path, external: ExternalEngines) -> Plan:
    """Choose ports, make or read credentials and merchants, and say what will run.

    Raises:
        PortTaken: a port that was asked for is in use.
    """
    ports = choose_ports((read_json(home / STATE_FILE) or {}).get("ports"))
    merchants = ensure_merchants_file(home)
    credentials = ensure_credentials(home, merchant_ids(merchants))
    addresses = addresses_of(home, ports, credentials, external)
    files = {
        "merchants": merchants,
        "intake_credentials": write_intake_credentials(home, credentials),
        "api_keys": write_api_keys(home, credentials),
        "data": home,
    }
    settings = {
        service: service_settings(service, ports=ports, addresses=addresses, credentials=credentials, files=files) for service in SERVICES
    } | {server: sandbox_settings(server, addresses=addresses, credentials=credentials) for server in SANDBOX}
    servers = [
        *((Kind.ENGINE, engine) for engine in _engines(home, ports, credentials, external)),
        *((Kind.SANDBOX, _sandbox(name, home, ports, settings[name])) for name in SANDBOX),
        *((Kind.SERVICE, _service(name, home, ports, settings[name])) for name in SERVICES),
    ]
    return Plan(tuple(servers), ports, addresses, credentials, settings)


def _engines(home: Path, ports: Mapping[str, int], credentials: Credentials, external: ExternalEngines) -> list[Server]:
    engines: list[Server] = []
    if not external.has_postgres:
        engines.append(Postgres(home, ports["postgres"], credentials.postgres_admin_password))
    if external.kafka_bootstrap_servers is None:
        engines.append(Kafka(home, ports["kafka"], ports["kafka_controller"]))
    if external.temporal_address is None:
        engines.append(Temporal(home, ports["temporal"], ports["temporal_ui"]))
    return engines


def _sandbox(name: str, home: Path, ports: Mapping[str, int], settings: Mapping[str, str]) -> Server:
    data = home / "sandbox"
    data.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", f"deploy.local.sandbox.{name}", "--host", LOOPBACK, "--port", str(ports[name]), "--data", str(data)]
    if name == "mailbox":
        argv += ["--smtp-port", str(ports["mailbox_smtp"])]
    spec = ProcessSpec(name, argv, home / "logs" / f"{name}.log", child_environment(settings))
    return HttpServer(spec, f"http://{LOOPBACK}:{ports[name]}")


def _service(name: str, home: Path, ports: Mapping[str, int], settings: Mapping[str, str]) -> Server:
    argv = [sys.executable, "-m", f"services.{name}"]
    spec = ProcessSpec(name, argv, home / "logs" / f"{name}.log", child_environment(settings), stop_seconds=SERVICE_STOP_SECONDS)
    return HttpServer(spec, f"http://{LOOPBACK}:{ports[name]}")
