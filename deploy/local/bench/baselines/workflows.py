"""Workflows that do nothing, in as many events as some workflow did: the least that Temporal takes for it."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

Shown: TypeAlias = tuple[str, str, Any]
"""A search attribute: its name, its type, and its value as JSON, None where it is shown no longer."""


@dataclass(frozen=True, slots=True)
class Script:
    """What happens in a workflow, in order: names of :data:`_STEPS`, what is shown from then on, and for a child its own script."""

    steps: "list[str | list[Shown] | Script]"
    shown: list[Shown] = field(default_factory=list)
    """What is shown when it starts."""


_STEPS = {
    EventType.EVENT_TYPE_MARKER_RECORDED: "step within",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activity",
    EventType.EVENT_TYPE_TIMER_STARTED: "wait",
}
_KEYS: Mapping[str, Callable[[str], SearchAttributeKey[Any]]] = {
    "Bool": SearchAttributeKey.for_bool,
    "Datetime": SearchAttributeKey.for_datetime,
    "Int": SearchAttributeKey.for_int,
    "Keyword": SearchAttributeKey.for_keyword,
}
LOOK_SECONDS = 0.05
"""How often whoever leads a workflow looks whether it waits: the same for one that does nothing as for a real case, so that the signals of both come
while it waits, each with a task of its own, and not while it is still on its way there."""
FIVE_ACTIVITIES = Script(["activity"] * 5)
_LIMIT = timedelta(seconds=60)


async def script_of(history: WorkflowHistory, fetch: Callable[[str], Awaitable[WorkflowHistory]]) -> Script:
    """What happened in a workflow and its children. Each timer is taken as a wait that a signal ended."""
    started = history.events[0].workflow_execution_started_event_attributes
    script = Script([], _shown(started.search_attributes.indexed_fields))
    for event in history.events:
        if event.event_type in _STEPS:
            script.steps.append(_STEPS[event.event_type])
        elif event.event_type == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
            script.steps.append(_shown(event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields))
        elif event.event_type == EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
            child = event.start_child_workflow_execution_initiated_event_attributes.workflow_id
            script.steps.append(await script_of(await fetch(child), fetch))
    return script


def _shown(fields: Mapping[str, Payload]) -> list[Shown]:
    return [(name, payload.metadata["type"].decode(), json.loads(payload.data or b"null")) for name, payload in fields.items()]


def _pairs(shown: Iterable[Shown]) -> TypedSearchAttributes:
    return TypedSearchAttributes([SearchAttributePair(_KEYS[kind](name), _value(kind, value)) for name, kind, value in shown])


def _value(kind: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if kind == "Datetime" else value


@workflow.defn(name="NoOp")
class NoOp:
    """Goes through a script."""

    def __init__(self) -> None:
        self._signals = 0

    @workflow.signal
    def go_on(self) -> None:
        """End a wait."""
        self._signals += 1

    @workflow.run
    async def run(self, script: Script) -> None:
        """Do what the script says."""
        waits = 0
        for number, step in enumerate(script.steps):
            if isinstance(step, Script):
                await workflow.execute_child_workflow(
                    NoOp.run,
                    step,
                    id=f"{workflow.info().workflow_id}/{number}",
                    search_attributes=_pairs(step.shown),
                    parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                )
            elif isinstance(step, list):
                workflow.upsert_search_attributes(
                    [
                        _KEYS[kind](name).value_unset() if value is None else _KEYS[kind](name).value_set(_value(kind, value))
                        for name, kind, value in step
                    ]
                )
            elif step == "step within":
                await workflow.execute_local_activity("no_op", workflow.info().workflow_id, start_to_close_timeout=_LIMIT)
            elif step == "activity":
                await workflow.execute_activity("no_op", workflow.info().workflow_id, start_to_close_timeout=_LIMIT)
            elif step == "wait":
                waits += 1
                await workflow.wait_condition(lambda: self._signals >= waits, timeout=timedelta(hours=1))  # noqa: B023 - awaited at once


class NoOpWorker:
    """Runs such workflows, and knows how many steps each has behind it."""

    def __init__(self, client: Client, queue: str) -> None:
        self.client = client
        self.queue = queue
        self._done: dict[str, int] = defaultdict(int)

    def worker(self) -> Worker:
        """The worker as the SDK comes, in its sandbox; what it would load anew for each run passes through."""
        passed = ("services", "contracts", "deploy", "pydantic", "pydantic_core")
        runner = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*passed))
        return Worker(self.client, task_queue=self.queue, workflows=[NoOp], activities=[self.no_op], workflow_runner=runner)

    @activity.defn(name="no_op")
    async def no_op(self, workflow_id: str) -> None:
        """Do nothing but count."""
        self._done[workflow_id] += 1

    async def play(self, workflow_id: str, script: Script) -> None:
        """Run one to its end; whenever it waits it gets the signal that it waits for."""
        shown = _pairs(script.shown)
        handle = await self.client.start_workflow(NoOp.run, script, id=workflow_id, task_queue=self.queue, search_attributes=shown)
        for steps in _steps_before_waits(script.steps):
            while self._done[workflow_id] < steps:  # noqa: ASYNC110 - as whoever leads real cases looks
                await asyncio.sleep(LOOK_SECONDS)
            await handle.signal(NoOp.go_on)
        await handle.result()


def _steps_before_waits(script: Sequence[Any]) -> list[int]:
    """After how many steps of its own a workflow with this script comes to each of its waits."""
    steps, found = 0, []
    for step in script:
        steps += step in ("step within", "activity")
        if step == "wait":
            found.append(steps)
    return found
