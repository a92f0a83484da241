"""What becomes of cases, as a storefront learns it: from the platform's events."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import ConsumerRecord

from contracts.events import CaseEvent
from contracts.topics import Topic
from deploy.local.bench.topic_tail import header, topic_tail

_PATIENCE_SECONDS = 120.0


class CaseNews:
    """Who waits for an event of a case is told once it is there, be it before or after they asked."""

    def __init__(self) -> None:
        self._heard: dict[str, dict[str, asyncio.Event]] = defaultdict(lambda: defaultdict(asyncio.Event))

    async def heard(self, case_id: str, event: type[CaseEvent]) -> None:
        """Wait for an event of a case. Raises ``TimeoutError``."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self._heard[case_id][event.event_type].wait()

    def forget(self, case_id: str) -> None:
        """Keep nothing more of a case in mind."""
        self._heard.pop(case_id, None)

    def hear(self, record: "ConsumerRecord[bytes, bytes]") -> None:
        """Take a record in."""
        self._heard[(record.key or b"").decode()][header(record, "ce_type")].set()


@asynccontextmanager
async def case_news(bootstrap_servers: str) -> AsyncIterator[CaseNews]:
    """Listen to what the workflow service and logistics say of cases."""
    news = CaseNews()
    async with topic_tail(bootstrap_servers, (Topic.RESOLUTION, Topic.SHIPMENT), news.hear):
        yield news
