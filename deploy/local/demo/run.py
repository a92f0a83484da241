"""One run of the demo on a running stack, from the orders to the records read back."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from uuid_utils.compat import uuid7

from deploy.local.demo.client import open_http
from deploy.local.demo.display import Display
from deploy.local.demo.events import end_of_topics
from deploy.local.demo.numbers import next_run
from deploy.local.demo.order_intake import Dispatch, SentOrders, send_orders
from deploy.local.demo.planning import Plan, make_plan
from deploy.local.demo.play import Play
from deploy.local.demo.records import read_records
from deploy.local.demo.replay import Replay
from deploy.local.demo.report import Run
from deploy.local.demo.scope import Scope
from deploy.local.demo.snapshots import arrival
from deploy.local.demo.world import World
from deploy.local.stack.running import RunningStack
from services.kit.clock import utc_now

PATIENCE_SECONDS = 900.0
"""No run takes longer than this for its cases, whatever happens to the machine."""


def arrivals(scope: Scope) -> dict[str, datetime]:
    """When each order reached its customer, in the file's time."""
    return {order.number: arrival(order, scope.first_credit.get(order.number, scope.ends)) for order in scope.orders}


async def replay(stack: RunningStack, scope: Scope, file: Path, seed: int, display: Display, began: float) -> Run:
    """Replay a file. ``began`` is when the whole command did (monotonic)."""
    arrived = arrivals(scope)
    plan = make_plan(scope, arrived, seed)
    run = next_run(stack.home)
    run_key = f"demo/{uuid7()}"
    shift = utc_now().replace(microsecond=0) - scope.ends.replace(tzinfo=UTC)
    dispatch = Dispatch(run, run_key, plan.merchants, shift, arrived)
    async with open_http() as http:
        world = World(stack, http)
        since = await end_of_topics(world.kafka)
        sent = await send_orders(world, scope.orders, dispatch, _orders_shown(display, scope))
        plays = _plays(scope, plan, dispatch)
        cases = Replay(world, plays, shift, PATIENCE_SECONDS)
        await cases.run(_cases_shown(display))
        display.say("Reading the records back")
        records = await read_records(world, since, {play.case_id for play in plays if play.case_id}, sent.payments)
    return Run(
        scope=scope,
        plays=plays,
        records=records,
        orders=sent.recorded(scope.orders),
        refused=sent.refused,
        payments=sent.payments,
        seed=seed,
        file=file.name,
        run=run,
        seconds=time.monotonic() - began,
    )


def _plays(scope: Scope, plan: Plan, dispatch: Dispatch) -> list[Play]:
    return [
        Play(
            case=case,
            script=script,
            merchant=dispatch.merchant(case.order),
            order_number=dispatch.number(case.order),
            key=f"{dispatch.run_key}/{case.credit_note}/{case.order.number}",
        )
        for case, script in zip(scope.cases, plan.scripts, strict=True)
    ]


def _orders_shown(display: Display, scope: Scope) -> Callable[[SentOrders], None]:
    def show(sent: SentOrders) -> None:
        display.show("orders", sent.recorded(scope.orders), len(scope.orders))

    return show


def _cases_shown(display: Display) -> Callable[[Replay], None]:
    def show(replay: Replay) -> None:
        ended = len(replay.plays) - len(replay.unfinished)
        display.show("cases", ended, len(replay.plays), _in_play(replay))

    return show


def _in_play(replay: Replay) -> str:
    """How many cases are open, and what they wait for."""
    waits = Counter(play.standing.waiting_for.value for play in replay.unfinished if play.standing is not None)
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in waits.most_common())
