"""The topics of ``contracts.topics``, created where they are missing."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from contracts.topics import TOPICS
from deploy.local.errors import LocalError
from services.kit import broker

MOST_REPLICAS = 3


async def create_topics(bootstrap_servers: str) -> list[str]:
    """Create the topics that do not exist and return their names; existing ones stay as they are.

    Each has as many replicas as there are brokers, at most :data:`MOST_REPLICAS`.

    Raises:
        LocalError: the cluster refuses; says why.
    """
    try:
        return await broker.create_topics(bootstrap_servers, TOPICS, min(MOST_REPLICAS, await _count_brokers(bootstrap_servers)))
    except KafkaError as problem:
        raise LocalError(
            f"Kafka at {bootstrap_servers} refuses to create the topics: {problem}. Create them there by hand; `aftersales topics` lists them."
        ) from problem


async def _count_brokers(bootstrap_servers: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        return len((await admin.describe_cluster())["brokers"])
    finally:
        await admin.close()
