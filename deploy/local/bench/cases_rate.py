"""Cases as workflows: how much of the speed of workflows that do nothing is left when they decide, pay, book and tell."""

from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import httpx2

from deploy.local.bench.baselines.workflows import NoOpWorker, Script, script_of
from deploy.local.bench.http_connection import rate_of
from deploy.local.bench.place import Place
from deploy.local.bench.report import Result, Row
from deploy.local.bench.straight_cases import StraightCases
from deploy.local.bench.turns import in_turns
from deploy.local.bench.workflow_service import PaymentDesk, WorkflowService, a_workflow_service, temporal

ROWS = (
    RATIO := Row(
        "cases.ratio",
        "ratio",
        "straight-through refund cases (opened with photo and consent, accepted by an agent, refunded at the sandbox's provider, confirmed, closed) ÷ "
        "workflows that do nothing with the same steps, child, signals, timers and upserts of the same search attributes, by the SDK's worker as it comes; 16 "
        "at once, whoever leads them looks every 50 ms whether they wait, both workers in one process; turns A B A B",
        hold=0.85,
        aim=0.97,
    ),
    CASES := Row("cases.rate", "cases/s", "such cases, from the event that opens one to the row that closes it"),
    NOOPS := Row("cases.noop", "workflows/s", "the workflows that do nothing"),
    EVENTS := Row(
        "cases.history_events", "events", "history events of one such case, its refund's process included", hold=60, aim=25, better="lower"
    ),
    BARE_EVENTS := Row(
        "cases.noop_events", "events", "history events of the workflow that does nothing, its child included", better="lower"
    ),
)
_HANDS = 16
_WAVES = 3
"""How many times the size's cases a turn has: its last ones run almost alone, and shall not count much."""
_WARM_UP = 2
"""Rounds that do not count: until then the pool's connections are opened, and each has PostgreSQL plan every statement five times before it keeps a plan."""


async def measure_cases(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`."""
    size = place.size
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http, a_workflow_service(place, queue="bench-cases") as service:
        desk = PaymentDesk(place, http)
        await desk.settle_at_once(webhooks=False)
        cases, bare = StraightCases(service, desk), NoOpWorker(await temporal(place), "bench-no-op")
        async with cases.watched(), bare.worker():
            script, events = await _one_case(service, cases)
            yield EVENTS.is_(events)
            noop_id = f"no-op/{uuid4()}"
            await bare.play(noop_id, script)
            yield BARE_EVENTS.is_(await _events(service, noop_id))

            pieces = size.cases * _WAVES

            async def play_cases() -> float:
                prepared = await cases.prepare(pieces)
                return await rate_of([partial(cases.play, opened) for opened in prepared], _HANDS)

            async def play_noops() -> float:
                return await rate_of([partial(bare.play, f"no-op/{uuid4()}", script) for _ in range(pieces)], _HANDS)

            rates = await in_turns({"cases": play_cases, "noops": play_noops}, size.turns, warm_up=_WARM_UP)
    yield RATIO.is_(rates.ratio("cases", "noops"))
    yield CASES.is_(rates.of("cases"))
    yield NOOPS.is_(rates.of("noops"))


async def _one_case(service: WorkflowService, cases: StraightCases) -> tuple[Script, int]:
    """Play one case; what happened in its process, and how many events it and its refund's process have."""
    [opened] = await cases.prepare(1)
    await cases.play(opened)
    handle = service.client.get_workflow_handle(f"case/{opened.case_id}")
    await handle.result()
    script = await script_of(await handle.fetch_history(), lambda child: service.client.get_workflow_handle(child).fetch_history())
    return script, await _events(service, handle.id)


async def _events(service: WorkflowService, workflow_id: str) -> int:
    """The events of a workflow and of the children it started."""
    history = await service.client.get_workflow_handle(workflow_id).fetch_history()
    started = [event.start_child_workflow_execution_initiated_event_attributes.workflow_id for event in history.events]
    return len(history.events) + sum([await _events(service, child) for child in started if child])
