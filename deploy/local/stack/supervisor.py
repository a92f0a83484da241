"""The supervisor: brings a whole stack up in order, keeps it alive, writes down what runs, and takes it down in reverse."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.local.errors import LocalError
from deploy.local.provision.kafka import create_topics
from deploy.local.provision.postgres import SERVICES, create_all
from deploy.local.provision.temporal import prepare_namespace
from deploy.local.stack.child import Child, Kind, Phase
from deploy.local.stack.credentials import CREDENTIALS_FILE
from deploy.local.stack.external import ExternalEngines, external_engines
from deploy.local.stack.files import STATE_FILE, hold_home, read_json, write_private
from deploy.local.stack.leftovers import birth, end_leftovers
from deploy.local.stack.plan import Plan, make_plan
from services.kit.migrate import apply_migrations

HELD_DIRECTORY = "held"
HELD_POLL_SECONDS = 0.3

Planner = Callable[[Path, ExternalEngines], Plan]
"""Says what runs where in a home, with which settings."""


class Stack:
    """One stack in one home.

    ``only`` limits which sandbox servers and services run (engines always do); ``tell`` receives what happens, in words; ``planner`` is for a stack that is
    wired in another way than usual.
    """

    def __init__(
        self,
        home: Path,
        *,
        only: Collection[str] | None = None,
        tell: Callable[[str], None] = lambda _line: None,
        planner: Planner = make_plan,
    ) -> None:
        self.home = home
        self.children: list[Child] = []
        self._only = only
        self._tell = tell
        self._planner = planner
        self._plan: Plan | None = None
        self._phase = "starting"
        self._started_at = datetime.now(UTC)
        self._watch: asyncio.Task[None] | None = None
        self._resources = contextlib.ExitStack()

    @property
    def plan(self) -> Plan:
        """What runs where; known once the stack has begun to start."""
        if self._plan is None:
            raise RuntimeError("the stack was not started")
        return self._plan

    async def start(self) -> None:
        """Start everything in order and return when every child answers.

        Raises:
            LocalError: something cannot start; what was started is stopped again by :meth:`stop`.
        """
        self._resources.enter_context(hold_home(self.home))
        earlier = read_json(self.home / STATE_FILE)
        if earlier is not None:
            # Readers must not take what an earlier run wrote for the state of this one.
            write_private(self.home / STATE_FILE, earlier | {"phase": self._phase})
        ended = await asyncio.to_thread(end_leftovers, (earlier or {}).get("processes", []))
        if ended:
            self._tell(f"ended what an earlier run left behind: {', '.join(ended)}")
        external = external_engines()
        self._plan = self._planner(self.home, external)
        chosen = [
            (kind, server) for kind, server in self.plan.servers if kind is Kind.ENGINE or self._only is None or server.name in self._only
        ]
        self.children = [Child(server, kind, self._tell, self._write_state) for kind, server in chosen]
        self._write_state()
        await external.check()
        await self._start_all(Kind.ENGINE)
        await self._provision()
        await self._start_all(Kind.SANDBOX, Kind.SERVICE)
        self._watch = asyncio.create_task(self._watch_held(), name="watch held")
        self._phase = "running"
        self._write_state()

    async def stop(self) -> None:
        """Stop everything, services first and engines last; safe after a start that failed half-way."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        if self._plan is not None:
            self._phase = "stopping"
            for kind in (Kind.SERVICE, Kind.SANDBOX, Kind.ENGINE):
                await asyncio.gather(*(child.stop() for child in self.children if child.kind is kind))
            self._phase = "stopped"
            self._write_state()
        self._resources.close()

    def kill_all(self) -> None:
        """End every child at once by SIGKILL; for the impatient, nothing committed is lost."""
        for child in self.children:
            child.server.kill()

    async def _start_all(self, *kinds: Kind) -> None:
        started = [child for child in self.children if child.kind in kinds and not self._is_held(child)]
        for child in started:
            child.start()
        await asyncio.gather(*(child.wait_answered() for child in started))
        if started:
            self._tell(f"answering: {', '.join(child.name for child in started)}")

    async def _provision(self) -> None:
        addresses = self.plan.addresses
        if addresses.postgres_admin_dsn is not None:
            await create_all(addresses.postgres_admin_dsn, self.plan.credentials.postgres_passwords)
        for service in SERVICES:
            await asyncio.to_thread(apply_migrations, addresses.postgres_dsns[service], service, f"services.{service}.migrations")
        await create_topics(addresses.kafka_bootstrap_servers)
        await prepare_namespace(addresses.temporal_address, addresses.temporal_namespace)

    def _is_held(self, child: Child) -> bool:
        return (self.home / HELD_DIRECTORY / child.name).exists()

    async def _watch_held(self) -> None:
        """Stop and start single children as people ask by ``aftersales hold`` and ``release``: a marker file, so that it also works from other processes."""
        while True:
            for child in self.children:
                if self._is_held(child) and child.phase is not Phase.HELD:
                    await child.stop(Phase.HELD)
                    self._tell(f"{child.name} is held; `aftersales release {child.name}` starts it again")
                elif child.phase is Phase.HELD and not self._is_held(child):
                    child.start()
            await asyncio.sleep(HELD_POLL_SECONDS)

    def _write_state(self) -> None:
        plan = self.plan
        write_private(
            self.home / STATE_FILE,
            {
                "phase": self._phase,
                "home": str(self.home),
                "started_at": self._started_at.isoformat(),
                "supervisor": {"pid": os.getpid(), "born": birth(os.getpid())},
                "credentials_file": str(self.home / CREDENTIALS_FILE),
                "ports": dict(plan.ports),
                "urls": dict(plan.addresses.urls),
                "kafka_bootstrap_servers": plan.addresses.kafka_bootstrap_servers,
                "temporal_address": plan.addresses.temporal_address,
                "temporal_namespace": plan.addresses.temporal_namespace,
                "temporal_ui_url": plan.addresses.temporal_ui_url,
                "postgres_admin_dsn": plan.addresses.postgres_admin_dsn,
                "settings": {name: dict(settings) for name, settings in plan.settings.items()},
                "processes": [_record(child) for child in self.children],
            },
        )


def _record(child: Child) -> dict[str, Any]:
    return {
        "name": child.name,
        "kind": child.kind.value,
        "phase": child.phase.value,
        "pid": child.pid,
        "born": birth(child.pid) if child.pid else None,
        "starts": child.starts,
        "since": child.since.isoformat(),
        "log": str(child.log),
    }


def hold(home: Path, name: str) -> None:
    """Ask the supervisor of ``home`` to stop one server and leave it stopped, also over restarts of the stack."""
    _known(home, name)
    (home / HELD_DIRECTORY).mkdir(exist_ok=True)
    (home / HELD_DIRECTORY / name).touch()


def release(home: Path, name: str) -> None:
    """Ask the supervisor of ``home`` to start a held server again."""
    _known(home, name)
    (home / HELD_DIRECTORY / name).unlink(missing_ok=True)


def _known(home: Path, name: str) -> None:
    names = [process["name"] for process in (read_json(home / STATE_FILE) or {}).get("processes", [])]
    if name not in names:
        known = f"It has: {', '.join(names)}." if names else "No stack was ever started there."
        raise LocalError(f"The stack in {home} has no {name!r}. {known}")
