"""Running case numbers from a counter row, taken in small blocks.

One number per transaction would hold the merchant's counter locked until commit and so open cases one after another. A process that dies
leaves a gap of less than one block; a number that was not used is given to the next case.
"""

import asyncio
import heapq

from contracts.identifiers import MerchantId
from services.kit.postgres import Pool

BLOCK = 20
_ADVANCE = """
INSERT INTO case_counters (merchant_id, year, last) VALUES ($1, $2, $3)
ON CONFLICT (merchant_id, year) DO UPDATE SET last = case_counters.last + $3
RETURNING last
"""


class PostgresCaseNumbers:
    """Implements :class:`services.intake.ports.CaseNumbers`."""

    def __init__(self, pool: Pool, block: int = BLOCK) -> None:
        self._pool = pool
        self._block = block
        self._free: dict[tuple[MerchantId, int], list[int]] = {}
        self._refill = asyncio.Lock()

    async def take(self, merchant_id: MerchantId, year: int) -> int:
        """The next number of a merchant's year."""
        free = self._free.setdefault((merchant_id, year), [])
        if not free:
            async with self._refill:
                if not free:  # somebody else may have filled it meanwhile
                    last: int = await self._pool.fetchval(_ADVANCE, merchant_id, year, self._block)
                    for number in range(last - self._block + 1, last + 1):
                        heapq.heappush(free, number)
                return heapq.heappop(free)
        return heapq.heappop(free)

    def give_back(self, merchant_id: MerchantId, year: int, number: int) -> None:
        """Return a number that was not used."""
        heapq.heappush(self._free.setdefault((merchant_id, year), []), number)
