"""Kafka: how this system produces and which topics there are."""

from collections.abc import Iterable
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from contracts.topics import TopicSpec

_NEVER_MS: Final = "-1"


def make_producer(bootstrap_servers: str) -> AIOKafkaProducer:
    """A producer that loses nothing and repeats nothing on its own: all replicas, idempotent. The caller starts and stops it."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=262_144,
        request_timeout_ms=20_000,
    )


async def create_topics(bootstrap_servers: str, specs: Iterable[TopicSpec], replication_factor: int = 1) -> list[str]:
    """Create the topics that are missing, each as its specification says. Returns their names; existing topics are left as they are."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        missing = [_new_topic(spec, replication_factor) for spec in specs]
        response = await admin.create_topics(missing)
        return [name for name, code, *_rest in response.topic_errors if _created(name, code)]
    finally:
        await admin.close()


def _created(name: str, code: int) -> bool:
    error = for_code(code)
    if code == 0:
        return True
    if error is TopicAlreadyExistsError:
        return False
    raise KafkaError(f"topic {name} could not be created: {error.__name__}")


def _new_topic(spec: TopicSpec, replication_factor: int) -> NewTopic:
    retention_ms = _NEVER_MS if spec.retention is None else str(int(spec.retention.total_seconds() * 1000))
    return NewTopic(
        name=spec.topic.value,
        num_partitions=spec.partitions,
        replication_factor=replication_factor,
        topic_configs={"cleanup.policy": "compact" if spec.compacted else "delete", "retention.ms": retention_ms},
    )
