"""The example as a process of its own, as somebody would run it."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.finance_consumer.told import Balances


@dataclass(frozen=True, slots=True)
class Listener:
    """One finance system: its books and its consumer group."""

    bootstrap_servers: str
    topic: str
    group: str
    state: Path

    async def start(self, *options: str) -> asyncio.subprocess.Process:
        """Start it; it listens until it is stopped."""
        known = ("--bootstrap-servers", self.bootstrap_servers, "--topic", self.topic, "--group", self.group, "--state", str(self.state))
        command = (sys.executable, "-m", "deploy.examples.finance_consumer", *known, "--mode", "test", "--json", *options)
        return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)

    async def read(self, *options: str) -> tuple[int, dict[str, Any]]:
        """Let it read to the end. Gives exit status and report."""
        return await ended(await self.start("--until-end", *options))

    def has_read(self, records: int) -> bool:
        """Whether its inbox has this many rows, or more."""
        if not self.state.exists():
            return False
        with closing(sqlite3.connect(self.state)) as books:
            try:
                (count,) = books.execute("SELECT count(*) FROM inbox").fetchone()
            except sqlite3.OperationalError:  # its tables are being made
                return False
        return bool(count >= records)

    @contextmanager
    def books_held(self) -> Iterator[None]:
        """Nobody else can write into the books meanwhile."""
        with closing(sqlite3.connect(self.state, isolation_level=None)) as books:
            books.execute("BEGIN IMMEDIATE")
            yield
            books.execute("ROLLBACK")

    def entries(self) -> set[str]:
        """The ids of the entries in its books."""
        with closing(sqlite3.connect(self.state)) as books:
            return {entry for (entry,) in books.execute("SELECT entry_id FROM entries")}


async def ended(process: asyncio.subprocess.Process) -> tuple[int, dict[str, Any]]:
    """Wait for the end of a listener. Gives exit status and report."""
    out, errors = await asyncio.wait_for(process.communicate(), timeout=90)
    assert out, errors.decode()
    return process.returncode or 0, json.loads(out)


def balances(report: dict[str, Any]) -> Balances:
    """By merchant, currency and account."""
    return {(each["merchant_id"], each["currency"], each["account"]): each["amount_minor"] for each in report["balances"]}
