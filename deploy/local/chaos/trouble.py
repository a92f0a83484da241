"""Trouble: the seeded faults of a run happen, one lane beside the other, until it is told to stop; then everything is healed."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg

from deploy.local.chaos.arena import ASYNCPG_ERRORS, Arena
from deploy.local.chaos.faults import LANES, Blow, Fault, Stir, third_party_faults
from deploy.local.chaos.proxy import Cut
from deploy.local.chaos.second import second_process
from deploy.local.chaos.signals import freeze, thaw
from deploy.local.demo.client import Refused, Unreachable
from deploy.local.errors import LocalError
from services.kit.clock import utc_now
from services.kit.relay import republish

_SENT_AGAIN = timedelta(seconds=20)
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault that happened: when (seconds since the trouble began), what, and why not if it could not."""

    at_seconds: float
    lane: str
    what: str
    kind: str
    skipped: str = ""


@dataclass(slots=True)
class Trouble:
    """The faults of a run. ``reversed_refunds`` are the provider's ids of refunds that came back on purpose; ``tell`` hears of every fault."""

    arena: Arena
    seed: int
    tell: Callable[[str], None]
    happened: list[Happened] = field(default_factory=list)
    reversed_refunds: set[str] = field(default_factory=set)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _began: float = 0.0

    async def misbehave(self) -> None:
        """Third parties are at fault from now on, all the time."""
        for server, switches in third_party_faults(self.seed).items():
            await self.arena.third_party(server, "PUT", "/admin/faults", switches)

    async def run(self) -> None:
        """Let things go wrong until :meth:`stop`. What a fault did ends with it."""
        self._began = time.monotonic()
        await asyncio.gather(*(self._lane(name) for name in LANES))

    def stop(self) -> None:
        """No new fault begins, and those under way end."""
        self._stop.set()

    def count(self, *kinds: Blow | Cut | Stir) -> int:
        """How many faults of these kinds happened."""
        return sum(not one.skipped and one.kind in kinds for one in self.happened)

    async def heal(self) -> None:
        """Everything works again; a webhook about money that came back is sent again where it was lost, for the sandbox knows no other way to learn of it."""
        await self.arena.links.heal()
        for server in third_party_faults(self.seed):
            await self.arena.third_party(server, "POST", "/admin/reset-faults")
        for webhook in await self._lost_webhooks():
            if webhook["type"] == "refund.reversed":
                await self.arena.third_party("payments", "POST", "/admin/webhooks/resend", {"event_id": webhook["event_id"]})
        await self.arena.stack.wait_ready()

    async def _lost_webhooks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            after = f"&cursor={cursor}" if cursor else ""
            page = await self.arena.third_party("payments", "GET", f"/admin/webhooks?state=dropped&limit={_PAGE}{after}")
            found += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    async def _lane(self, name: str) -> None:
        for fault in LANES[name](self.seed):
            if await self._stopped_within(fault.pause_seconds):
                return
            at, skipped = time.monotonic() - self._began, ""
            self.tell(f"{at:6.1f} s  {fault}")
            try:
                await self._make(fault)
            except (LocalError, Refused, Unreachable, OSError, TimeoutError, *ASYNCPG_ERRORS) as problem:
                skipped = f"{type(problem).__name__}: {problem}".splitlines()[0]
            self.happened.append(Happened(round(at, 1), name, str(fault), fault.what.value, skipped))

    def _make(self, fault: Fault) -> Coroutine[Any, Any, None]:
        doing: dict[Blow | Cut | Stir, Callable[[Fault], Coroutine[Any, Any, None]]] = {
            Blow.KILL: self._kill,
            Blow.FREEZE: self._freeze,
            Blow.RESTART: self._restart,
            Stir.JOIN: self._join,
            Stir.REPUBLISH: self._republish,
            Stir.REVERSE: self._reverse,
        }
        return doing.get(fault.what, self._cut)(fault)

    async def _stopped_within(self, seconds: float) -> bool:
        """Wait so long, or until told to stop."""
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _kill(self, fault: Fault) -> None:
        self.arena.stack.kill(fault.target)

    async def _freeze(self, fault: Fault) -> None:
        pid = self.arena.stack.pid(fault.target)
        if pid is None:
            raise LocalError(f"{fault.target} does not run now")
        frozen = freeze(pid)
        try:
            await self._stopped_within(fault.seconds)
        finally:
            thaw(frozen)

    async def _restart(self, fault: Fault) -> None:
        try:
            await self.arena.stack.hold(fault.target)
            await self._stopped_within(fault.seconds)
        finally:
            await self.arena.stack.release(fault.target)

    async def _cut(self, fault: Fault) -> None:
        service, _, used = fault.target.partition("-")
        proxy = self.arena.links.proxies[service, used]
        await proxy.break_off(Cut(fault.what))
        try:
            await self._stopped_within(fault.seconds)
        finally:
            await proxy.heal()

    async def _join(self, fault: Fault) -> None:
        settings = self.arena.stack.settings(fault.target)
        process = second_process(fault.target, self.arena.launch(fault.target), settings, self.arena.stack.home, fault.chance)
        await process.start()
        try:
            await self._stopped_within(fault.seconds)
        finally:
            if fault.chance < 1 / 2:
                process.kill()
                await process.wait()
            else:
                await process.stop()

    async def _republish(self, fault: Fault) -> None:
        connection = await asyncpg.connect(self.arena.dsns[fault.target], timeout=5)
        try:
            await republish(connection, since=utc_now() - _SENT_AGAIN)
        finally:
            await connection.close()

    async def _reverse(self, fault: Fault) -> None:
        """One refund that was paid comes back."""
        paid = [one["id"] async for one in self.arena.provider.pages("/v1/refunds", "data", status="succeeded", limit=_PAGE)]
        if not paid:
            raise LocalError("nothing was paid yet")
        chosen = sorted(paid)[int(fault.chance * len(paid))]
        self.reversed_refunds.add(chosen)
        await self.arena.third_party("payments", "POST", "/admin/reverse", {"refund_id": chosen})
