"""``aftersales up`` and ``aftersales down``: a stack for people, from the first line until Ctrl-C."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from deploy.local.errors import LocalError, NotRunning
from deploy.local.stack.child import CANCEL_SECONDS
from deploy.local.stack.files import LOCK_FILE, STATE_FILE, is_held, read_json, read_state
from deploy.local.stack.health import ask_all
from deploy.local.stack.leftovers import end_leftovers
from deploy.local.stack.running import RunningStack
from deploy.local.stack.supervisor import Stack
from deploy.local.stack.view import box, health_table

REFRESH_SECONDS = 2.0
DOWN_SECONDS = 90.0
DETACHED_START_SECONDS = 240.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def up(home: Path, console: Console) -> int:
    """Start a stack and stay until a signal; return the exit status."""
    stack = Stack(home, tell=lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True))
    asked_to_stop = asyncio.Event()
    _on_signals(stack, asked_to_stop, console)
    console.print(f"Starting in {home} (the first time takes a little longer)", markup=False, highlight=False, soft_wrap=True)
    stopper = asyncio.create_task(asked_to_stop.wait())
    try:
        began = time.monotonic()
        if not await _done_before(stopper, stack.start()):
            return 130
        if await _done_before(stopper, _tell_ready(home, console, began)):
            await _stay(home, console, asked_to_stop)
    except LocalError as problem:
        console.print(f"aftersales up: {problem}", style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    finally:
        stopper.cancel()
        console.print("Stopping", markup=False)
        await stack.stop()
    console.print(f"Stopped. Data stays in {home}", markup=False, highlight=False, soft_wrap=True)
    return 0


async def _done_before(stopper: "asyncio.Task[bool]", coroutine: Coroutine[Any, Any, None]) -> bool:
    """Whether it came to its end before somebody asked to stop; it is cancelled where not."""
    task = asyncio.create_task(coroutine)
    await asyncio.wait({task, stopper}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
        return True
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_SECONDS)
    return False


async def _tell_ready(home: Path, console: Console, began: float) -> None:
    running = RunningStack(home)
    try:
        await running.wait_ready(60)
    except LocalError as problem:
        # It may be waiting for something outside; the table goes on showing what.
        console.print(str(problem), style="yellow", markup=False, highlight=False, soft_wrap=True)
    console.print(box(running.state, running.credentials))
    console.print(f"Up after {time.monotonic() - began:.0f} s", markup=False, highlight=False)


async def _stay(home: Path, console: Console, asked_to_stop: asyncio.Event) -> None:
    """Show health until asked to stop; a terminal gets a table that renews itself, a log file only what changes."""
    if not console.is_terminal:
        await asked_to_stop.wait()
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while not asked_to_stop.is_set():
            state = read_state(home)
            live.update(health_table(state, await ask_all(state["processes"], state["urls"])), refresh=True)
            try:
                await asyncio.wait_for(asked_to_stop.wait(), REFRESH_SECONDS)
            except TimeoutError:
                continue


def _on_signals(stack: Stack, asked_to_stop: asyncio.Event, console: Console) -> None:
    def on_signal() -> None:
        if asked_to_stop.is_set():
            console.print("Killing what is left", markup=False)
            stack.kill_all()
        asked_to_stop.set()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)


def up_detached(home: Path, console: Console) -> int:
    """Start a supervisor in the background, wait until its stack runs, print the box; return the exit status."""
    log = home / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"AFTERSALES_HOME": str(home)},
        )
    deadline = time.monotonic() + DETACHED_START_SECONDS
    running = RunningStack(home)
    while supervisor.poll() is None and time.monotonic() < deadline:
        try:
            if running.state["phase"] == "running":
                asyncio.run(running.wait_ready())
                console.print(box(running.state, running.credentials))
                console.print("It runs in the background; `aftersales down` stops it.", markup=False)
                return 0
        except NotRunning:
            pass
        time.sleep(0.2)
    console.print(f"aftersales up: it did not start; see {log}", style="red", markup=False, soft_wrap=True)
    return 1


def down(home: Path, console: Console) -> int:
    """Stop the stack of ``home`` and wait for it; also ends what a killed supervisor left behind. Return the exit status."""
    state = read_json(home / STATE_FILE)
    if state is None:
        console.print(f"No stack runs in {home}", markup=False, highlight=False, soft_wrap=True)
        return 0
    if not is_held(home):
        ended = end_leftovers(state.get("processes", []))
        told = f"Ended what an earlier run left behind: {', '.join(ended)}" if ended else f"No stack runs in {home}"
        console.print(told, markup=False, highlight=False, soft_wrap=True)
        return 0
    os.kill(state["supervisor"]["pid"], signal.SIGTERM)
    deadline = time.monotonic() + DOWN_SECONDS
    while is_held(home):
        if time.monotonic() > deadline:
            console.print(
                f"It did not stop within {DOWN_SECONDS:.0f} s. Its supervisor is pid {state['supervisor']['pid']}; it holds {home / LOCK_FILE}",
                style="red",
                markup=False,
                soft_wrap=True,
            )
            return 1
        time.sleep(0.1)
    console.print(f"Stopped. Data stays in {home}", markup=False, highlight=False, soft_wrap=True)
    return 0
