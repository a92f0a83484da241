"""Waiting until nothing is on its way any more: in outboxes, deliveries, mails and jobs, at the provider, and between Kafka and its consumers."""

import asyncio
import time
from collections.abc import Mapping

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from contracts.topics import TOPICS
from deploy.local.chaos.arena import ASYNCPG_ERRORS, Arena
from deploy.local.demo.client import Unreachable
from deploy.local.provision.postgres import SERVICES

_LOOK_EVERY_SECONDS = 1.0
_LOOKS = 3
"""So many looks in a row must find nothing: between two tables a thing is in neither for a moment."""

_QUESTIONS: Mapping[str, str] = {
    **{f"events in the outbox of {service}": f"SELECT count(*) FROM {service}.outbox WHERE sent_at IS NULL" for service in SERVICES},  # noqa: S608 - four known names
    **{f"deliveries of {service}": f"SELECT count(*) FROM {service}.delivery WHERE delivered_at IS NULL" for service in SERVICES},  # noqa: S608 - same
    "refunds under way": "SELECT count(*) FROM workflow.refunds WHERE state = 'requested'",
    "submissions without an outcome": "SELECT count(*) FROM workflow.refund_submissions WHERE state IN ('created', 'unknown', 'submitted')",
    "mails": "SELECT count(*) FROM notifications.messages WHERE state = 'pending'",
    "jobs of logistics": "SELECT count(*) FROM logistics.jobs WHERE state = 'pending' AND due_at <= now()",
}


async def come_to_rest(arena: Arena, patience_seconds: float) -> list[str]:
    """Wait until nothing is on its way; what still is when patience ends, in words."""
    until = time.monotonic() + patience_seconds
    quiet = 0
    while True:
        left = await _on_its_way(arena)
        quiet = 0 if left else quiet + 1
        if quiet >= _LOOKS:
            return []
        if time.monotonic() > until:
            return left
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _on_its_way(arena: Arena) -> list[str]:
    try:
        return [*await _in_database(arena.admin_dsn), *await _in_kafka(arena), *await _at_provider(arena)]
    except (OSError, TimeoutError, *ASYNCPG_ERRORS, KafkaError, Unreachable) as problem:
        return [f"nobody knows: {type(problem).__name__} {problem}"]


async def _in_database(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        counts = {what: await connection.fetchval(question) for what, question in _QUESTIONS.items()}
    finally:
        await connection.close()
    return [f"{count} {what}" for what, count in counts.items() if count]


async def _at_provider(arena: Arena) -> list[str]:
    totals = await arena.provider.get("/v1/totals")
    pending = totals["refunds_pending"]["count"]
    webhooks = (await arena.third_party("payments", "GET", "/admin/webhooks?state=pending&limit=1"))["data"]
    scans = (await arena.third_party("carrier", "GET", "/admin/webhooks?state=pending&limit=1"))["data"]
    left = {
        "refunds at the provider": pending,
        "or more webhooks of the provider": len(webhooks),
        "or more webhooks of the carrier": len(scans),
    }
    return [f"{count} {what}" for what, count in left.items() if count]


async def _in_kafka(arena: Arena) -> list[str]:
    """How far each consumer group of a service is behind. Groups that read nothing of a topic do not count."""
    bootstrap = str(arena.stack.state["kafka_bootstrap_servers"])
    names = [spec.topic.value for spec in TOPICS]
    consumer = AIOKafkaConsumer(*names, bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(consumer.assignment())
    finally:
        await consumer.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    behind: list[str] = []
    try:
        for service in SERVICES:
            for name in names:
                read = await admin.list_consumer_group_offsets(f"aftersales.{service}.{name}")
                lag = sum(max(ends.get(place, 0) - meta.offset, 0) for place, meta in read.items() if meta.offset >= 0)
                if lag:
                    behind.append(f"{lag} records of {name} for {service}")
    finally:
        await admin.close()
    return behind
