"""What finance does once all is healed: orders again what came back, or what the provider kept failing; every second one, so that both ways are checked."""

from deploy.local.demo.client import Refused
from deploy.local.demo.world import World

_WAITING = ("stuck", "refused")


async def order_again(world: World, run_key: str) -> int:
    """Order another attempt of every second refund that waits for finance. Returns of how many."""
    waiting = [one["refund_id"] for state in _WAITING async for one in world.finance.pages("/v1/refunds", state=state, limit=100)]
    ordered = 0
    for refund_id in sorted(waiting)[::2]:
        try:
            await world.finance.post(f"/v1/refunds/{refund_id}/attempts", key=f"{run_key}/{refund_id}/finance")
        except Refused:
            continue  # nothing of it can be paid: it stays a task
        ordered += 1
    return ordered
