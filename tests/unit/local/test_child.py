"""What keeps a process alive: real processes, because how they end is the point."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.errors import StartFailed
from deploy.local.process import ProcessSpec
from deploy.local.server import Server
from deploy.local.stack import child as child_module
from deploy.local.stack.child import Child, Kind, Phase
from tests.support.waiting import eventually


class Program(Server):
    """A Python one-liner that is ready as soon as its file is there."""

    def __init__(self, code: str, home: Path) -> None:
        super().__init__("program", home / "program.log", ready_seconds=10)
        self._spec = ProcessSpec(self.name, [sys.executable, "-c", code], self.log, cwd=home, stop_seconds=0.5)
        self._mark = home / "ready"

    def spec(self) -> ProcessSpec:
        return self._spec

    async def is_ready(self) -> bool:
        return self._mark.exists()


STAYS = "import pathlib, time; pathlib.Path('ready').touch(); time.sleep(600)"
STAYS_DEAF = "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path('ready').touch(); time.sleep(600)"
FAILS = "print('no disk'); raise SystemExit(3)"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "FIRST_DELAY_SECONDS", 0.01)


@pytest.fixture
async def stopping() -> AsyncIterator[list[Child]]:
    children: list[Child] = []
    yield children
    for child in children:
        await child.stop()


def keep(code: str, home: Path, told: list[str], stopping: list[Child]) -> Child:
    child = Child(Program(code, home), Kind.SERVICE, told.append, lambda: None)
    stopping.append(child)
    child.start()
    return child


async def test_a_killed_process_is_started_again(tmp_path: Path, told: list[str], stopping: list[Child]) -> None:
    child = keep(STAYS, tmp_path, told, stopping)
    await child.wait_answered()
    first = child.pid
    child.server.kill()
    await eventually(lambda: child.phase is Phase.RUNNING and child.pid not in {first, None}, "a new process")
    assert child.starts == 2
    assert "killed by signal 9" in told[0]


async def test_a_process_that_never_answers_fails_the_start_with_the_end_of_its_log(
    tmp_path: Path, told: list[str], stopping: list[Child]
) -> None:
    child = keep(FAILS, tmp_path, told, stopping)
    with pytest.raises(StartFailed, match="no disk"):
        await child.wait_answered()


async def test_a_stopped_process_stays_stopped(tmp_path: Path, told: list[str], stopping: list[Child]) -> None:
    child = keep(STAYS, tmp_path, told, stopping)
    await child.wait_answered()
    await child.stop()
    assert child.pid is None
    assert child.phase is Phase.STOPPED
    assert told == []


async def test_a_process_that_is_deaf_to_sigterm_is_killed(tmp_path: Path, told: list[str], stopping: list[Child]) -> None:
    child = keep(STAYS_DEAF, tmp_path, told, stopping)
    await child.wait_answered()
    await asyncio.wait_for(child.stop(), 10)
    assert child.pid is None


async def test_a_crash_loop_is_told_once_with_the_end_of_the_log(tmp_path: Path, told: list[str], stopping: list[Child]) -> None:
    child = keep(STAYS, tmp_path, told, stopping)
    await child.wait_answered()
    child.server._spec = ProcessSpec("program", [sys.executable, "-c", FAILS], child.log)  # type: ignore[attr-defined] # it breaks while running
    (tmp_path / "ready").unlink()
    child.server.kill()
    await eventually(lambda: any("keeps failing" in line for line in told), "the crash loop to be told")
    [line] = [line for line in told if "keeps failing" in line]
    assert "no disk" in line
    assert "aftersales doctor" in line
