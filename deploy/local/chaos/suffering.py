"""Cases are played while things go wrong; once most have ended all is healed, and the rest is played without trouble."""

import asyncio
import time

from deploy.local.chaos.bounds import Bounds
from deploy.local.chaos.trouble import Trouble
from deploy.local.demo.display import Display
from deploy.local.demo.replay import Replay

ENOUGH_ENDED = 0.85
"""Once so many of the cases have ended, the rest go on without trouble."""


async def play_in_trouble(replay: Replay, trouble: Trouble, bounds: Bounds, display: Display) -> None:
    """Play all cases; things go wrong until most have ended or it was long enough, then they are healed and the rest is played."""
    until = time.monotonic() + bounds.trouble_seconds
    enough = asyncio.Event()

    def show(now: Replay) -> None:
        ended = len(now.plays) - len(now.unfinished)
        display.show("cases", ended, len(now.plays))
        if ended >= ENOUGH_ENDED * len(now.plays) or time.monotonic() > until:
            enough.set()

    async def suffer() -> None:
        wrong = asyncio.create_task(trouble.run())
        stopped = asyncio.create_task(enough.wait())
        try:
            await asyncio.wait({wrong, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            trouble.stop()
        await wrong
        display.say("Healing")
        await trouble.heal()

    suffering = asyncio.create_task(suffer())
    playing = asyncio.create_task(replay.run(show))
    try:
        await playing
        enough.set()
        await suffering
    finally:
        for task in (playing, suffering):
            task.cancel()
        await asyncio.gather(playing, suffering, return_exceptions=True)
