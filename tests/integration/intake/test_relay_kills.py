"""The relay as a process of its own, killed while events wait: what was committed reaches Kafka, in order, whatever was sent and not yet marked."""

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local.process import ManagedProcess, ProcessSpec
from services.intake.settings import IntakeSettings
from services.kit.postgres import Pool, transaction
from services.kit.relay import BATCH_ROWS
from tests.integration.intake.environment import environment_of
from tests.integration.kit.support import TOPIC, a_case_key, an_event, commit
from tests.support.waiting import eventually

pytestmark = pytest.mark.engines

KEYS = 7
ROUNDS = 3 * BATCH_ROWS // KEYS
BLOCKED = """
SELECT pid FROM pg_stat_activity
WHERE application_name = 'aftersales intake relay' AND wait_event_type = 'Lock' AND datname = current_database()
"""
CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1"


@pytest.fixture
async def relay(settings: IntakeSettings, kafka_topics: str, tmp_path: Path) -> AsyncIterator[ManagedProcess]:
    """``aftersales run intake --only relay``, not started yet."""
    argv = [sys.executable, "-m", "services.cli", "run", "intake", "--only", "relay"]
    process = ManagedProcess(
        ProcessSpec("relay", argv, tmp_path / "relay.log", {**os.environ, **environment_of(settings, tmp_path / "home", kafka_topics)})
    )
    yield process
    await process.stop()


async def rows(pool: Pool, keys: Sequence[str], *, unsent: bool = False) -> list[tuple[str, int, str]]:
    """What was committed for the keys, in the order of commit."""
    found = await pool.fetch(
        "SELECT key, sequence, event_id FROM outbox WHERE key = ANY($1) AND (sent_at IS NULL OR NOT $2) ORDER BY id", keys, unsent
    )
    return [(row["key"], row["sequence"], str(row["event_id"])) for row in found]


async def read_all(bootstrap: str, keys: Sequence[str]) -> list[tuple[str, int, str]]:
    """What is in Kafka for the keys now, in the order of arrival per key."""
    found: list[tuple[str, int, str]] = []
    wanted = {key.encode() for key in keys}
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        async with asyncio.timeout(30):
            while any([await consumer.position(partition) < end for partition, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        if record.key in wanted:
                            headers = {name: value.decode() for name, value in record.headers}
                            found.append((record.key.decode(), int(headers["ce_sequence"]), headers["ce_id"]))
    finally:
        await consumer.stop()
    return found


async def blocked_backend(pool: Pool, relay: ManagedProcess) -> int | None:
    assert relay.pid is not None, relay.failure("ended while it was to send")
    pid: int | None = await pool.fetchval(BLOCKED)
    return pid


def by_key(events: Sequence[tuple[str, int, str]]) -> dict[str, list[tuple[int, str]]]:
    sorted_out: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for key, sequence, event_id in events:
        sorted_out[key].append((sequence, event_id))
    return sorted_out


async def test_a_relay_killed_between_sending_and_marking_loses_nothing_and_swaps_nothing(
    pool: Pool, relay: ManagedProcess, kafka_topics: str
) -> None:
    cases = [a_case_key() for _ in range(KEYS)]
    keys = [str(case) for case in cases]
    for _ in range(ROUNDS):
        await commit(pool, *(an_event(case) for case in cases))
    committed = await rows(pool, keys)

    # Somebody holds a row of the second batch: the relay sends that batch, Kafka has it, and marking it waits.
    async with pool.acquire() as holder:
        held = holder.transaction()
        await held.start()
        await holder.execute("SELECT FROM outbox WHERE event_id = $1 FOR UPDATE", committed[BATCH_ROWS][2])
        await relay.start()
        backend = await eventually(lambda: blocked_backend(pool, relay), "the relay to have sent the second batch")
        relay.kill()
        assert await relay.wait() == -9
        async with transaction(pool) as connection:
            await connection.execute("SELECT pg_terminate_backend($1)", backend)
        await eventually(lambda: _is_gone(pool, backend), "the dead relay's connection to end")
        await held.rollback()

    assert await rows(pool, keys, unsent=True) == committed[BATCH_ROWS:]
    for case in cases:
        await commit(pool, an_event(case))  # while there is no relay

    await relay.start()
    await eventually(lambda: _all_sent(pool, keys, relay), "the new relay to send what waits")

    committed = await rows(pool, keys)
    arrived = await read_all(kafka_topics, keys)
    assert len(arrived) >= len(committed) + BATCH_ROWS, "the second batch was in Kafka before the kill, and was sent again"
    assert by_key(list(dict.fromkeys(arrived))) == by_key(committed), (
        "of each key every event, in order; a consumer knows a repeated one by its id"
    )


async def _is_gone(pool: Pool, backend: int) -> bool:
    return not await pool.fetchval(CONNECTED, backend)


async def _all_sent(pool: Pool, keys: Sequence[str], relay: ManagedProcess) -> bool:
    assert relay.pid is not None, relay.failure("ended before it had sent all")
    return not await rows(pool, keys, unsent=True)
