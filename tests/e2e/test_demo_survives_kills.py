"""kill -9 of every part at seeded moments of the demo, with refunds in flight: the report still holds."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random

import httpx2
import pytest

from deploy.local.demo.command import DATA
from deploy.local.stack.running import RunningStack
from tests.support.demo_process import run_demo
from tests.support.demo_reports import assert_consistent

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

SERVICES = ("intake", "workflow", "logistics", "notifications")
ENGINES = ("kafka", "temporal", "postgres")
PATIENCE_SECONDS = 240.0


@pytest.fixture
async def provider(stack: RunningStack) -> AsyncIterator[httpx2.AsyncClient]:
    """The payment provider, slow to settle, so that refunds are in flight whenever something dies."""
    key = stack.credentials.payments_api_key
    async with httpx2.AsyncClient(base_url=stack.url("payments"), headers={"Authorization": f"Bearer {key}"}, trust_env=False) as client:
        (await client.patch("/admin/faults", json={"settle_delay_ms": 1_500, "webhook_duplicate_rate": 0.2})).raise_for_status()
        yield client
        (await client.post("/admin/reset-faults")).raise_for_status()
    await stack.wait_ready()


async def in_flight(provider: httpx2.AsyncClient) -> int:
    """How many refunds were asked for and not paid yet."""
    totals = (await provider.get("/v1/totals")).raise_for_status().json()
    return int(totals["refunds_pending"]["count"])


async def kill_in_turn(stack: RunningStack, provider: httpx2.AsyncClient, victims: Sequence[str], random: Random) -> list[str]:
    """Kill one after the other, each while refunds are in flight, the next once all is back. Returns what was killed in time."""
    until = time.monotonic() + PATIENCE_SECONDS
    killed: list[str] = []
    for victim in victims:
        while await in_flight(provider) == 0:
            if time.monotonic() > until:
                return killed
            await asyncio.sleep(0.05)
        await asyncio.sleep(random.random())  # a seeded moment within the flight
        starts = stack.starts(victim)
        stack.kill(victim)
        killed.append(victim)
        await stack.wait_restarted(victim, starts)
    return killed


@pytest.mark.parametrize(("victims", "seed"), [(SERVICES, 1), (ENGINES, 2)], ids=["services", "engines"])
async def test_the_demo_holds_although_parts_are_killed(
    stack: RunningStack, provider: httpx2.AsyncClient, tmp_path: Path, victims: tuple[str, ...], seed: int
) -> None:
    random = Random(seed)
    order = random.sample(victims, len(victims))
    killing = asyncio.create_task(kill_in_turn(stack, provider, order, random))
    try:
        report = await run_demo(stack, tmp_path / "report.json", "--limit", "24", "--seed", str(seed))
    finally:
        killing.cancel()
        await asyncio.wait({killing})
    assert not killing.cancelled(), f"the demo ended before all of {order} were killed"
    assert killing.result() == order
    assert_consistent(report, DATA, whole=False)
