"""One run: a fresh stack, a stream of cases, trouble all the while, healing, rest, and the checks."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from deploy.local.chaos.arena import Arena
from deploy.local.chaos.bounds import Bounds
from deploy.local.chaos.canaries import Canaries
from deploy.local.chaos.checks.all import check_all
from deploy.local.chaos.door import Door
from deploy.local.chaos.faults import clock_shifts
from deploy.local.chaos.finance import keep_cases_going, order_again
from deploy.local.chaos.links import Links
from deploy.local.chaos.parts import deal_parts
from deploy.local.chaos.quiet import come_to_rest
from deploy.local.chaos.reading import read_traces
from deploy.local.chaos.result import Result
from deploy.local.chaos.suffering import play_in_trouble
from deploy.local.chaos.trouble import Trouble
from deploy.local.chaos.wiring import Launch, launch_shifted, wire
from deploy.local.demo.client import open_http
from deploy.local.demo.command import DATA
from deploy.local.demo.display import Display
from deploy.local.demo.order_intake import Dispatch, send_orders
from deploy.local.demo.play import Play
from deploy.local.demo.replay import Replay
from deploy.local.demo.run import arrivals
from deploy.local.demo.scope import Scope, read_scope
from deploy.local.demo.world import World
from deploy.local.errors import LocalError
from deploy.local.own_ports import own_ports
from deploy.local.provision.postgres import DATABASE, SERVICES, with_login
from deploy.local.stack.files import STATE_FILE, is_held, read_json
from deploy.local.stack.leftovers import end_leftovers
from deploy.local.stack.running import RunningStack
from deploy.local.stack.supervisor import Stack
from services.kit.clock import utc_now


async def run_seed(
    home: Path, seed: int, cases: int, display: Display, *, launch: Launch | None = None, bounds: Bounds | None = None
) -> Result:
    """Run one seed in a home of its own, which is emptied first and stays for whoever wants to look.

    ``launch`` and ``bounds`` are for runs that are no ordinary ones: other processes, other patience.

    Raises:
        LocalError: a stack is up in that home, or none can be started.
    """
    began = time.monotonic()
    scope = read_scope(DATA, cases)
    clocks = clock_shifts(seed)
    _empty(home)
    # What is killed leaves its port for a while, which another stack on this machine must not take meanwhile.
    with own_ports():
        async with _arena(home, launch or launch_shifted(clocks), display) as arena:
            result = await _play(arena, scope, seed, clocks, bounds or Bounds.of(len(scope.cases)), display)
    result.seconds = round(time.monotonic() - began, 1)
    return result


def _empty(home: Path) -> None:
    """Delete what an earlier run left in this home, after ending what still runs of it."""
    if is_held(home):
        raise LocalError(f"A stack runs in {home}. Stop it, or name another home: AFTERSALES_HOME=DIR")
    end_leftovers((read_json(home / STATE_FILE) or {}).get("processes", []))
    shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def _arena(home: Path, launch: Launch, display: Display) -> AsyncIterator[Arena]:
    links = Links()
    # Of what keeps failing the supervisor shows the end of the log: here everything keeps failing.
    stack = Stack(
        home, tell=lambda words: display.say(words.partition("\n")[0]), planner=lambda place, external: wire(place, external, links, launch)
    )
    running = RunningStack(home)
    try:
        await links.open()
        await stack.start()
        await running.wait_ready()
        passwords, admin = stack.plan.credentials.postgres_passwords, str(running.state["postgres_admin_dsn"])
        dsns = {name: with_login(admin, role=name, password=passwords[name], database=DATABASE) for name in SERVICES}
        async with open_http() as http:
            yield Arena(running, links, launch, http, dsns)
    finally:
        await links.heal()
        await stack.stop()
        await links.close()


async def _play(arena: Arena, scope: Scope, seed: int, clocks: dict[str, float], bounds: Bounds, display: Display) -> Result:
    canaries, door = Canaries(seed), Door(seed)
    arrived = arrivals(scope)
    plan = deal_parts(scope, arrived, seed)
    shift = utc_now().replace(microsecond=0) - scope.ends.replace(tzinfo=UTC)
    dispatch = Dispatch(1, f"chaos/{seed}", plan.merchants, shift, arrived, canaries.contact_of)
    plays = [
        Play(
            case=case,
            script=script,
            merchant=dispatch.merchant(case.order),
            order_number=dispatch.number(case.order),
            key=f"{dispatch.run_key}/{case.credit_note}/{case.order.number}",
            words=canaries.words(case.position),
        )
        for case, script in zip(scope.cases, plan.scripts, strict=True)
    ]
    trouble = Trouble(arena, seed, display.say)
    async with door.open() as http:
        world = World(arena.stack, http)
        await trouble.misbehave()
        sent = await send_orders(
            world, scope.orders, dispatch, lambda now: display.show("orders", now.recorded(scope.orders), len(scope.orders))
        )
        replay = Replay(world, plays, shift, bounds.patience_seconds, bounds.in_play)
        finance = asyncio.create_task(keep_cases_going(world, plays, dispatch.run_key))
        try:
            await play_in_trouble(replay, trouble, bounds, display)
        finally:
            finance.cancel()
            await asyncio.gather(finance, return_exceptions=True)
        display.say("Healed, and every case played to its end; waiting for rest")
        again = await order_again(world, dispatch.run_key)
        unrest = await come_to_rest(arena, bounds.rest_seconds)
        await _booked_long_enough(arena, bounds)
        display.say(
            "At rest; reading what the run left behind" if not unrest else "Not at rest; reading what the run left behind all the same"
        )
        traces = await read_traces(arena, world, canaries, door)
    traces.unrest += unrest
    traces.reversed_on_purpose = trouble.reversed_refunds
    # One that was never asked for waited for the previous case of its line, or for others to end.
    traces.never_accepted = [play.told() for play in plays if play.case_id is None and play.trouble]
    result = Result(seed, len(plays), clocks, trouble, check_all(traces))
    result.outcomes = _outcomes(plays)
    result.counts = {
        "orders": sent.recorded(scope.orders),
        "accepted": len(door.accepted),
        "answers": door.answered,
        "answers lost": door.lost,
        "reversals": len(trouble.reversed_refunds),
        "ordered again": again,
        "refunds": len(traces.refunds),
        "events": len(traces.kafka),
    }
    return result


async def _booked_long_enough(arena: Arena, bounds: Bounds) -> None:
    """Wait until the newest entry of the ledger is old enough for reconciliation to look at it."""
    connection = await asyncpg.connect(arena.admin_dsn)
    try:
        newest: datetime | None = await connection.fetchval("SELECT max(posted_at) FROM workflow.ledger_entries")
    finally:
        await connection.close()
    if newest is not None:
        left = newest + timedelta(seconds=bounds.booked_seconds) - utc_now()
        await asyncio.sleep(min(max(left.total_seconds(), 0.0), bounds.booked_seconds))


def _outcomes(plays: list[Play]) -> dict[str, int]:
    """How the cases ended."""
    found: dict[str, int] = {}
    for play in plays:
        outcome = play.standing.outcome if play.standing else None
        word = outcome.value if outcome else "open"
        found[word] = found.get(word, 0) + 1
    return dict(sorted(found.items()))
