"""The life of a service's process: its parts start together, stop in order, and die together."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol

from services.kit.closed_connections import expect_closed_connections
from services.kit.health import Health
from services.kit.logging import get_logger
from services.kit.redaction import describe_error, describe_traceback

log = get_logger(__name__)

PARTS: Final = ("api", "consumers", "relay", "worker")
ALL_PARTS: Final = frozenset(PARTS)
STOP_SECONDS: Final = 30.0


class PartDiedError(RuntimeError):
    """A part ended although nobody asked it to; the process ends with it, and whoever supervises the process starts it again."""


class Part(Protocol):
    """Something a process does. ``name`` is one of :data:`PARTS`; several parts may share one."""

    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish what is in hand and return."""


def parse_only(only: str | None) -> frozenset[str]:
    """Read ``relay,api``; None or an empty text means all. Raises ``ValueError`` naming the choices."""
    names = frozenset(name.strip() for name in (only or "").split(",") if name.strip())
    if unknown := names - ALL_PARTS:
        raise ValueError(f"there is no part {', '.join(sorted(unknown))}: choose of {', '.join(PARTS)}")
    return names or ALL_PARTS


async def run_service(service: str, parts: Sequence[Part], *, only: frozenset[str] = ALL_PARTS, health: Health | None = None) -> None:
    """Run the chosen parts until SIGTERM or SIGINT, then stop them one after the other in the order given, each finishing what is in hand.

    Give them in the order of the flow: consumers first, the relay last, so that it flushes what the others still wrote.
    Raises :class:`PartDiedError` where a part ends by itself; the others are stopped first.
    """
    chosen = [part for part in parts if part.name in only]
    if not chosen:
        raise ValueError(f"{service} has none of the parts {', '.join(sorted(only))}")
    running = [(part, stop := asyncio.Event(), asyncio.create_task(part.run(stop), name=part.name)) for part in chosen]
    asked = _asked_to_stop()
    log.info("service.started", parts=sorted({part.name for part in chosen}))
    waiting = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({waiting, *(task for _part, _stop, task in running)}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        if health is not None:
            health.draining = True
        dead = [(part, task) for part, _stop, task in running if task.done()]
        log.info("service.stopping")
        for part, stop, task in running:
            await _stop(part, stop, task)
    if dead:
        part, task = dead[0]
        error = None if task.cancelled() else task.exception()
        raise PartDiedError(f"the {part.name} of {service} ended by itself: {describe_error(error) if error else 'it returned'}") from error
    log.info("service.stopped")


def run_main(main: Coroutine[Any, Any, None]) -> int:
    """Run a service's coroutine on the fast event loop. Returns the exit code: 0 after a clean stop, 1 with a log line after a failure."""
    collect_seldom()
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(main)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the outermost frame of the process
        log.error("service.failed", error=describe_error(error), exception=describe_traceback(error))  # noqa: TRY400 - the redacted traceback is a field
        return 1
    return 0


async def _stop(part: Part, stop: asyncio.Event, task: "asyncio.Task[None]") -> None:
    stop.set()
    if task.done():
        return
    done, _pending = await asyncio.wait({task}, timeout=STOP_SECONDS)
    if not done:
        log.error("service.part_not_stopping", part=part.name, waited_seconds=STOP_SECONDS)
        task.cancel()
        await asyncio.wait({task}, timeout=5)
    elif not task.cancelled() and (error := task.exception()) is not None:
        log.error("service.part_failed_to_stop", part=part.name, error=describe_error(error), exception=describe_traceback(error))


def _asked_to_stop() -> asyncio.Event:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread, or not on this platform
            loop.add_signal_handler(number, asked.set)
    return asked


def collect_seldom() -> None:
    """Have the garbage collector look less often, and never at what is there by now: the imported code, and what little garbage importing it left.

    A batch of events is some ten thousand new objects without one cycle. At Python's own thresholds looking through them, and through all the code again
    and again, takes a third of a consumer's time (measured). Looking while the code is imported takes a sixth of a start: a service's ``__main__`` disables
    the collector until here.
    """
    gc.freeze()
    gc.set_threshold(50_000, 2, 2)
    gc.enable()


def loop_factory() -> Any:
    """What makes the fast event loop, None where the platform has none. From then on aiokafka understands how that loop speaks of closed connections."""
    try:
        import uvloop  # noqa: PLC0415 - absent on some platforms
    except ImportError:  # no uvloop on this platform
        return None
    expect_closed_connections()
    return uvloop.new_event_loop
