"""Where benchmarks run: a home that is made for the run and thrown away after it, with engines, or a whole stack, on ports of their own."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from pathlib import Path

from deploy.local.bench.size import Size
from deploy.local.own_ports import own_ports
from deploy.local.provision.postgres import create_database, create_role_and_schema, with_login
from deploy.local.stack.running import RunningStack, running_stack
from services.kit.migrate import apply_migrations
from services.kit.settings import ServiceSettings

PASSWORD = "only-for-this-run"  # noqa: S105 - of a database that lives as long as the run


CACHED_WORKFLOWS = 300
"""How many processes the worker of a measured stack keeps in memory; fewer than in life, so that it does not take thousands of cases to go beyond."""


class Needs(StrEnum):
    """What a benchmark needs around it."""

    NOTHING = "nothing"
    ENGINES = "engines"
    STACK = "stack"


class Place:
    """A running place. ``tables`` and ``notes`` take what a benchmark has to say besides its numbers."""

    def __init__(self, stack: RunningStack, size: Size, report: Path) -> None:
        self.stack = stack
        self.size = size
        self.report = report
        self.tables: list[str] = []

    @property
    def kafka(self) -> str:
        """Kafka's address."""
        return str(self.stack.state["kafka_bootstrap_servers"])

    @property
    def admin_dsn(self) -> str:
        """PostgreSQL's superuser."""
        return str(self.stack.state["postgres_admin_dsn"])

    async def database(self, name: str, service: str = "kit") -> str:
        """A fresh database with the tables of a service (``kit``: the kit's alone); its DSN as the role that owns them, by the way that services take."""
        database = f"bench_{name}"
        await create_role_and_schema(await create_database(self.admin_dsn, database), service, PASSWORD)
        dsn = with_login(
            self.stack.settings("intake")["AFTERSALES_INTAKE_POSTGRES_DSN"], role=service, password=PASSWORD, database=database
        )
        apply_migrations(dsn, service, None if service == "kit" else f"services.{service}.migrations")
        return dsn

    def kit_settings(self, dsn: str) -> ServiceSettings:
        """Settings that are enough for the kit's parts."""
        return ServiceSettings(
            postgres_dsn=dsn, kafka_bootstrap_servers=self.kafka, merchants_file=self.stack.home / "merchants.json", http_port=0
        )


@asynccontextmanager
async def a_place(needs: Needs, size: Size, report: Path) -> AsyncIterator[Place]:
    """Start what is needed, and end and delete it with the block. Raises ``LocalError`` where it does not start."""
    with tempfile.TemporaryDirectory(prefix="aftersales-bench-") as folder:
        home = Path(folder)
        if needs is Needs.NOTHING:
            yield Place(RunningStack(home), size, report)
            return
        with own_ports(), _setting("AFTERSALES_WORKFLOW_MAX_CACHED_WORKFLOWS", str(CACHED_WORKFLOWS)):
            async with running_stack(home, only=_BESIDE_ENGINES if needs is Needs.ENGINES else None) as stack:
                yield Place(stack, size, report)


@contextmanager
def _setting(name: str, value: str) -> Iterator[None]:
    """Give what is started within the block a setting."""
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


_BESIDE_ENGINES = ("payments",)
"""The payment provider: refunds are measured with a real one, and while nobody calls it costs nothing."""
