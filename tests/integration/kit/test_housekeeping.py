"""Old rows go, and only those: on a real PostgreSQL."""

from datetime import timedelta

import pytest

from services.kit import deliveries
from services.kit.deliveries import NewDelivery
from services.kit.housekeeping import prune
from services.kit.postgres import Pool, transaction
from services.kit.relay import Relay
from services.kit.settings import ServiceSettings
from tests.integration.kit.support import an_event, commit, running, until

pytestmark = pytest.mark.engines


async def _make_old(pool: Pool) -> None:
    """Three events and three deliveries: done and old, done just now, and old but not done. And an old and a new key and sequence."""
    await commit(pool, an_event(), an_event(), an_event())
    async with transaction(pool) as connection:
        for event in (an_event(), an_event(), an_event()):
            await deliveries.add(connection, NewDelivery(event_id=event.event_id, key="k", kind="test", payload={}))
    for table, done_at in (("outbox", "sent_at"), ("delivery", "delivered_at")):
        await pool.execute(
            f"""
            UPDATE {table} SET created_at = now() - interval '8 days', {done_at} = CASE nth WHEN 1 THEN now() - interval '8 days' WHEN 2 THEN now() END
            FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM {table}) AS aged WHERE aged.id = {table}.id
            """  # noqa: S608 - constants of this test
        )
    insert = "INSERT INTO idempotency_key (merchant_id, caller, route, key, request_hash, created_at) VALUES ('m', 'c', 'r', $1, '', now() - $2::interval)"
    await pool.execute(insert, "old", timedelta(hours=25))
    await pool.execute(insert, "new", timedelta(hours=23))
    insert = "INSERT INTO inbox_sequence (topic, key, last_sequence, advanced_on) VALUES ('t', $1, 1, CURRENT_DATE - $2::integer)"
    await pool.execute(insert, "old", 370)
    await pool.execute(insert, "new", 360)


async def test_only_what_is_old_and_done_is_deleted(pool: Pool) -> None:
    await _make_old(pool)
    async with pool.acquire() as connection:
        assert await prune(connection) == {"outbox": 1, "delivery": 1, "quarantine": 0, "idempotency_key": 1, "inbox_sequence": 1}
        assert set((await prune(connection)).values()) == {0}


async def test_the_leading_relay_does_it(pool: Pool, settings: ServiceSettings) -> None:
    await _make_old(pool)

    async def old_one_is_gone() -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM outbox") == 2)

    async with running(Relay(pool, settings, service="kit")):
        await until(old_one_is_gone)
