"""Engines that are not ours: each one whose setting is given is used instead of a local one."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from deploy.local.engines.kafka import kafka_answers
from deploy.local.engines.postgres import postgres_answers
from deploy.local.engines.temporal import NAMESPACE, temporal_answers
from deploy.local.errors import LocalError
from deploy.local.provision.postgres import SERVICES

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ExternalEngines:
    """What the environment says about engines elsewhere; None or empty where the local one is to be used."""

    kafka_bootstrap_servers: str | None = None
    temporal_address: str | None = None
    temporal_namespace: str = NAMESPACE
    temporal_ui_url: str | None = None
    postgres_admin_dsn: str | None = None
    postgres_dsns: Mapping[str, str] | None = None

    @property
    def has_postgres(self) -> bool:
        """Whether PostgreSQL is elsewhere, by one administrator's DSN or by the DSN of each service."""
        return bool(self.postgres_admin_dsn or self.postgres_dsns)

    async def check(self) -> None:
        """Wait until each of them answers.

        Raises:
            LocalError: one does not; says which setting is meant.
        """
        if self.kafka_bootstrap_servers:
            await _answers("Kafka", "AFTERSALES_KAFKA_BOOTSTRAP_SERVERS", kafka_answers, self.kafka_bootstrap_servers)
        if self.temporal_address:
            await _answers("Temporal", "AFTERSALES_TEMPORAL_ADDRESS", temporal_answers, self.temporal_address)
        if self.postgres_admin_dsn:
            await _answers("PostgreSQL", "AFTERSALES_POSTGRES_ADMIN_DSN", postgres_answers, self.postgres_admin_dsn, secret=True)
        for service, dsn in (self.postgres_dsns or {}).items():
            await _answers("PostgreSQL", dsn_variable(service), postgres_answers, dsn, secret=True)


def dsn_variable(service: str) -> str:
    """Name of the setting with the DSN of a service."""
    return f"AFTERSALES_{service.upper()}_POSTGRES_DSN"


def external_engines(environment: Mapping[str, str] = os.environ) -> ExternalEngines:
    """Read which engines are elsewhere.

    Raises:
        LocalError: only some of the services have a DSN.
    """
    dsns = {service: environment[dsn_variable(service)] for service in SERVICES if environment.get(dsn_variable(service))}
    if dsns and len(dsns) < len(SERVICES):
        missing = ", ".join(dsn_variable(service) for service in SERVICES if service not in dsns)
        raise LocalError(f"Give the DSN of every service or of none. Missing: {missing}. (Or give AFTERSALES_POSTGRES_ADMIN_DSN alone.)")
    return ExternalEngines(
        kafka_bootstrap_servers=environment.get("AFTERSALES_KAFKA_BOOTSTRAP_SERVERS") or None,
        temporal_address=environment.get("AFTERSALES_TEMPORAL_ADDRESS") or None,
        temporal_namespace=environment.get("AFTERSALES_TEMPORAL_NAMESPACE") or NAMESPACE,
        temporal_ui_url=environment.get("AFTERSALES_TEMPORAL_UI_URL") or None,
        postgres_admin_dsn=environment.get("AFTERSALES_POSTGRES_ADMIN_DSN") or None,
        postgres_dsns=dsns or None,
    )


async def _answers(engine: str, variable: str, question: Callable[[str], Awaitable[bool]], address: str, *, secret: bool = False) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await question(address):
        if time.monotonic() > deadline:
            where = "the address given" if secret else address
            raise LocalError(
                f"{engine} does not answer at {where} ({variable}). Start it, correct the setting, or unset it to use a local one."
            )
        await asyncio.sleep(0.5)
