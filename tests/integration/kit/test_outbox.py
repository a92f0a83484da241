"""The outbox on a real PostgreSQL: gapless sequences per key, whoever commits when."""

import asyncio
import random
from contextlib import suppress

import pytest

from contracts.identifiers import CaseId
from services.kit import outbox
from services.kit.outbox import MAX_VALUE_BYTES
from services.kit.postgres import Pool, autocommit, transaction
from tests.integration.kit.support import a_case_key, an_event, commit

pytestmark = pytest.mark.engines


async def _sequences(pool: Pool, case_id: CaseId) -> list[int]:
    return [row["sequence"] for row in await pool.fetch("SELECT sequence FROM outbox WHERE key = $1 ORDER BY id", str(case_id))]


async def test_sequences_are_gapless_in_id_order_under_concurrency_and_rollbacks(pool: Pool) -> None:
    keys = [a_case_key() for _ in range(4)]
    chance = random.Random(7)

    class DecidedAgainstItError(Exception):
        pass

    async def one_transaction(several: list[CaseId], *, fails: bool) -> int:
        written = 0
        with suppress(DecidedAgainstItError):
            async with transaction(pool) as connection:
                added = await outbox.append(connection, [an_event(key) for key in several])
                if fails:
                    raise DecidedAgainstItError
            written = added
        return written

    plans = [(chance.choices(keys, k=chance.randint(1, 5)), chance.random() < 0.3) for _ in range(120)]
    written = await asyncio.gather(*(one_transaction(several, fails=fails) for several, fails in plans))

    total = 0
    for key in keys:
        sequences = await _sequences(pool, key)
        assert sequences == list(range(1, len(sequences) + 1))
        total += len(sequences)
    assert total == sum(written) > 0


async def test_a_repeated_operation_adds_no_row_and_no_gap(pool: Pool) -> None:
    key = a_case_key()
    first, second = an_event(key), an_event(key)
    assert await commit(pool, first) == 1
    assert await commit(pool, first, second) == 1
    assert await commit(pool, second, first) == 0
    assert await commit(pool, an_event(key)) == 1
    assert await _sequences(pool, key) == [1, 2, 3]


async def test_the_same_operation_at_the_same_time_is_written_once(pool: Pool) -> None:
    key = a_case_key()
    event = an_event(key)
    written = await asyncio.gather(*(commit(pool, event) for _ in range(8)))
    assert sorted(written) == [0] * 7 + [1]
    assert await _sequences(pool, key) == [1]


async def test_events_of_several_keys_keep_their_order(pool: Pool) -> None:
    one, two = a_case_key(), a_case_key()
    events = [an_event(two), an_event(one), an_event(two), an_event(one)]
    await commit(pool, *events)
    rows = await pool.fetch("SELECT event_id, sequence FROM outbox ORDER BY id")
    assert [row["event_id"] for row in rows] == [event.event_id for event in events]
    assert [row["sequence"] for row in rows] == [1, 1, 2, 2]


async def test_a_tombstone_and_other_bytes_are_stored_as_given(pool: Pool) -> None:
    await commit(pool, an_event(payload=None), an_event(payload=b"sealed"))
    assert [row["value"] for row in await pool.fetch("SELECT value FROM outbox ORDER BY id")] == [None, b"sealed"]


async def test_an_event_that_kafka_would_refuse_is_refused_where_it_is_written(pool: Pool) -> None:
    with pytest.raises(ValueError, match="send a reference"):
        await commit(pool, an_event(payload=b"x" * (MAX_VALUE_BYTES + 1)))
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_change_that_changes_nothing_tells_of_nothing(pool: Pool) -> None:
    key, other = a_case_key(), a_case_key()
    await pool.execute("CREATE TABLE once (number integer PRIMARY KEY, done boolean NOT NULL DEFAULT false)")
    await pool.execute("INSERT INTO once VALUES (1)")
    change = "UPDATE once SET done = true WHERE number = $1 AND NOT done RETURNING number"
    async with autocommit(pool) as connection:
        assert await outbox.append_if(connection, change, [1], [an_event(key), an_event(key)])
        assert not await outbox.append_if(connection, change, [1], [an_event(key), an_event(other)])
    assert (await _sequences(pool, key), await _sequences(pool, other)) == ([1, 2], [])
