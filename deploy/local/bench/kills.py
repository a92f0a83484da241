"""How soon the parts of a killed process are back at work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import perf_counter
from typing import Any
from uuid import uuid4

import asyncpg
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from deploy.local.bench.place import Place
from deploy.local.bench.report import Result, Row
from deploy.local.bench.return_calls import CallFailedError, ReturnCalls, return_calls
from deploy.local.bench.shop import orders_on_record
from deploy.local.bench.workflow_service import eventually, temporal
from deploy.local.provision.postgres import DATABASE, with_login
from services.workflow.payloads.case import CaseSignal, FactKind

_HOW = "the process of {service} is killed by SIGKILL; seconds until {what}, the supervisor's pause and the start of the process included"

ROWS = (
    API := Row("kill.api", "s", _HOW.format(service="intake", what="its API has accepted a case"), 2, 1, "lower"),
    RELAY := Row("kill.relay", "s", _HOW.format(service="intake", what="its relay has sent that case's event"), 2, 1, "lower"),
    CONSUMER := Row(
        "kill.consumer", "s", _HOW.format(service="workflow", what="it has taken in a case opened after the kill"), 12, 3, "lower"
    ),
    WORKER := Row(
        "kill.worker", "s", _HOW.format(service="workflow", what="a waiting case's process has answered a signal"), 11, 2, "lower"
    ),
)
_SPARE_ORDERS = 4
_RETRY_SECONDS = 0.02


async def measure_kills(place: Place) -> AsyncIterator[Result]:
    """Measure all of :data:`ROWS`."""
    connection = await asyncpg.connect(with_login(place.admin_dsn, database=DATABASE))
    try:
        async with return_calls(place) as calls:
            numbers = await orders_on_record(place, calls, _SPARE_ORDERS)
            waiting = (await calls.open(next(numbers)))["case_id"]
            await calls.offered(waiting)

            killed_at = await _kill(place, "intake")
            accepted = await _accepted(calls, next(numbers))
            yield API.is_(perf_counter() - killed_at)
            sent = "SELECT true FROM intake.outbox WHERE key = $1 AND sent_at IS NOT NULL"
            await eventually(lambda: connection.fetchval(sent, accepted), "the event of the case")
            yield RELAY.is_(perf_counter() - killed_at)
            await place.stack.wait_ready()

            case_id = await _accepted(calls, next(numbers))  # the connections are made anew after the kill
            handle = (await temporal(place)).get_workflow_handle(f"case/{waiting}")
            killed_at = await _kill(place, "workflow")
            case_id = await _accepted(calls, next(numbers))
            await handle.signal("deliver", CaseSignal(event_id=uuid4(), kind=FactKind.RETURN_IN_TRANSIT))
            taken_in = "SELECT true FROM workflow.cases WHERE case_id = $1::text::uuid"
            seconds = await asyncio.gather(
                _until(lambda: connection.fetchval(taken_in, case_id), "the case to be taken in", killed_at),
                _until(lambda: _answered(handle), "the process to answer", killed_at),
            )
            yield CONSUMER.is_(seconds[0])
            yield WORKER.is_(seconds[1])
            await place.stack.wait_ready()
    finally:
        await connection.close()


async def _kill(place: Place, name: str) -> float:
    starts = place.stack.starts(name)
    place.stack.kill(name)
    killed_at = perf_counter()
    if starts != place.stack.starts(name):
        raise RuntimeError(f"{name} was started again before it was killed")
    return killed_at


async def _until(look: Callable[[], Awaitable[Any]], what: str, since: float) -> float:
    await eventually(look, what)
    return perf_counter() - since


async def _accepted(calls: ReturnCalls, number: str) -> str:
    """Open a case, however often it takes; its id."""
    while True:
        try:
            return str((await calls.open(number))["case_id"])
        except (OSError, asyncio.IncompleteReadError, CallFailedError):
            await calls.hang_up()
            await asyncio.sleep(_RETRY_SECONDS)


async def _answered(handle: WorkflowHandle[Any, Any]) -> bool | None:
    """True once the last thing that happened to a process is that a worker had a look at it."""
    history = await handle.fetch_history()
    return True if history.events[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED else None
