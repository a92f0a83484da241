"""The shop of a running stack: orders that are paid at the sandbox's provider and on record, so many as are needed."""

from collections.abc import Iterator
from itertools import count

import httpx2
import orjson

from deploy.local.bench.orders import PRICE_MINOR, a_snapshot
from deploy.local.bench.place import Place
from deploy.local.bench.return_calls import ReturnCalls
from deploy.local.bench.workflow_service import PaymentDesk

_AT_ONCE = 100
_serial = count()


async def orders_on_record(place: Place, calls: ReturnCalls, wanted: int) -> Iterator[str]:
    """Orders, each good for one case, sent to intake in batches as a storefront would; their numbers."""
    run = next(_serial)
    numbers = [f"R{run}X{number}" for number in range(wanted)]
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        desk = PaymentDesk(place, http)
        await desk.settle_at_once()
        payments = await desk.capture(numbers, PRICE_MINOR)
    for first in range(0, wanted, _AT_ONCE):
        pairs = zip(numbers[first : first + _AT_ONCE], payments[first : first + _AT_ONCE], strict=True)
        answer = await calls.intake.call("POST", "/v1/orders/batch", [a_snapshot(number, payment) for number, payment in pairs])
        if answer["rejected"]:
            raise RuntimeError(f"intake refused orders: {orjson.dumps(answer['results'][0])!r}")
    return iter(numbers)
