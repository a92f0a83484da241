"""How far a consumer has come, told to Kafka once a second and not after every batch, for to Kafka each telling is a write.

What a crash leaves untold comes again, and the inbox knows it. Nothing is left untold when a consumer stops or its partitions go to another.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from services.kit.logging import get_logger
from services.kit.redaction import describe_error

log = get_logger(__name__)

COMMIT_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 3.0
"""How long one commit may take. aiokafka repeats it until Kafka is back; whoever stops does not wait for that."""


class Offsets(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka tells no types
    """Where the batches of one subscriber end that Kafka does not know of yet."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._consumer: AIOKafkaConsumer | None = None
        self._untold: dict[TopicPartition, int] = {}

    async def reach(self, consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> None:
        """What lies before ``offsets`` has its effect. Kafka hears of it with the next commit, which is this one if the consumer is about to stop."""
        self._consumer = consumer
        self._untold.update(offsets)
        if self._stopping.is_set():
            await self.commit()

    async def commit(self) -> None:
        """Tell Kafka, of the partitions that the consumer still has. What cannot be told now is told with the next commit."""
        if self._consumer is None:
            return
        kept = self._consumer.assignment()
        self._untold = {place: offset for place, offset in self._untold.items() if place in kept}
        if not self._untold:
            return
        told = dict(self._untold)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._consumer.commit(told)
        except Exception as error:  # noqa: BLE001 - whatever it was: the effect is durable, the batch may come again, and the next commit tells more
            log.warning("consumers.offsets_not_committed", error=describe_error(error))
        else:
            self._untold = {place: offset for place, offset in self._untold.items() if told.get(place) != offset}

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002 - it is always all of them
        """Commit while they are still the consumer's own: who gets them begins there. What ends later comes again, to them."""
        await self.commit()
        self._untold.clear()

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Nothing to do."""
