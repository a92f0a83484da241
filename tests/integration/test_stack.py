"""A whole local stack on engines of its own: it heals, it is held and released, and it is the same again after a stop."""

import os
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from deploy.local.errors import LocalError
from deploy.local.stack.files import STATE_FILE, is_held, read_json
from deploy.local.stack.leftovers import living
from deploy.local.stack.merchants import MERCHANTS_FILE
from deploy.local.stack.running import running_stack
from deploy.local.stack.supervisor import Stack
from tests.support.ports import a_stack_starts, ports_of_a_stack
from tests.support.stack import EngineAddresses

pytestmark = [pytest.mark.engines, pytest.mark.e2e, pytest.mark.slow]
# Two of the services stand for all four: one that others depend on, one that nobody does.
ONLY = {"payments", "mailbox", "intake", "notifications"}


async def test_a_stack_heals_and_is_the_same_after_a_restart(tmp_path: Path) -> None:
    told: list[str] = []
    async with AsyncExitStack() as opened:
        with a_stack_starts():
            stack = await opened.enter_async_context(running_stack(tmp_path, only=ONLY, tell=told.append))
        first = stack.state
        credentials = stack.credentials
        for name in ("payments", "intake", "postgres"):
            pid, starts = stack.pid(name), stack.starts(name)
            stack.kill(name)
            await stack.wait_restarted(name, starts)
            assert stack.pid(name) != pid
        await stack.wait_ready()
        assert any("payments was killed by signal 9" in line for line in told)

        await stack.hold("notifications")
        assert stack.pid("notifications") is None
        await stack.wait_ready()
        await stack.release("notifications")
        await stack.wait_ready()

        # Whoever asks for the stack of this home meanwhile gets this one, and leaves it running.
        async with running_stack(tmp_path) as same:
            assert same.state["supervisor"]["pid"] == os.getpid()
        assert is_held(tmp_path)

    assert not is_held(tmp_path)
    assert living(first["processes"]) == []

    # Nobody says now which ports to use: it takes those of its first start.
    async with running_stack(tmp_path, only={"payments"}) as stack:
        assert stack.credentials == credentials
        assert stack.state["ports"] == first["ports"]


async def test_a_service_that_cannot_start_ends_the_start_with_its_log_and_leaves_nothing_behind(
    tmp_path: Path, engines: EngineAddresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (engines.as_settings("cannot-start") | ports_of_a_stack()).items():
        monkeypatch.setenv(name, value)
    stack = Stack(tmp_path, only={"intake"})
    (tmp_path / MERCHANTS_FILE).write_text("[]")
    broken = tmp_path / "evidence"
    broken.write_text("a file where intake wants a directory")
    try:
        with pytest.raises(LocalError, match=r"(?s)intake ended with status.*The end of .*intake\.log"):
            await stack.start()
    finally:
        await stack.stop()
    assert living(read_json(tmp_path / STATE_FILE)["processes"]) == []
    assert not is_held(tmp_path)
