"""The Temporal client, search attributes and worker part on the real server."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.worker import Worker

from services.kit.settings import KitSettings
from services.kit.temporal import WorkerPart, connect_temporal, ensure_search_attributes, temporal_check
from tests.integration.kit.support import running
from tests.integration.kit.waiting_workflow import DoSlowly

pytestmark = pytest.mark.engines


@pytest.fixture
def temporal_settings(engines_home: Path, temporal_address: str) -> KitSettings:
    return KitSettings(merchants_file=engines_home, temporal_address=temporal_address)


async def test_search_attributes_are_added_once(temporal_settings: KitSettings) -> None:
    client = await connect_temporal(temporal_settings, identity="test")
    await temporal_check(client)
    name = f"Kit{uuid4().hex[:8]}"
    assert await ensure_search_attributes(client, {name: "Bool"}) == [name]
    assert await ensure_search_attributes(client, {name: "Bool"}) == []
    with pytest.raises(ValueError, match="another type"):
        await ensure_search_attributes(client, {name: "Int"})


async def test_a_server_that_does_not_answer_is_waited_for_and_then_reported(temporal_settings: KitSettings) -> None:
    away = temporal_settings.model_copy(update={"temporal_address": "127.0.0.1:1"})
    with pytest.raises(RuntimeError):
        await connect_temporal(away, identity="test", wait_seconds=0.3)


async def test_a_worker_finishes_the_activity_in_hand_when_it_is_stopped(temporal_settings: KitSettings, task_queue: str) -> None:
    client = await connect_temporal(temporal_settings, identity="test")
    began, may_end = asyncio.Event(), asyncio.Event()

    @activity.defn(name="do_slowly")
    async def do_slowly() -> str:
        began.set()
        await may_end.wait()
        return "done"

    def a_worker() -> WorkerPart:
        return WorkerPart(
            Worker(
                client, task_queue=task_queue, workflows=[DoSlowly], activities=[do_slowly], graceful_shutdown_timeout=timedelta(seconds=20)
            )
        )

    handle = await client.start_workflow(DoSlowly.run, id=f"test/{uuid4()}", task_queue=task_queue)
    async with running(a_worker()):
        await began.wait()
        may_end.set()
    async with running(a_worker()):
        assert await handle.result() == "done"
    history = await handle.fetch_history()
    assert len([event for event in history.events if event.HasField("activity_task_scheduled_event_attributes")]) == 1
    completed = [event for event in history.events if event.HasField("activity_task_completed_event_attributes")]
    assert len(completed) == 1
