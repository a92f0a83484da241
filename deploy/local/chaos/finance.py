"""What finance does: what keeps a case waiting is ordered again at once; of the rest every second one in the end, so that both ways are checked."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress

from deploy.local.demo.client import Refused, Unreachable
from deploy.local.demo.play import Play
from deploy.local.demo.world import World

_STATES = ("stuck", "refused")
_LOOK_EVERY_SECONDS = 5.0
_PAGE = 100


async def keep_cases_going(world: World, plays: Sequence[Play], run_key: str) -> None:
    """Until cancelled, order another attempt of each refund of an open case that goes on only by finance's order."""
    looks = 0
    while True:
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        looks += 1
        # A case may say that it waits for something else, and still go on only when a part of its refund is paid.
        waiting = {play.case_id for play in plays if play.case_id is not None and not play.ended}
        if waiting:
            with suppress(Unreachable, Refused):  # it is looked at again
                await _order(
                    world, [one["refund_id"] for one in await _stuck(world) if one["case_id"] in waiting], f"{run_key}/look-{looks}"
                )


async def order_again(world: World, run_key: str) -> int:
    """Order another attempt of every second refund that waits for finance. Returns of how many."""
    return await _order(world, sorted(one["refund_id"] for one in await _stuck(world))[::2], f"{run_key}/end")


async def _stuck(world: World) -> list[dict[str, str]]:
    return [one for state in _STATES async for one in world.finance.pages("/v1/refunds", state=state, limit=_PAGE)]


async def _order(world: World, refunds: Collection[str], key: str) -> int:
    ordered = 0
    for refund_id in refunds:
        try:
            await world.finance.post(f"/v1/refunds/{refund_id}/attempts", key=f"{key}/{refund_id}")
        except Refused:
            continue  # nothing of it can be paid, or it goes on already
        ordered += 1
    return ordered
