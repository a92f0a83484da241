"""The relay on real engines: in order per key, nothing lost, one leader."""

import asyncio
from collections import defaultdict
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from structlog.testing import capture_logs

from services.kit import postgres
from services.kit import relay as relay_module
from services.kit.broker import make_producer
from services.kit.clock import utc_now
from services.kit.postgres import Pool, transaction
from services.kit.relay import Relay, republish
from services.kit.settings import ServiceSettings
from tests.integration.kit.support import a_case_key, an_event, commit, read_keys, running, until

pytestmark = pytest.mark.engines


async def _all_sent(pool: Pool) -> bool:
    return not await pool.fetchval("SELECT count(*) FROM outbox WHERE sent_at IS NULL")


async def test_events_arrive_in_order_per_key(pool: Pool, settings: ServiceSettings, kafka_bootstrap: str) -> None:
    keys = [a_case_key() for _ in range(5)]
    async with running(Relay(pool, settings, service="kit")):
        await asyncio.gather(*(commit(pool, an_event(key)) for _ in range(30) for key in keys))
        await until(lambda: _all_sent(pool))
    arrived = await read_keys(kafka_bootstrap, {str(key) for key in keys}, 150)
    by_key = defaultdict(list)
    for key, sequence, _event_id in arrived:
        by_key[key].append(sequence)
    assert all(sequences == list(range(1, 31)) for sequences in by_key.values())
    assert len(by_key) == 5


async def test_a_crash_between_sending_and_marking_repeats_events_but_loses_none(
    pool: Pool, settings: ServiceSettings, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = a_case_key()
    await commit(pool, *(an_event(key) for _ in range(10)))
    real_mark = relay_module._mark_and_read
    crashes = 0

    async def crash_once_before_marking(*arguments: Any) -> Any:
        nonlocal crashes
        crashes += 1
        if crashes == 1:
            raise ConnectionResetError("the process died here")
        return await real_mark(*arguments)

    monkeypatch.setattr(relay_module, "_mark_and_read", crash_once_before_marking)
    async with running(Relay(pool, settings, service="kit")):
        await until(lambda: _all_sent(pool))
    arrived = await read_keys(kafka_bootstrap, {str(key)}, 20)
    assert [sequence for _key, sequence, _id in arrived] == [*range(1, 11), *range(1, 11)]


async def test_a_failed_producer_is_replaced_and_nothing_is_lost(
    pool: Pool, settings: ServiceSettings, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    real_make = make_producer

    def make_one_that_fails_first(bootstrap_servers: str) -> Any:
        nonlocal made
        made += 1
        producer = real_make(bootstrap_servers)
        if made == 1:

            async def refuse(*_arguments: Any, **_options: Any) -> None:
                raise KafkaError("out of order sequence")

            producer.send = refuse
        return producer

    monkeypatch.setattr(relay_module, "make_producer", make_one_that_fails_first)
    key = a_case_key()
    await commit(pool, an_event(key))
    async with running(Relay(pool, settings, service="kit")):
        await until(lambda: _all_sent(pool))
    assert made == 2
    assert [sequence for _key, sequence, _id in await read_keys(kafka_bootstrap, {str(key)}, 1)] == [1]


async def test_a_batch_is_read_once_and_marked_once(pool: Pool, settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who marks looks for more in the same statement; nobody looks again where nothing was committed."""
    asked: list[str] = []

    async def connect(dsn: str, application: str, **session: str) -> Any:
        connection = await real_connect(dsn, application, **session)
        connection.add_query_logger(lambda query: asked.append(query.query) if "FROM outbox WHERE sent_at IS NULL" in query.query else None)
        return connection

    real_connect = postgres.connect
    monkeypatch.setattr(relay_module, "connect", connect)
    monkeypatch.setattr(relay_module, "POLL_SECONDS", 60.0)
    async with running(Relay(pool, settings, service="kit")):
        await until(lambda: _leader_pid(pool))
        await until(lambda: _looked(asked))
        asked.clear()
        await commit(pool, *(an_event() for _ in range(3)))
        await until(lambda: _all_sent(pool))
        assert ["UPDATE outbox" in query for query in asked] == [False, True]


async def _looked(asked: list[str]) -> bool:
    return bool(asked)


async def _leader_pid(pool: Pool) -> int | None:
    pid: int | None = await pool.fetchval(
        """
        SELECT activity.pid FROM pg_stat_activity AS activity JOIN pg_locks AS lock USING (pid)
        WHERE lock.locktype = 'advisory' AND lock.granted AND activity.application_name = 'aftersales kit relay' AND activity.datname = current_database()
        """
    )
    return pid


async def test_another_process_leads_when_the_leader_loses_its_connection(
    pool: Pool, settings: ServiceSettings, kafka_bootstrap: str
) -> None:
    key = a_case_key()
    async with running(Relay(pool, settings, service="kit"), Relay(pool, settings, service="kit")):
        await until(lambda: _leader_pid(pool))
        first = await _leader_pid(pool)
        await commit(pool, an_event(key))
        await until(lambda: _all_sent(pool))
        await pool.fetchval("SELECT pg_terminate_backend($1)", first)
        await commit(pool, an_event(key))
        await until(lambda: _all_sent(pool))
        assert await _leader_pid(pool) not in {None, first}
    arrived = await read_keys(kafka_bootstrap, {str(key)}, 2)
    assert [sequence for _key, sequence, _id in arrived] == [1, 2]


async def test_what_is_unsent_at_stop_is_flushed(pool: Pool, settings: ServiceSettings) -> None:
    async with running(Relay(pool, settings, service="kit")):
        await until(lambda: _leader_pid(pool))
        await commit(pool, *(an_event() for _ in range(50)))
    assert await _all_sent(pool)


async def test_republished_events_keep_id_and_number(pool: Pool, settings: ServiceSettings, kafka_bootstrap: str) -> None:
    began = utc_now()
    key = a_case_key()
    async with running(Relay(pool, settings, service="kit")):
        await commit(pool, an_event(key), an_event(key))
        await until(lambda: _all_sent(pool))
        async with transaction(pool) as connection:
            assert await republish(connection, since=began, topic="aftersales.case.v1") == 2
            assert await republish(connection, since=began, topic="aftersales.refund.v1") == 0
        await until(lambda: _all_sent(pool))
    arrived = await read_keys(kafka_bootstrap, {str(key)}, 4)
    assert arrived[:2] == arrived[2:]


async def test_the_relay_is_not_ready_while_an_event_waits_for_more_than_a_minute(pool: Pool, settings: ServiceSettings) -> None:
    part = Relay(pool, settings, service="kit")
    await commit(pool, an_event())
    await part.check()
    await pool.execute("UPDATE outbox SET created_at = now() - interval '61 seconds'")
    with pytest.raises(TimeoutError, match="unsent"):
        await part.check()


async def test_the_relay_waits_for_kafka_and_can_be_stopped_while_it_does(pool: Pool, settings: ServiceSettings) -> None:
    await commit(pool, an_event())
    nowhere = settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    with capture_logs() as logs:
        async with running(Relay(pool, nowhere, service="kit")):

            async def was_interrupted_twice() -> bool:
                return len([line for line in logs if line["event"] == "relay.interrupted"]) >= 2

            await until(was_interrupted_twice)
    assert not await _all_sent(pool)
