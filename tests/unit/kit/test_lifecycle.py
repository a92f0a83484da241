"""The life of a process: parts stop in order, finish what is in hand, and die together."""

import asyncio
import os
import signal

import pytest

from services.kit.health import Health
from services.kit.lifecycle import ALL_PARTS, PartDiedError, parse_only, run_service


class Recorder:
    """A part that notes when it stops, and may die when told to."""

    def __init__(self, name: str, log: list[str], health: Health) -> None:
        self.name = name
        self.started = asyncio.Event()
        self.die = asyncio.Event()
        self._log = log
        self._health = health

    async def run(self, stop: asyncio.Event) -> None:
        self.started.set()
        dying = asyncio.create_task(self.die.wait())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({dying, stopping}, return_when=asyncio.FIRST_COMPLETED)
        dying.cancel()
        stopping.cancel()
        if self.die.is_set():
            raise RuntimeError("it broke")
        self._log.append(f"{self.name}{'' if self._health.draining else ' while ready'}")


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def parts(log: list[str], health: Health) -> list[Recorder]:
    return [Recorder(name, log, health) for name in ("consumers", "api", "relay")]


async def test_sigterm_makes_unready_and_stops_the_parts_in_order(parts: list[Recorder], log: list[str], health: Health) -> None:
    running = asyncio.create_task(run_service("test", parts, health=health))
    await asyncio.gather(*(part.started.wait() for part in parts))
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    assert log == ["consumers", "api", "relay"]
    assert health.draining


async def test_a_part_that_dies_takes_the_process_with_it_after_the_others_stopped(
    parts: list[Recorder], log: list[str], health: Health
) -> None:
    parts[0].die.set()
    with pytest.raises(PartDiedError, match="the consumers of test ended by itself: RuntimeError: it broke"):
        await run_service("test", parts, health=health)
    assert log == ["api", "relay"]


async def test_only_the_chosen_parts_run(parts: list[Recorder], log: list[str], health: Health) -> None:
    running = asyncio.create_task(run_service("test", parts, only=parse_only("relay"), health=health))
    await parts[2].started.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    assert log == ["relay"]
    assert not parts[0].started.is_set()


def test_parts_are_chosen_by_name() -> None:
    assert parse_only(None) == parse_only("") == ALL_PARTS
    assert parse_only("relay, api") == {"relay", "api"}
    with pytest.raises(ValueError, match="no part rely: choose of api, consumers, relay, worker"):
        parse_only("rely")
