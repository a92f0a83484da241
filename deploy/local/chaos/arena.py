"""Where a run takes place: a stack of its own with its links, and what the harness itself reaches it by, past all faults."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from deploy.local.chaos.links import Links
from deploy.local.chaos.wiring import Launch
from deploy.local.demo.client import Api
from deploy.local.provision.postgres import DATABASE, with_login
from deploy.local.stack.running import RunningStack

ASYNCPG_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg says while PostgreSQL is killed: the last one where the connection ended between two messages of one statement."""


@dataclass(slots=True)
class Arena:
    """``dsns`` are the services' own, not through a proxy; ``provider`` is the payment provider's records; ``http`` is not faulty on our side."""

    stack: RunningStack
    links: Links
    launch: Launch
    http: httpx2.AsyncClient
    dsns: Mapping[str, str]

    @property
    def provider(self) -> Api:
        """The payment provider, as its own staff sees it."""
        return Api(self.http, self.stack.url("payments"), self.stack.credentials.payments_api_key)

    @property
    def admin_dsn(self) -> str:
        """The administrator's way into the platform's database."""
        return with_login(str(self.stack.state["postgres_admin_dsn"]), database=DATABASE)

    @property
    def logs(self) -> Path:
        """Where all processes write their logs."""
        return self.stack.home / "logs"

    async def third_party(self, server: str, method: str, path: str, body: Any = None) -> Any:
        """What a sandbox server's own people do; repeated until it answers.

        Raises:
            Unreachable: it does not answer for half a minute.
            Refused: it says no.
        """
        return await Api(self.http, self.stack.url(server)).ask(method, path, body)
