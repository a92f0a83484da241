"""The stack as usual, but with a proxy on every line between a service and what it uses, and with clocks that differ."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit

from deploy.local.chaos.links import Links
from deploy.local.engines.kafka import Kafka
from deploy.local.errors import LocalError
from deploy.local.ports import LOOPBACK, is_free
from deploy.local.provision.postgres import SERVICES
from deploy.local.server import HttpServer, Server
from deploy.local.stack.child import Kind
from deploy.local.stack.external import ExternalEngines
from deploy.local.stack.plan import Plan, make_plan

Launch: TypeAlias = Callable[[str], Sequence[str]]
"""The arguments of Python that start a service or third party by name: ``-m services.intake``, or something around it."""

SHIFTED = "deploy.local.chaos.shifted"
_PREFIX = "AFTERSALES_"


def launch_shifted(shifts: Mapping[str, float]) -> Launch:
    """Start everything as usual, except those that are named: their clocks are off by so many seconds."""

    def launch(name: str) -> Sequence[str]:
        module = f"services.{name}" if name in SERVICES else f"deploy.local.sandbox.{name}"
        return ["-m", SHIFTED, str(shifts[name]), module] if name in shifts else ["-m", module]

    return launch


def wire(home: Path, external: ExternalEngines, links: Links, launch: Launch) -> Plan:
    """Make the plan of a stack whose services reach everything through ``links``.

    Raises:
        LocalError: an engine is elsewhere, where it cannot be killed.
    """
    if external.kafka_bootstrap_servers or external.temporal_address or external.has_postgres:
        raise LocalError("Chaos kills engines, so it needs its own: unset the settings that name engines elsewhere.")
    plan = make_plan(home, external)
    inner = dict(zip(SERVICES, _ports_beyond(plan.ports, len(SERVICES)), strict=True))
    links.aim(plan.ports)
    for service, port in inner.items():
        links.proxies[service, "kafka"].target = port
    detours = {port: links.port(service, "kafka") for service, port in inner.items()}
    settings = {name: _through(links, name, own) if name in SERVICES else own for name, own in plan.settings.items()}
    servers = tuple((kind, _rewired(kind, server, home, plan, settings, detours, launch)) for kind, server in plan.servers)
    return replace(plan, servers=servers, settings=settings)


def _rewired(
    kind: Kind,
    server: Server,
    home: Path,
    plan: Plan,
    settings: Mapping[str, Mapping[str, str]],
    detours: Mapping[int, int],
    launch: Launch,
) -> Server:
    if kind is Kind.ENGINE:
        return Kafka(home, plan.ports["kafka"], plan.ports["kafka_controller"], detours=detours) if server.name == "kafka" else server
    spec = server.spec()
    options = list(spec.argv)[3:]  # after: python -m module
    argv = [sys.executable, *launch(server.name), *options]
    rewired = replace(spec, argv=argv, env={**spec.env, **settings[server.name]})
    return HttpServer(rewired, f"http://{LOOPBACK}:{plan.ports[server.name]}")


def _through(links: Links, service: str, settings: Mapping[str, str]) -> dict[str, str]:
    """A service's settings, in which everything it uses is at its proxy."""
    own = f"{_PREFIX}{service.upper()}_"
    dsn = settings[f"{own}POSTGRES_DSN"]
    changed = {
        f"{_PREFIX}KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{links.port(service, 'kafka')}",
        f"{own}POSTGRES_DSN": _at(dsn, links.port(service, "postgres")),
    }
    match service:
        case "workflow":
            changed[f"{_PREFIX}TEMPORAL_ADDRESS"] = f"{LOOPBACK}:{links.port(service, 'temporal')}"
            changed[f"{own}SANDBOX_PAYMENTS_URL"] = f"http://{LOOPBACK}:{links.port(service, 'payments')}"
        case "logistics":
            changed[f"{own}CARRIER_URL"] = f"http://{LOOPBACK}:{links.port(service, 'carrier')}"
        case "notifications":
            changed[f"{own}SANDBOX_SMTP_URL"] = f"smtp://{LOOPBACK}:{links.port(service, 'mailbox_smtp')}"
            changed[f"{own}RETRY_MAX"] = (
                "PT1M"  # the pauses double: without a limit a mail that failed eight times would outlast the wait for rest
            )
        case _:
            pass
    return {**settings, **changed}


def _at(dsn: str, port: int) -> str:
    """The same login and database at a TCP port. The query names the Unix socket, where no proxy is."""
    parts = urlsplit(dsn)
    login, _, _place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}@{LOOPBACK}:{port}", query=""))


def _ports_beyond(taken: Mapping[str, int], count: int) -> list[int]:
    """Free ports above those of the stack. The kernel's own choice would not do: it may give such a port away while Kafka is down."""
    ports: list[int] = []
    port = max(taken["kafka"], taken["kafka_controller"], taken["intake"] + len(taken)) + 1
    while len(ports) < count:
        if port not in taken.values() and is_free(port):
            ports.append(port)
        port += 1
    return ports
